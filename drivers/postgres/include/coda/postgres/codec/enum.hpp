// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/postgres/codec/trait.hpp>

#include <boost/describe/enum_to_string.hpp>
#include <boost/describe/enumerators.hpp>
#include <boost/mp11/algorithm.hpp>

namespace coda::pg {

/// An enum described with BOOST_DESCRIBE_ENUM, by its labels: those of PostgreSQL's enum, or a text. A label that the
/// C++ enum does not have cannot be read; a value without a name cannot be sent.
template <class E>
    requires boost::describe::has_describe_enumerators<E>::value
struct codec<E> {
    static constexpr oid type = type::any;
    static std::string name() { return "an enum"; }
    static constexpr bool reads(oid sent) noexcept { return detail::is_user_defined(sent) || detail::is_text(sent); }

    static bool decode(bytes from, oid sent, E& to) noexcept {
        if (!reads(sent)) return false;
        std::string_view const label(reinterpret_cast<char const*>(from.data()), from.size());
        bool known = false;
        boost::mp11::mp_for_each<boost::describe::describe_enumerators<E>>([&](auto described) {
            if (known || label != described.name) return;
            to = described.value;
            known = true;
        });
        return known;
    }
    static void encode(E value, encoder& to) {
        char const* const label = boost::describe::enum_to_string(value, nullptr);
        if (label == nullptr) return to.refuse("is an enum's value without a name");
        to.append(std::as_bytes(std::span(std::string_view(label))));
    }
};

} // namespace coda::pg
