// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/postgres/type.hpp>

#include <bit>
#include <concepts>
#include <cstring>
#include <type_traits>
#include <utility>

namespace coda::pg::detail {

template <std::unsigned_integral U>
constexpr U network_order(U value) noexcept {
    if constexpr (std::endian::native == std::endian::little) {
        if constexpr (sizeof(U) == 2) value = __builtin_bswap16(value);
        if constexpr (sizeof(U) == 4) value = __builtin_bswap32(value);
        if constexpr (sizeof(U) == 8) value = __builtin_bswap64(value);
    }
    return value;
}

// `from` has that many bytes.
template <std::unsigned_integral U>
U load_big_endian(bytes from) noexcept {
    U value;
    std::memcpy(&value, from.data(), sizeof value);
    return network_order(value);
}

template <std::unsigned_integral U>
void store_big_endian(U value, std::byte* to) noexcept {
    value = network_order(value);
    std::memcpy(to, &value, sizeof value);
}

} // namespace coda::pg::detail
