// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/postgres/codec/trait.hpp>

/// Truth, numbers and single bytes.
namespace coda::pg {

template <>
struct codec<bool> {
    static constexpr oid type = type::boolean;
    static constexpr bool reads(oid sent) noexcept { return sent == type::boolean; }
    static bool decode(bytes from, oid sent, bool& to) noexcept {
        if (!reads(sent) || from.size() != 1) return false;
        to = from[0] != std::byte{0};
        return true;
    }
    static void encode(bool value, encoder& to) { to.append_integer(static_cast<std::uint8_t>(value)); }
};

/// "char", the one byte of the system catalogues; not char(1), which is a text.
template <>
struct codec<char> {
    static constexpr oid type = type::char_;
    static constexpr bool reads(oid sent) noexcept { return sent == type::char_; }
    static bool decode(bytes from, oid sent, char& to) noexcept {
        if (!reads(sent) || from.size() != 1) return false;
        to = static_cast<char>(from[0]);
        return true;
    }
    static void encode(char value, encoder& to) { to.append_integer(value); }
};

/// Integers: read from columns of their own width or narrower.
template <class T>
    requires(std::is_same_v<T, std::int16_t> || std::is_same_v<T, std::int32_t> || std::is_same_v<T, std::int64_t> ||
             std::is_same_v<T, long long>)
struct codec<T> {
    static constexpr oid type = sizeof(T) == 2 ? type::int2 : sizeof(T) == 4 ? type::int4 : type::int8;
    static constexpr bool reads(oid sent) noexcept {
        return sent == type || (sent == type::int4 && sizeof(T) == 8) || sent == type::int2;
    }
    static bool decode(bytes from, oid sent, T& to) noexcept {
        if (sent == type && from.size() == sizeof(T)) { // mostly
            to = static_cast<T>(detail::load_big_endian<std::make_unsigned_t<T>>(from));
            return true;
        }
        if (!reads(sent)) return false;
        if (sent == type::int4 && from.size() == 4) {
            to = static_cast<T>(static_cast<std::int32_t>(detail::load_big_endian<std::uint32_t>(from)));
            return true;
        }
        if (sent == type::int2 && from.size() == 2) {
            to = static_cast<std::int16_t>(detail::load_big_endian<std::uint16_t>(from));
            return true;
        }
        return false;
    }
    static void encode(T value, encoder& to) { to.append_integer(value); }
};

/// oid, and what else is a number of that kind: regclass, regproc, regtype, xid, cid.
template <>
struct codec<std::uint32_t> {
    static constexpr oid type = type::oid_;
    static constexpr bool reads(oid sent) noexcept {
        return sent == type::oid_ || sent == 24 || sent == 28 || sent == 29 || sent == 2205 || sent == 2206;
    }
    static bool decode(bytes from, oid sent, std::uint32_t& to) noexcept {
        if (!reads(sent) || from.size() != 4) return false;
        to = detail::load_big_endian<std::uint32_t>(from);
        return true;
    }
    static void encode(std::uint32_t value, encoder& to) { to.append_integer(value); }
};

template <>
struct codec<float> {
    static constexpr oid type = type::float4;
    static constexpr bool reads(oid sent) noexcept { return sent == type::float4; }
    static bool decode(bytes from, oid sent, float& to) noexcept {
        if (!reads(sent) || from.size() != 4) return false;
        to = std::bit_cast<float>(detail::load_big_endian<std::uint32_t>(from));
        return true;
    }
    static void encode(float value, encoder& to) { to.append_float(value); }
};

/// Also read from real.
template <>
struct codec<double> {
    static constexpr oid type = type::float8;
    static constexpr bool reads(oid sent) noexcept { return sent == type::float8 || sent == type::float4; }
    static bool decode(bytes from, oid sent, double& to) noexcept {
        if (sent == type::float8 && from.size() == 8) {
            to = std::bit_cast<double>(detail::load_big_endian<std::uint64_t>(from));
            return true;
        }
        float narrow = 0;
        if (!codec<float>::decode(from, sent, narrow)) return false;
        to = narrow;
        return true;
    }
    static void encode(double value, encoder& to) { to.append_float(value); }
};

} // namespace coda::pg
