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

// Any bytes as a View, which points into them: a Copy reads the same, and more.
template <class View, class Copy>
void decode_view(std::uint8_t const* data, std::size_t size, pg::oid sent = sent_as<Copy>()) {
    pg::bytes const from = std::as_bytes(std::span(data, size));
    auto const view = std::make_unique<View>();
    if (!pg::codec<View>::decode(from, sent, *view)) return;
    auto const copy = std::make_unique<Copy>();
    require(pg::codec<Copy>::decode(from, sent, *copy));
    pg::encoder of_view, of_copy;
    pg::codec<View>::encode(*view, of_view);
    pg::codec<Copy>::encode(*copy, of_copy);
    require((of_view.refused() == nullptr) == (of_copy.refused() == nullptr));
    if (of_view.refused() != nullptr) return;
    pg::bytes const seen = of_view.take_referred().value_or(of_view.appended());
    require(std::ranges::equal(seen, of_copy.take_referred().value_or(of_copy.appended())));
}

} // namespace coda::fuzz
