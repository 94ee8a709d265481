// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

/// How C++ types travel as PostgreSQL's binary format, both ways.
namespace coda::pg {

/// PostgreSQL's number of a type (pg_type.oid). 0: the server decides by the place it stands in.
using oid = std::uint32_t;

/// The numbers of the built-in types that the driver reads and writes.
namespace type {
inline constexpr oid any = 0, boolean = 16, bytea = 17, name = 19, int8 = 20, int2 = 21, int4 = 23, text = 25,
                     oid_ = 26, json = 114, float4 = 700, float8 = 701, unknown = 705, bpchar = 1042, varchar = 1043;
}

/// The type's name as SQL spells it, or "type 12345".
std::string type_name(oid type);

/// One value on the wire.
using bytes = std::span<std::byte const>;

namespace detail {

template <class U>
U load_big_endian(bytes from) noexcept {
    U value;
    std::memcpy(&value, from.data(), sizeof value);
    if constexpr (std::endian::native == std::endian::little) {
        if constexpr (sizeof(U) == 2) value = __builtin_bswap16(value);
        if constexpr (sizeof(U) == 4) value = __builtin_bswap32(value);
        if constexpr (sizeof(U) == 8) value = __builtin_bswap64(value);
    }
    return value;
}

template <class U>
void store_big_endian(U value, std::byte* to) noexcept {
    if constexpr (std::endian::native == std::endian::little) {
        if constexpr (sizeof(U) == 2) value = __builtin_bswap16(value);
        if constexpr (sizeof(U) == 4) value = __builtin_bswap32(value);
        if constexpr (sizeof(U) == 8) value = __builtin_bswap64(value);
    }
    std::memcpy(to, &value, sizeof value);
}

constexpr bool is_text(oid t) noexcept {
    return t == type::text || t == type::varchar || t == type::bpchar || t == type::name || t == type::json ||
           t == type::unknown;
}

} // namespace detail

/// The one trait that a type needs to be a parameter and a column. A specialization has:
///
///     static constexpr oid type;                       // what it is sent as, and called in errors
///     static bool decode(bytes from, oid sent, T& to); // false: `sent`, or its length, is not readable as T
///     static bytes encode(T const& value, std::array<std::byte, 8>& scratch);  // in scratch, or in the value itself;
///                                                      // a text is followed by a zero byte
///     static constexpr bool binary;                    // the format that encode writes
template <class T>
struct codec {
    static_assert(
        sizeof(T) == 0,
        "this type is neither a PostgreSQL parameter nor a column: use bool, integers, floats, std::string, "
        "std::string_view, bytes, std::optional of these, or specialize coda::pg::codec for it; a row's struct "
        "needs BOOST_DESCRIBE_STRUCT");
};

template <>
struct codec<bool> {
    static constexpr oid type = type::boolean;
    static constexpr bool binary = true;
    static bool decode(bytes from, oid sent, bool& to) noexcept {
        if (sent != type::boolean || from.size() != 1) return false;
        to = from[0] != std::byte{0};
        return true;
    }
    static bytes encode(bool value, std::array<std::byte, 8>& scratch) noexcept {
        scratch[0] = std::byte{value};
        return {scratch.data(), 1};
    }
};

/// Integers: read from columns of their own width or narrower.
template <class T>
    requires(std::is_same_v<T, std::int16_t> || std::is_same_v<T, std::int32_t> || std::is_same_v<T, std::int64_t> ||
             std::is_same_v<T, long long>)
struct codec<T> {
    static constexpr oid type = sizeof(T) == 2 ? type::int2 : sizeof(T) == 4 ? type::int4 : type::int8;
    static constexpr bool binary = true;
    using wire = std::conditional_t<sizeof(T) == 2, std::uint16_t,
                                    std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>>;

