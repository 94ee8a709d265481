// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/mongo/bson/detail/kinds.hpp>
#include <coda/mongo/bson/document.hpp>
#include <coda/mongo/bson/error.hpp>

#include <boost/mp11/algorithm.hpp>

#include <concepts>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

/// Making documents.
///
///     auto d = bson::doc("name", "Ada", "tags", bson::array("a", 1, true), "address", bson::doc("city", "London"));
namespace coda::bson {

class array_builder;
class builder;

namespace detail {

// Closes the document or array inside another that the builder is in.
class nesting {
public:
    nesting(builder& to, bson::type t, std::string_view key);
    ~nesting();
    nesting(nesting const&) = delete;
    nesting& operator=(nesting const&) = delete;

private:
    builder& to_;
    std::string_view key_;
    std::size_t start_ = 0;
    bool open_;
};

} // namespace detail

/// Appends fields one by one, for loops and for what depends on something:
///
///     bson::builder b;
///     b.append("name", name);
///     if (age) b.append("age", *age);
///     b.document("address", [&](bson::builder& inside) { inside.append("city", city); });
///     coda::bson::document d = b.finish().value();
///
/// The first error is kept, what is appended after it is dropped, and `finish` returns it. Appending throws nothing but
/// std::bad_alloc.
class builder {
public:
    /// `reserve`: bytes to allocate with the first field; more are taken as needed.
    explicit builder(std::size_t reserve = 256) noexcept : reserve_(reserve) {}
    /// Leaves `other` empty. Not while a body of `document` or `array` runs.
    builder(builder&& other) noexcept;
    builder& operator=(builder&& other) noexcept;

    /// Appends a field. `T` is what view::try_get reads, and also a text (char const*; nullptr is null), an `element`
    /// (its value), std::nullptr_t, spans. Integers become int32 up to 32 bits with a sign and 16 without, else int64;
    /// an empty std::optional becomes null, except as a member of a struct, where it is left out. Errors:
    /// errc::invalid_utf8, invalid_key (a zero byte in the key), too_large, too_deep; coda::errc::invalid_argument (an
    /// unsigned number above int64, an enum value without a name).
    template <class T>
    builder& append(std::string_view key, T const& value);

    /// Appends all fields of a document.
    builder& append_all(bson::view from);

    /// Appends the members of a struct described to Boost.Describe, or the pairs of a std::map from std::string.
    template <class T>
    builder& append_members(T const& value);

    /// Appends a document that `body(builder&)` fills, in place.
    template <std::invocable<builder&> F>
    builder& document(std::string_view key, F&& body) {
        detail::nesting const inside(*this, type::document, key);
        std::forward<F>(body)(*this);
        return *this;
    }
    /// Appends an array that `body(array_builder&)` fills, in place.
    template <std::invocable<array_builder&> F>
    builder& array(std::string_view key, F&& body);

    /// The document, or the first error with the path of its field. Leaves the builder empty and without error. Not to
    /// be called inside the body of `document` or `array`.
    result<bson::document> finish();

    /// Bytes so far.
    std::size_t size() const noexcept { return size_; }
    /// Whether nothing has failed so far.
    bool good() const noexcept { return !failure_; }

private:
    friend class detail::nesting;
    struct failure {
        failure(error_code c, std::string_view p, std::string_view t) : code(c), path(p), text(t) {}
        error_code code;
        std::string path;
        std::string text;
    };

    void fail(error_code code, std::string_view key, std::string_view text);
    // Makes room for `more` bytes and the zero bytes that end all open documents.
    bool grow(std::string_view key, std::size_t more);
    // Writes a field's type and key; returns where its value of `size` bytes goes, nullptr after a failure.
    std::byte* field(bson::type t, std::string_view key, std::size_t size);
    std::byte* put_text(bson::type t, std::string_view key, std::string_view text);

    void put(std::string_view key, bool value);
    void put(std::string_view key, std::int32_t value);
    void put(std::string_view key, std::int64_t value);
    void put(std::string_view key, std::uint64_t value);
    void put(std::string_view key, double value);
    void put(std::string_view key, std::string_view value);
    void put(std::string_view key, bson::view value);
    void put(std::string_view key, array_view value);
    void put(std::string_view key, binary_view value);
    void put(std::string_view key, object_id const& value);
    void put(std::string_view key, date value);
    void put(std::string_view key, regex const& value);
    void put(std::string_view key, code const& value);
    void put(std::string_view key, timestamp value);
    void put(std::string_view key, decimal128 value);
    void put(std::string_view key, element const& value);
    void put(std::string_view key, null_t);
    void put(std::string_view key, undefined_t);
    void put(std::string_view key, min_key_t);
    void put(std::string_view key, max_key_t);
    void put(std::string_view key, std::string const& value) { put(key, std::string_view(value)); }
    void put(std::string_view key, bson::document const& value) { put(key, value.view()); }
    void put(std::string_view key, array_document const& value) { put(key, value.view()); }
    void put(std::string_view key, binary const& value) { put(key, binary_view{value.data, value.subtype}); }
    void put(std::string_view key, std::vector<std::byte> const& value) { put(key, binary_view{value, 0}); }

    template <class T>
    void put_integer(std::string_view key, T value);
    template <class T>
    void put_enum(std::string_view key, T value);
    template <class T>
    void put_container(std::string_view key, T const& value);

    detail::block bytes_;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
    std::size_t reserve_;
    std::size_t depth_ = 0; // of open documents in this one
    std::unique_ptr<failure> failure_;
};

/// Appends the elements of an array inside a builder; see builder::array.
class array_builder {
public:
    explicit array_builder(builder& to) noexcept : to_(to) {}

    /// As builder::append.
    template <class T>
    array_builder& append(T const& value) {
        char key[20];
        to_.append(next_key(key), value);
        return *this;
    }
    template <std::invocable<builder&> F>
    array_builder& document(F&& body) {
        char key[20];
        to_.document(next_key(key), std::forward<F>(body));
        return *this;
    }
    template <std::invocable<array_builder&> F>
    array_builder& array(F&& body) {
        char key[20];
        to_.array(next_key(key), std::forward<F>(body));
        return *this;
    }

private:
    std::string_view next_key(std::span<char, 20> to) noexcept;

    builder& to_;
    std::size_t next_ = 0;
};

/// A document of keys and values in turn: `doc("name", name, "age", 36)`. Takes what builder::append takes, and throws
/// coda::exception with its errors; does not compile for an odd number of arguments or a key that is no string. One
/// allocation while the document is small.
template <class... KeysAndValues>
document doc(KeysAndValues const&... keys_and_values);

/// An array of values: `array("a", 1, true)`. Takes what builder::append takes and throws coda::exception with its
/// errors.
template <class... Values>
array_document array(Values const&... values);

} // namespace coda::bson

#include <coda/mongo/bson/detail/write.hpp>
