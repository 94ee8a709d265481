// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/postgres/codec/trait.hpp>

#include <boost/describe/members.hpp>
#include <boost/mp11/list.hpp>

#include <tuple>

/// Composite types: structs described to Boost.Describe, and tuples. As a whole row they are read by row_reader.
namespace coda::pg::detail {

template <class T>
using members_of = boost::describe::describe_members<T, boost::describe::mod_public | boost::describe::mod_inherited>;

template <class T>
struct is_tuple : std::false_type {};
template <class... T>
struct is_tuple<std::tuple<T...>> : std::true_type {};

template <class T>
concept composite = boost::describe::has_describe_members<T>::value || is_tuple<T>::value;

template <class T>
constexpr std::size_t field_count() {
    if constexpr (is_tuple<T>::value)
        return std::tuple_size_v<T>;
    else
        return boost::mp11::mp_size<members_of<T>>::value;
}

// A member or element of `whole`, by its place.
template <std::size_t I, class Whole>
auto& field_of(Whole& whole) noexcept {
    using T = std::remove_const_t<Whole>;
    if constexpr (is_tuple<T>::value)
        return std::get<I>(whole);
    else
        return whole.*boost::mp11::mp_at_c<members_of<T>, I>::pointer;
}

template <std::size_t I, class Whole>
using field_type = std::remove_cvref_t<decltype(field_of<I>(std::declval<Whole&>()))>;

template <composite T>
inline constexpr bool holds_views<T> = []<std::size_t... I>(std::index_sequence<I...>) {
    return (false || ... || holds_views<field_type<I, T>>);
}(std::make_index_sequence<field_count<T>()>());

} // namespace coda::pg::detail

namespace coda::pg {

/// A composite value, by the order of its attributes: as many as the struct has members, of types that these read. Of
/// composite types, and of row(...). Parameters only of the former: the server knows no type for the others.
template <class T>
    requires detail::composite<T>
struct codec<T> {
    static constexpr oid type = type::any;
    static std::string name() { return "a composite of " + std::to_string(count); }
    static constexpr bool reads(oid sent) noexcept { return sent == type::record || detail::is_user_defined(sent); }

    static bool decode(bytes from, oid sent, T& to) {
        decoder parts(from);
        std::int32_t sent_count = 0;
        if (!reads(sent) || !parts.read(sent_count) || sent_count != count) return false;
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            return (... && read_field(parts, detail::field_of<I>(to)));
        }(indices()) &&
               parts.at_end();
    }
    static void encode(T const& value, encoder& to) {
        to.append_integer(count);
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            (..., write_field(detail::field_of<I>(value), to));
        }(indices());
    }

private:
    static constexpr auto count = static_cast<std::int32_t>(detail::field_count<T>());
    using indices = std::make_index_sequence<detail::field_count<T>()>;

    template <class F>
    static bool read_field(decoder& parts, F& to) {
        oid sent = 0;
        return parts.read(sent) && detail::reads<typename detail::unwrap_optional<F>::type>(sent) &&
               parts.read_value(sent, to);
    }
    template <class F>
    static void write_field(F const& value, encoder& to) {
        to.append_integer(detail::nested_type<F>);
        to.append_value(value);
    }
};

} // namespace coda::pg
