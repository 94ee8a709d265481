// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>

namespace coda::bench {

/// A single query, the same for every store: each says in its own words how it is asked. A read answers
/// with the key it was asked for, so that a reply handed to the wrong caller is noticed, and with a
/// second number, which for an account and an order is the key that leads on.
enum class query : unsigned char {
    account,  ///< by its id; leads on to its customer
    credit,   ///< the write: of one account, by its id
    session,  ///< by customer
    settings, ///< by customer
    order,    ///< the latest one, by customer; leads on to its item
    item,     ///< by its id
};

/// A query and the key it asks for.
struct asked {
    query what;
    std::int64_t key;
};

inline constexpr std::int64_t account_count = 100'000; ///< accounts 1 to this exist
inline constexpr std::int64_t customer_count = 20'000; ///< each with a session, settings and orders
inline constexpr std::int64_t order_count = 60'000;
inline constexpr std::int64_t item_count = 1'000;
inline constexpr std::int64_t credit_cents = 1; ///< what a write adds to an account

/// The data, as functions of the keys: the same in every store, so that a page may be put together from several.
[[nodiscard]] constexpr std::int64_t customer_of(std::int64_t account) noexcept {
    return 1 + account * 7919 % customer_count;
}
[[nodiscard]] constexpr std::int64_t item_of(std::int64_t order) noexcept { return 1 + order * 31 % item_count; }

/// Order i belongs to customer 1 + i % customer_count; the latest has the highest number.
[[nodiscard]] constexpr std::int64_t latest_order_of(std::int64_t customer) noexcept {
    auto const first = customer == 1 ? customer_count : customer - 1;
    return first + (order_count - first) / customer_count * customer_count;
}

} // namespace coda::bench
