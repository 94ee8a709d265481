// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/mongo/bson/types.hpp>

#include <bit>
#include <cstddef>
#include <cstring>
#include <limits>

// BSON's bytes: little endian, a value's length follows from its type or stands at its beginning.
namespace coda::bson::detail {

template <class U>
U swapped_on_big_endian(U value) noexcept {
    if constexpr (std::endian::native == std::endian::big) {
        if constexpr (sizeof(U) == 4) value = std::bit_cast<U>(__builtin_bswap32(std::bit_cast<std::uint32_t>(value)));
        if constexpr (sizeof(U) == 8) value = std::bit_cast<U>(__builtin_bswap64(std::bit_cast<std::uint64_t>(value)));
    }
    return value;
}

template <class U>
U load(std::byte const* from) noexcept {
    U value;
    std::memcpy(&value, from, sizeof value);
    return swapped_on_big_endian(value);
}

template <class U>
void store(U value, std::byte* to) noexcept {
    value = swapped_on_big_endian(value);
    std::memcpy(to, &value, sizeof value);
}

// The smallest document: its length and the zero byte at its end.
inline constexpr std::size_t empty_size = 5;

inline constexpr std::size_t malformed = std::numeric_limits<std::size_t>::max();

// How many bytes the value at `at` takes; `malformed` where that is more than `available` or what is there breaks the
// format. Of documents inside only the length is looked at.
std::size_t value_size(type t, std::byte const* at, std::size_t available) noexcept;

// Whether it is UTF-8.
bool is_utf8(std::string_view text) noexcept;

} // namespace coda::bson::detail
