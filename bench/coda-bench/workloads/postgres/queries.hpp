// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "workloads/query.hpp"

#include <libpq-fe.h>

#include <array>
#include <cstddef>
#include <cstdint>

namespace coda::bench::postgres {

/// A query as a prepared statement: its name on the server and its text. All take a 64-bit key as $1; `credit` takes
/// the cents as $2. Every read's first column echoes the key; the second is a 64-bit integer, for `next_key`.
struct statement_text {
    char const* name;
    char const* sql;
    int parameters;
};

inline constexpr std::array statements{
    statement_text{"account", "select id, customer_id, cents from coda_bench.accounts where id = $1", 1},
    statement_text{"credit", "update coda_bench.accounts set cents = cents + $2::bigint where id = $1", 2},
    statement_text{"session", "select customer_id, seen, token from coda_bench.sessions where customer_id = $1", 1},
    statement_text{"settings", "select customer_id, version, theme from coda_bench.settings where customer_id = $1", 1},
    statement_text{"order",
                   "select customer_id, item_id, id from coda_bench.orders where customer_id = $1 "
                   "order by id desc limit 1",
                   1},
    statement_text{"item", "select id, cents, title from coda_bench.items where id = $1", 1},
};

/// In the order of `query`.
[[nodiscard]] constexpr statement_text const& text_of(query q) noexcept {
    return statements[static_cast<std::size_t>(q)];
}

/// The binary parameters of one execution, in the form libpq wants them.
class parameters {
public:
    parameters(query q, std::int64_t key) noexcept;
    parameters(parameters const&) = delete;
    parameters& operator=(parameters const&) = delete;

    [[nodiscard]] int count() const noexcept { return count_; }
    [[nodiscard]] char const* const* values() const noexcept { return values_; }
    [[nodiscard]] int const* lengths() const noexcept { return lengths_; }
    [[nodiscard]] int const* formats() const noexcept { return formats_; }

private:
    static constexpr int lengths_[2] = {8, 8}; // every parameter is an int8 ...
    static constexpr int formats_[2] = {1, 1}; // ... in network byte order

    std::int64_t network_order_[2];
    char const* values_[2];
    int count_;
};

/// What is wrong with a reply to `q` asked for `key`; nullptr if it is what it should be.
[[nodiscard]] char const* fault_in(PGresult const* reply, query q, std::int64_t key) noexcept;

/// The key that leads on from a faultless reply: an account's customer, an order's item.
[[nodiscard]] std::int64_t next_key(PGresult const* reply) noexcept;

} // namespace coda::bench::postgres
