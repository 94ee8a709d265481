// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/postgres/codec/trait.hpp>

namespace coda::pg {

/// bit and bit varying. A std::vector<bool> by itself is an array of boolean.
struct bit_string {
    std::vector<bool> bits; ///< from left to right

    bit_string() = default;
    explicit bit_string(std::vector<bool> from) : bits(std::move(from)) {}
    /// "10110". Nothing where `text` has other characters.
    static std::optional<bit_string> parse(std::string_view text);
    /// As parse reads it.
    std::string to_string() const;
    friend bool operator==(bit_string const&, bit_string const&) = default;
};

template <>
struct codec<bit_string> {
    static constexpr oid type = type::varbit;
    static constexpr bool reads(oid sent) noexcept { return sent == type::varbit || sent == type::bit; }
    static bool decode(bytes from, oid sent, bit_string& to);
    static void encode(bit_string const& value, encoder& to);
};

} // namespace coda::pg
