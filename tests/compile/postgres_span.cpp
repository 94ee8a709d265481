// SPDX-License-Identifier: BSL-1.0
#include <coda/postgres.hpp>

coda::task<int> caller(coda::pg::client& db, std::span<int const> numbers) {
#ifdef REFUSED
    auto const same = co_await db.query_one<std::span<int const>>("select $1", numbers);
#else
    auto const same = co_await db.query_one<std::vector<int>>("select $1", numbers);
#endif
    co_return same[0];
}
