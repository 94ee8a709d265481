// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "workloads/query.hpp"

namespace coda::bench::all {

/// Which server answers a query of a page that needs all three: the account is in PostgreSQL, the session in Redis,
/// settings, order and item are documents in MongoDB.
enum class place : unsigned char { postgres, redis, mongo };

[[nodiscard]] constexpr place place_of(query q) noexcept {
    switch (q) {
    case query::account:
    case query::credit: return place::postgres;
    case query::session: return place::redis;
    default: return place::mongo;
    }
}

} // namespace coda::bench::all
