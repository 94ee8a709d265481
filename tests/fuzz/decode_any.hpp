// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/postgres/codec.hpp>

#include <algorithm>
#include <cstdlib>
#include <memory>

// For each target: what the fuzzer calls with bytes of its own.
extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size);

namespace coda::fuzz {

inline void require(bool holds) {
    if (!holds) std::abort();
}

// As which type a value of T is sent.
template <class T>
constexpr pg::oid sent_as() {
    return pg::codec<T>::type != pg::type::any ? pg::codec<T>::type : pg::detail::nested_type<T>;
}

// Any bytes as a T: most are none. What is one can be sent (unless only C++ has such a value), and what is sent is the
// same one again.
template <class T>
void decode_any(std::uint8_t const* data, std::size_t size, pg::oid sent = sent_as<T>()) {
    pg::bytes const from = std::as_bytes(std::span(data, size));
    auto const value = std::make_unique<T>();
    if (!pg::codec<T>::decode(from, sent, *value)) return;
    pg::encoder first;
    pg::codec<T>::encode(*value, first);
    if (first.refused() != nullptr) return;
    pg::bytes const written = first.take_referred().value_or(first.appended());
    auto const again = std::make_unique<T>();
    require(pg::codec<T>::decode(written, sent_as<T>(), *again));
    pg::encoder second;
    pg::codec<T>::encode(*again, second);
    require(std::ranges::equal(written, second.take_referred().value_or(second.appended())));
}

} // namespace coda::fuzz
