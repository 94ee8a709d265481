// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/postgres/codec/trait.hpp>

#include <array>

/// Addresses of networks and network cards.
namespace coda::pg {

/// An IPv4 or IPv6 address with the length of its network's prefix: inet, which may name one host in that network, and
/// cidr, a network, whose bits behind the prefix are zero.
template <bool IsNetwork>
struct ip_address {
    bool v6 = false;
    std::uint8_t prefix = 32;              ///< at most 32, or 128
    std::array<std::uint8_t, 16> octets{}; ///< of an IPv4 address the first four; the others are zero

    /// "192.168.0.1", "10.0.0.0/8", "::1". Nothing where `text` is no such address.
    static std::optional<ip_address> parse(std::string_view text);
    /// As PostgreSQL writes it; inet without the prefix where it is the whole address.
    std::string to_string() const;
    friend bool operator==(ip_address const&, ip_address const&) = default;
};

using inet = ip_address<false>;
using cidr = ip_address<true>;

extern template struct ip_address<false>;
extern template struct ip_address<true>;

/// The address of a network card: macaddr, macaddr8.
template <std::size_t Size>
struct mac_address {
    std::array<std::uint8_t, Size> octets{};

    /// "08:00:2b:01:02:03". Nothing where `text` is not of that form.
    static std::optional<mac_address> parse(std::string_view text);
    /// As parse reads it.
    std::string to_string() const;
    friend auto operator<=>(mac_address const&, mac_address const&) = default;
};

using macaddr = mac_address<6>;
using macaddr8 = mac_address<8>;

extern template struct mac_address<6>;
extern template struct mac_address<8>;

namespace detail {
template <bool IsNetwork>
bool read_address(bytes from, ip_address<IsNetwork>& to) noexcept;
template <bool IsNetwork>
void write_address(ip_address<IsNetwork> const& value, encoder& to);
} // namespace detail

template <bool IsNetwork>
struct codec<ip_address<IsNetwork>> {
    static constexpr oid type = IsNetwork ? type::cidr : type::inet;
    static constexpr bool reads(oid sent) noexcept { return sent == type; }
    static bool decode(bytes from, oid sent, ip_address<IsNetwork>& to) noexcept {
        return reads(sent) && detail::read_address(from, to);
    }
    static void encode(ip_address<IsNetwork> const& value, encoder& to) { detail::write_address(value, to); }
};

template <std::size_t Size>
struct codec<mac_address<Size>> {
    static constexpr oid type = Size == 6 ? type::macaddr : type::macaddr8;
    static constexpr bool reads(oid sent) noexcept { return sent == type; }
    static bool decode(bytes from, oid sent, mac_address<Size>& to) noexcept {
        if (!reads(sent) || from.size() != Size) return false;
        std::memcpy(to.octets.data(), from.data(), Size);
        return true;
    }
    static void encode(mac_address<Size> const& value, encoder& to) {
        to.append(std::as_bytes(std::span(value.octets)));
    }
};

} // namespace coda::pg
