// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/postgres/codec/trait.hpp>

namespace coda::pg {

/// A value in T's binary form, under whatever type the server has there: an attribute of a domain, a label of an enum
/// read as text, a field of a composite that is a varchar. Nothing but its length tells whether the two go together.
///
///     auto moods = co_await db.query<coda::pg::unchecked<std::string>>("select mood from people");
template <class T>
struct unchecked {
    T value{};

    unchecked() = default;
    unchecked(T from) : value(std::move(from)) {}
    friend bool operator==(unchecked const&, unchecked const&) = default;
};

template <class T>
struct codec<unchecked<T>> {
    static constexpr oid type = type::any;
    static std::string name() { return "any type like " + detail::name_of<T>(); }
    static constexpr bool reads(oid sent) { return detail::is_user_defined(sent) || detail::reads<T>(sent); }
    static bool decode(bytes from, oid sent, unchecked<T>& to) {
        return codec<T>::decode(from, detail::is_user_defined(sent) ? detail::nested_type<T> : sent, to.value);
    }
    static void encode(unchecked<T> const& value, encoder& to) { codec<T>::encode(value.value, to); }
};

namespace detail {

template <class T>
inline constexpr bool holds_views<unchecked<T>> = holds_views<T>;

} // namespace detail

} // namespace coda::pg