    static bool decode(bytes from, oid sent, T& to) noexcept {
        if (sent == type::int2 && from.size() == 2) {
            to = static_cast<std::int16_t>(detail::load_big_endian<std::uint16_t>(from));
            return true;
        }
        if (sent == type::int4 && from.size() == 4 && sizeof(T) >= 4) {
            to = static_cast<T>(static_cast<std::int32_t>(detail::load_big_endian<std::uint32_t>(from)));
            return true;
        }
        if (sent == type::int8 && from.size() == 8 && sizeof(T) == 8) {
            to = static_cast<T>(detail::load_big_endian<std::uint64_t>(from));
            return true;
        }
        return false;
    }
    static bytes encode(T value, std::array<std::byte, 8>& scratch) noexcept {
        detail::store_big_endian(static_cast<wire>(value), scratch.data());
        return {scratch.data(), sizeof(T)};
    }
};

/// oid columns and parameters.
template <>
struct codec<std::uint32_t> {
    static constexpr oid type = type::oid_;
    static constexpr bool binary = true;
    static bool decode(bytes from, oid sent, std::uint32_t& to) noexcept {
        if (sent != type::oid_ || from.size() != 4) return false;
        to = detail::load_big_endian<std::uint32_t>(from);
        return true;
    }
    static bytes encode(std::uint32_t value, std::array<std::byte, 8>& scratch) noexcept {
        detail::store_big_endian(value, scratch.data());
        return {scratch.data(), 4};
    }
};

template <>
struct codec<float> {
    static constexpr oid type = type::float4;
    static constexpr bool binary = true;
    static bool decode(bytes from, oid sent, float& to) noexcept {
        if (sent != type::float4 || from.size() != 4) return false;
        to = std::bit_cast<float>(detail::load_big_endian<std::uint32_t>(from));
        return true;
    }
    static bytes encode(float value, std::array<std::byte, 8>& scratch) noexcept {
        detail::store_big_endian(std::bit_cast<std::uint32_t>(value), scratch.data());
        return {scratch.data(), 4};
    }
};

/// Also read from float4.
template <>
struct codec<double> {
    static constexpr oid type = type::float8;
    static constexpr bool binary = true;
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
    static bytes encode(double value, std::array<std::byte, 8>& scratch) noexcept {
        detail::store_big_endian(std::bit_cast<std::uint64_t>(value), scratch.data());
        return {scratch.data(), 8};
    }
};

/// Text. As a parameter its SQL type is decided by its place, so a string may stand for any type in its text form. It
/// must not contain a zero byte: PostgreSQL has no such text (errc::invalid_argument before anything is sent).
template <>
struct codec<std::string> {
    static constexpr oid type = type::any;
    static constexpr bool binary = false;
    static bool decode(bytes from, oid sent, std::string& to) {
        if (!detail::is_text(sent)) return false;
        to.assign(reinterpret_cast<char const*>(from.data()), from.size());
        return true;
    }
    static bytes encode(std::string const& value, std::array<std::byte, 8>&) noexcept {
        return std::as_bytes(std::span(value.data(), value.size()));
    }
};

namespace detail {

// A text that lives elsewhere and ends with a zero byte, which libpq asks of every text parameter. NULL for a null
// pointer.
struct terminated_text {
    terminated_text(char const* text) noexcept : view(text != nullptr ? std::string_view(text) : std::string_view()) {}
    terminated_text(std::string const& text) noexcept : view(text) {}
    std::string_view view;
};

} // namespace detail

template <>
struct codec<detail::terminated_text> {
    static constexpr oid type = type::any;
    static constexpr bool binary = false;
    static bytes encode(detail::terminated_text value, std::array<std::byte, 8>&) noexcept {
        return std::as_bytes(std::span(value.view.data(), value.view.size()));
    }
};

/// bytea, as a parameter.
template <>
struct codec<bytes> {
    static constexpr oid type = type::bytea;
    static constexpr bool binary = true;
    static bytes encode(bytes value, std::array<std::byte, 8>&) noexcept { return value; }
};

/// bytea.
template <>
struct codec<std::vector<std::byte>> {
    static constexpr oid type = type::bytea;
    static constexpr bool binary = true;
    static bool decode(bytes from, oid sent, std::vector<std::byte>& to) {
        if (sent != type::bytea) return false;
        to.assign(from.begin(), from.end());
        return true;
    }
    static bytes encode(std::vector<std::byte> const& value, std::array<std::byte, 8>&) noexcept { return value; }
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

} // namespace detail

} // namespace coda::pg
