// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/mongo/bson/builder.hpp>

// How a C++ type becomes a value.
namespace coda::bson {

template <std::invocable<array_builder&> F>
builder& builder::array(std::string_view key, F&& body) {
    detail::nesting const inside(*this, type::array, key);
    array_builder elements(*this);
    std::forward<F>(body)(elements);
    return *this;
}

template <class T>
builder& builder::append(std::string_view key, T const& value) {
    using detail::kind;
    constexpr auto k = detail::kind_of<T>();
    static_assert(
        writable<T>,
        "this type is no value of a document: use bool, an integer, float, double, text, a type of "
        "coda/mongo/bson/types.hpp, view or document, an enum, std::optional, std::vector, std::array, std::span "
        "or std::map<std::string, T> of these, a struct described to Boost.Describe, or specialize "
        "coda::bson::codec for it; for a time point use bson::date");
    if constexpr (k == kind::codec)
        codec<T>::encode(*this, key, value);
    else if constexpr (k == kind::scalar || k == kind::element)
        put(key, value);
    else if constexpr (k == kind::integer)
        put_integer(key, value);
    else if constexpr (k == kind::real)
        put(key, static_cast<double>(value));
    else if constexpr (k == kind::nullptr_)
        put(key, null);
    else if constexpr (k == kind::bytes)
        put(key, binary_view{value, 0});
    else if constexpr (k == kind::enumeration)
        put_enum(key, value);
    else if constexpr (k == kind::optional)
        value ? void(append(key, *value)) : put(key, null);
    else if constexpr (k == kind::text) {
        if constexpr (std::is_pointer_v<T>)
            if (value == nullptr) return put(key, null), *this;
        put(key, std::string_view(value));
    } else if constexpr (k != kind::none)
        put_container(key, value);
    return *this;
}

template <class T>
void builder::put_integer(std::string_view key, T value) {
    if constexpr (sizeof(T) < 4 || std::is_same_v<T, std::int32_t>)
        put(key, std::int32_t{value});
    else if constexpr (std::is_signed_v<T> || sizeof(T) == 4)
        put(key, std::int64_t{value});
    else
        put(key, std::uint64_t{value});
}

template <class T>
void builder::put_enum(std::string_view key, T value) {
    if constexpr (boost::describe::has_describe_enumerators<T>::value) {
        char const* name = nullptr;
        boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>([&](auto described) {
            if (name == nullptr && described.value == value) name = described.name;
        });
        if (name != nullptr)
            put(key, std::string_view(name));
        else
            fail(make_error_code(coda::errc::invalid_argument), key, "is an enum value without a name");
    } else {
        append(key, static_cast<std::underlying_type_t<T>>(value));
    }
}

template <class T>
void builder::put_container(std::string_view key, T const& value) {
    if constexpr (detail::kind_of<T>() == detail::kind::sequence) {
        array(key, [&](array_builder& elements) {
            for (auto const& element : value)
                elements.append(static_cast<typename detail::contained<T>::type const&>(element));
        });
    } else {
        document(key, [&](builder& inside) { inside.append_members(value); });
    }
}

template <class T>
builder& builder::append_members(T const& value) {
    if constexpr (detail::kind_of<T>() == detail::kind::mapping) {
        for (auto const& [key, mapped] : value) append(key, mapped);
    } else {
        static_assert(detail::kind_of<T>() == detail::kind::structure,
                      "append_members takes a struct described to Boost.Describe (BOOST_DESCRIBE_STRUCT) or a "
                      "std::map<std::string, T>");
        boost::mp11::mp_for_each<detail::described_members<T>>([&](auto described) {
            auto const& member = value.*described.pointer;
            if constexpr (detail::kind_of<std::remove_cvref_t<decltype(member)>>() == detail::kind::optional)
                if (!member) return;
            append(described.name, member);
        });
    }
    return *this;
}

namespace detail {

inline void append_pairs(builder&) noexcept {}

template <class Key, class Value, class... Rest>
void append_pairs(builder& to, Key const& key, Value const& value, Rest const&... rest) {
    static_assert(text<Key>, "a key in bson::doc(key, value, key, value ...) is no string");
    if constexpr (text<Key>) to.append(key, value);
    append_pairs(to, rest...);
}

} // namespace detail

template <class... KeysAndValues>
document doc(KeysAndValues const&... keys_and_values) {
    constexpr bool paired = sizeof...(KeysAndValues) % 2 == 0;
    static_assert(paired, "bson::doc takes keys and values in turn: the last key has no value");
    builder b;
    if constexpr (paired) detail::append_pairs(b, keys_and_values...);
    return b.finish().value();
}

template <class... Values>
array_document array(Values const&... values) {
    builder b;
    array_builder elements(b);
    (elements.append(values), ...);
    return array_document(b.finish().value());
}

} // namespace coda::bson
