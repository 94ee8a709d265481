// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/mongo/bson/types.hpp>

#include <boost/describe/enumerators.hpp>
#include <boost/describe/members.hpp>

#include <array>
#include <concepts>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace coda::bson {

class view;
class array_view;
class document;
class array_document;
class element;

/// The trait for types of one's own that are a value in a document. A specialization has:
///
///     static constexpr std::string_view name = "money";              // what errors call it
///     static bool decode(bson::element const& from, T& to);          // false: it is no T
///     static void encode(bson::builder& to, std::string_view key, T const& value);   // appends one field
template <class T>
struct codec;

} // namespace coda::bson

// What a C++ type is as a value of a document: one classification, for writing and for reading.
namespace coda::bson::detail {

// The types that are one value each: their number on the wire, -1 for other types.
template <class T>
inline constexpr int wire_type = -1;
template <>
inline constexpr int wire_type<bool> = int(type::boolean);
template <>
inline constexpr int wire_type<std::string> = int(type::string);
template <>
inline constexpr int wire_type<std::string_view> = int(type::string);
template <>
inline constexpr int wire_type<view> = int(type::document);
template <>
inline constexpr int wire_type<document> = int(type::document);
template <>
inline constexpr int wire_type<array_view> = int(type::array);
template <>
inline constexpr int wire_type<array_document> = int(type::array);
template <>
inline constexpr int wire_type<binary> = int(type::binary);
template <>
inline constexpr int wire_type<binary_view> = int(type::binary);
template <>
inline constexpr int wire_type<std::vector<std::byte>> = int(type::binary);
template <>
inline constexpr int wire_type<undefined_t> = int(type::undefined);
template <>
inline constexpr int wire_type<object_id> = int(type::object_id);
template <>
inline constexpr int wire_type<date> = int(type::date);
template <>
inline constexpr int wire_type<null_t> = int(type::null);
template <>
inline constexpr int wire_type<regex> = int(type::regex);
template <>
inline constexpr int wire_type<code> = int(type::code);
template <>
inline constexpr int wire_type<timestamp> = int(type::timestamp);
template <>
inline constexpr int wire_type<decimal128> = int(type::decimal128);
template <>
inline constexpr int wire_type<min_key_t> = int(type::min_key);
template <>
inline constexpr int wire_type<max_key_t> = int(type::max_key);

enum class kind {
    none,
    codec,
    scalar,
    text,
    bytes,
    element,
    integer,
    real,
    nullptr_,
    enumeration,
    optional,
    mapping,
    sequence,
    structure
};

// What a container holds; void for other types.
template <class T>
struct contained {
    static constexpr kind as = kind::none;
    using type = void;
};
template <class T>
struct contained<std::optional<T>> {
    static constexpr kind as = kind::optional;
    using type = T;
};
template <class T, class A>
struct contained<std::vector<T, A>> {
    static constexpr kind as = kind::sequence;
    using type = T;
};
template <class T, std::size_t N>
struct contained<std::array<T, N>> {
    static constexpr kind as = kind::sequence;
    static constexpr std::size_t fixed_size = N;
    using type = T;
};
template <class T, std::size_t N>
struct contained<std::span<T, N>> {
    static constexpr kind as = kind::sequence;
    using type = std::remove_const_t<T>;
};
template <class T, class C, class A>
struct contained<std::map<std::string, T, C, A>> {
    static constexpr kind as = kind::mapping;
    using type = T;
};

template <class T, class... U>
concept one_of = (std::same_as<T, U> || ...);

template <class T>
concept text = std::convertible_to<T const&, std::string_view> && !std::same_as<T, std::nullptr_t>;

template <class T>
consteval kind kind_of() {
    if constexpr (requires { codec<T>::name; })
        return kind::codec;
    else if constexpr (wire_type<T> >= 0)
        return kind::scalar;
    else if constexpr (std::same_as<T, bson::element>)
        return kind::element;
    else if constexpr (std::same_as<T, std::nullptr_t>)
        return kind::nullptr_;
    else if constexpr (text<T>)
        return kind::text;
    else if constexpr (one_of<T, char, wchar_t, char8_t, char16_t, char32_t, long double>)
        return kind::none;
    else if constexpr (std::integral<T>)
        return kind::integer;
    else if constexpr (std::floating_point<T>)
        return kind::real;
    else if constexpr (std::is_enum_v<T>)
        return kind::enumeration;
    else if constexpr (one_of<T, std::span<std::byte const>, std::span<std::byte>>)
        return kind::bytes;
    else if constexpr (contained<T>::as != kind::none)
        return contained<T>::as;
    else if constexpr (boost::describe::has_describe_members<T>::value)
        return kind::structure;
    else
        return kind::none;
}

// The same question for what is inside.
template <class T>
consteval bool is_writable() {
    if constexpr (!std::is_void_v<typename contained<T>::type> && kind_of<T>() == contained<T>::as)
        return is_writable<typename contained<T>::type>();
    else
        return kind_of<T>() != kind::none;
}

template <class T>
consteval bool is_readable() {
    constexpr auto k = kind_of<T>();
    if constexpr (k == kind::text || k == kind::bytes || k == kind::element || k == kind::nullptr_)
        return false;
    else if constexpr (requires { T::extent; })
        return false; // a span owns nothing to read into
    else if constexpr (!std::is_void_v<typename contained<T>::type> && k == contained<T>::as)
        return is_readable<typename contained<T>::type>();
    else
        return k != kind::none;
}

template <class T>
using described_members =
    boost::describe::describe_members<T, boost::describe::mod_public | boost::describe::mod_inherited>;

} // namespace coda::bson::detail

namespace coda::bson {

/// Whether a `T` can be put into a document.
template <class T>
concept writable = detail::is_writable<T>();

/// Whether a value can be read as a `T`.
template <class T>
concept readable = detail::is_readable<T>();

} // namespace coda::bson
