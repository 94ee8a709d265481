// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/postgres/decoder.hpp>
#include <coda/postgres/encoder.hpp>

#include <vector>

/// What makes a type a parameter and a column.
namespace coda::pg {

/// The one trait that a type needs. A specialization has:
///
///     static constexpr oid type;                       // what it is sent as, and called in errors; type::any where
///                                                      // only the server knows: enums, composites, extensions
///     static bool decode(bytes from, oid sent, T& to); // false: `sent`, or these bytes, are not readable as T
///     static void encode(T const& value, encoder& to);
///
/// and may have:
///
///     static constexpr bool reads(oid sent);           // asked once per column, also of a result without rows
///     static constexpr bool binary = true;             // false: encode writes the text form, no zero byte in it
///     static constexpr oid nested = type;              // what it is called inside of an array or composite
///     static constexpr bool is_view = false;           // true: decode's value points into the result
///     static std::string name();                       // what it is called in errors, instead of `type`
///
/// decode gets whatever the server, or whoever stands between, has sent: it checks lengths, and allocates no more than
/// they allow for. Both may throw std::bad_alloc and nothing else. Both run on the loop's thread, outside of their
/// caller's coroutine: they, and the constructors of T, look at nothing but what they are given.
template <class T>
struct codec {
    static_assert(
        sizeof(T) == 0,
        "this type is neither a PostgreSQL parameter nor a column: use bool, char, std::int16_t, std::int32_t, "
        "std::int64_t, float, double, std::string, a type of coda/postgres/codec, std::optional, std::vector, "
        "std::tuple, an enum with BOOST_DESCRIBE_ENUM or a struct with BOOST_DESCRIBE_STRUCT of these, or specialize "
        "coda::pg::codec for it");
};

namespace detail {

template <class T>
struct unwrap_optional {
    using type = T;
    static constexpr bool nullable = false;
};
template <class T>
struct unwrap_optional<std::optional<T>> {
    using type = T;
    static constexpr bool nullable = true;
};

// Whether such values are readable as T. Of a codec that has no `reads` only decode knows.
template <class T>
constexpr bool reads(oid sent) {
    if constexpr (requires { codec<T>::reads(sent); })
        return codec<T>::reads(sent);
    else
        return true;
}

template <class T>
constexpr bool is_binary() {
    if constexpr (requires { codec<T>::binary; })
        return codec<T>::binary;
    else
        return true;
}

// What T is called in errors.
template <class T>
std::string name_of() {
    if constexpr (requires { codec<T>::name(); })
        return codec<T>::name();
    else
        return type_name(codec<T>::type);
}

// What a T is said to be inside of another value. The server wants it to be right where its own type is built in, and
// takes that for right where it is told of one that is not.
template <class T>
inline constexpr oid nested_type = [] {
    if constexpr (requires { codec<T>::nested; })
        return codec<T>::nested;
    else
        return codec<T>::type != type::any ? codec<T>::type : type::first_user_defined;
}();
template <class T>
inline constexpr oid nested_type<std::optional<T>> = nested_type<T>;

// Whether a T points into the result that it was read from. Specialized for what is made of other types.
template <class T>
inline constexpr bool holds_views = [] {
    if constexpr (requires { codec<T>::is_view; })
        return bool(codec<T>::is_view);
    else
        return false;
}();
template <class T>
inline constexpr bool holds_views<std::optional<T>> = holds_views<T>;

} // namespace detail

} // namespace coda::pg
