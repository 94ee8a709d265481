// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/postgres/codec.hpp>

namespace coda::test {

using timestamp = std::chrono::sys_time<std::chrono::microseconds>;
using local_timestamp = std::chrono::local_time<std::chrono::microseconds>;

// A value as it goes over the wire; nothing where it cannot be sent.
template <class T>
std::optional<std::vector<std::byte>> try_encoded(T const& value) {
    pg::encoder to;
    pg::codec<T>::encode(value, to);
    if (to.refused() != nullptr) return std::nullopt;
    auto const b = to.take_referred().value_or(to.appended());
    return std::vector<std::byte>(b.begin(), b.end());
}
template <class T>
std::vector<std::byte> encoded(T const& value) {
    return try_encoded(value).value();
}

// In a heap block of exactly that length: the address sanitizer sees each byte that is read beyond it.
template <class T>
std::optional<T> decoded(std::vector<std::byte> const& wire, pg::oid as = pg::codec<T>::type) {
    auto const block = std::make_unique<std::byte[]>(wire.size());
    std::copy(wire.begin(), wire.end(), block.get());
    T back{};
    if (!pg::codec<T>::decode(pg::bytes(block.get(), wire.size()), as, back)) return std::nullopt;
    return back;
}

// There and back, and no shorter or longer value is one.
template <class T>
std::optional<T> round_trip(T const& value, pg::oid as = pg::codec<T>::type) {
    return decoded<T>(encoded(value), as);
}

// Whether every value that is cut off somewhere, or goes on, is refused.
template <class T>
bool refuses_other_lengths(T const& value, pg::oid as = pg::codec<T>::type) {
    auto wire = encoded(value);
    for (std::size_t length = 0; length < wire.size(); ++length)
        if (decoded<T>({wire.begin(), wire.begin() + static_cast<std::ptrdiff_t>(length)}, as)) return false;
    wire.push_back(std::byte{0});
    return !decoded<T>(wire, as);
}

inline std::vector<std::byte> raw(std::initializer_list<int> values) {
    std::vector<std::byte> b;
    for (int v : values) b.push_back(static_cast<std::byte>(v));
    return b;
}

} // namespace coda::test
