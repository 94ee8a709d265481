// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/mongo/bson/error.hpp>
#include <coda/mongo/bson/types.hpp>

#include <cstddef>
#include <iterator>
#include <optional>
#include <span>
#include <string_view>

/// Reading documents where they are, without copying them.
///
///     for (auto const& e : v) use(e.key(), e.type());
///     auto price = v.get<std::int64_t>("items.2.price");
namespace coda::bson {

class element;
class view;

namespace detail {
// The document or array that is the value of `e`.
view view_of(element const& e) noexcept;
} // namespace detail

/// One field of a document: its key and its value. A look at the document, which must outlive it.
class element {
public:
    std::string_view key() const noexcept { return key_; }
    bson::type type() const noexcept { return type_; }
    /// The value as it is on the wire.
    std::span<std::byte const> bytes() const noexcept { return value_; }

    /// The value as `T`: what view::try_get reads.
    template <class T>
    result<T> try_get() const;
    /// The same; throws coda::exception for an error.
    template <class T>
    T get() const {
        return try_get<T>().value();
    }

private:
    friend class view;
    element() noexcept = default;

    std::string_view key_;
    std::span<std::byte const> value_;
    bson::type type_ = bson::type::null;
};

/// A document that belongs to someone else and must outlive this; always a well-formed one. Cheap to copy.
class view {
public:
    class iterator;

    /// The empty document.
    view() noexcept;

    /// Checks bytes that came from elsewhere: lengths, types and terminators, at every depth. They must be one document
    /// and nothing more. Not checked: that texts are UTF-8 (servers keep what a client once sent), that keys are
    /// unique. Errors: errc::corrupt, errc::too_deep.
    static result<view> from_bytes(std::span<std::byte const> bytes);

    std::byte const* data() const noexcept { return data_; }
    /// In bytes.
    std::size_t size() const noexcept { return size_; }
    std::span<std::byte const> bytes() const noexcept { return {data_, size_}; }
    /// Whether it has no field.
    bool empty() const noexcept { return size_ <= 5; }

    /// The fields in their order.
    iterator begin() const noexcept;
    std::default_sentinel_t end() const noexcept { return {}; }

    /// The field of exactly that key. Where there are several, the first.
    std::optional<element> field(std::string_view key) const noexcept;
    /// The field at a path: keys separated by dots, in arrays the index ("items.2.price").
    std::optional<element> find(std::string_view path) const noexcept;
    bool contains(std::string_view path) const noexcept { return find(path).has_value(); }

    /// The value at a path as `T`. Numbers convert where nothing is lost (int32, int64, double). `T` is
    /// - bool, an integer, float, double, std::string, `date`, any type of types.hpp, std::vector<std::byte>;
    /// - std::string_view, `view`, `array_view`, `binary_view`: looks at this document;
    /// - `document`, `array_document`: copies;
    /// - an enum (described to Boost.Describe: by name, else by number);
    /// - std::optional (a missing field, null and undefined are no value), std::vector, std::array, std::map from
    ///   std::string, a struct described to Boost.Describe, of these;
    /// - a type with a `codec`.
    ///
    /// Errors, with `field_error` as details: errc::missing_field, coda::errc::type_mismatch.
    template <class T>
    result<T> try_get(std::string_view path) const;
    /// The same; throws coda::exception for an error.
    template <class T>
    T get(std::string_view path) const {
        return try_get<T>(path).value();
    }

    /// Whether the bytes are the same (so the order of fields counts).
    friend bool operator==(view a, view b) noexcept;

protected:
    /// Bytes that are known to be a document.
    view(std::byte const* data, std::size_t size) noexcept : data_(data), size_(size) {}

private:
    friend class document;
    friend view detail::view_of(element const&) noexcept;

    std::byte const* data_;
    std::size_t size_;
};

/// An array in a document: its elements have the keys "0", "1", ...
class array_view : public view {
public:
    /// The empty array.
    array_view() noexcept = default;
    /// The values of a document's fields, as an array. Their keys should be "0", "1", ...
    explicit array_view(view elements) noexcept : view(elements) {}
};

class view::iterator {
public:
    using value_type = element;
    using difference_type = std::ptrdiff_t;

    iterator() noexcept = default;
    element const& operator*() const noexcept { return current_; }
    element const* operator->() const noexcept { return &current_; }
    iterator& operator++() noexcept {
        load(next_);
        return *this;
    }
    iterator operator++(int) noexcept {
        auto const before = *this;
        ++*this;
        return before;
    }
    friend bool operator==(iterator const& a, iterator const& b) noexcept { return a.at_ == b.at_; }
    friend bool operator==(iterator const& a, std::default_sentinel_t) noexcept { return a.at_ == a.end_; }

private:
    friend class view;
    void load(std::byte const* at) noexcept;

    element current_;
    std::byte const* at_ = nullptr;   // where the current element starts
    std::byte const* next_ = nullptr; // where the following one does
    std::byte const* end_ = nullptr;  // the zero byte that ends the document
};

} // namespace coda::bson

// What try_get needs to know of the types.
#include <coda/mongo/bson/detail/read.hpp>
