// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/mongo/bson/view.hpp>

#include <memory>

namespace coda::bson {

namespace detail {

// A block on the heap, freed as it was allocated.
struct freed {
    void (*by)(void*) = nullptr;
    void operator()(std::byte* bytes) const noexcept { by(bytes); }
};
using block = std::unique_ptr<std::byte, freed>;

block allocate(std::size_t size);

} // namespace detail

/// A document that owns its bytes. Move-only, one block on the heap (the empty one has none); views of it stay valid
/// when it is moved. Made with `doc`, a `builder`, `to_document` or `from_json`.
class document {
public:
    /// Frees the bytes of a document.
    using release = void (*)(void*);

    /// The empty document.
    document() noexcept = default;
    /// A copy of what `from` looks at.
    explicit document(bson::view from);
    document(document&& other) noexcept = default;
    document& operator=(document&& other) noexcept = default;
    ~document() = default;

    /// Takes over bytes, to be freed with `free`. Errors: those of view::from_bytes, and then they are freed.
    static result<document> adopt(std::byte* bytes, std::size_t size, release free);

    document clone() const { return document(view()); }

    /// Valid as long as this document is, and not assigned to.
    bson::view view() const noexcept;
    operator bson::view() const noexcept { return view(); }

    // What bson::view has, for short.
    std::byte const* data() const noexcept { return view().data(); }
    std::size_t size() const noexcept { return view().size(); }
    bool empty() const noexcept { return view().empty(); }
    bson::view::iterator begin() const noexcept { return view().begin(); }
    std::default_sentinel_t end() const noexcept { return {}; }
    std::optional<element> field(std::string_view key) const noexcept { return view().field(key); }
    std::optional<element> find(std::string_view path) const noexcept { return view().find(path); }
    bool contains(std::string_view path) const noexcept { return view().contains(path); }
    template <class T>
    result<T> try_get(std::string_view path) const {
        return view().template try_get<T>(path);
    }
    template <class T>
    T get(std::string_view path) const {
        return view().template get<T>(path);
    }

    friend bool operator==(document const& a, document const& b) noexcept { return a.view() == b.view(); }

private:
    friend class builder;
    explicit document(detail::block bytes) noexcept : bytes_(std::move(bytes)) {}

    detail::block bytes_; // nullptr: the empty document
};

/// An array that owns its bytes; made with `array`.
class array_document {
public:
    /// The empty array.
    array_document() noexcept = default;
    /// A copy of what `from` looks at.
    explicit array_document(array_view from) : elements_(from) {}
    /// The values of a document's fields, as an array. Their keys should be "0", "1", ...
    explicit array_document(document elements) noexcept : elements_(std::move(elements)) {}

    array_document clone() const { return array_document(view()); }

    array_view view() const noexcept { return array_view(elements_.view()); }
    operator array_view() const noexcept { return view(); }
    bson::view::iterator begin() const noexcept { return elements_.begin(); }
    std::default_sentinel_t end() const noexcept { return {}; }

    friend bool operator==(array_document const& a, array_document const& b) noexcept { return a.view() == b.view(); }

private:
    document elements_;
};

} // namespace coda::bson
