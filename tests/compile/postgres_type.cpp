// SPDX-License-Identifier: BSL-1.0
#include <coda/postgres.hpp>

coda::task<int> caller(coda::pg::client& db) {
#ifdef REFUSED
    auto const x = co_await db.query_one<unsigned short>("select 1");
#else
    auto const x = co_await db.query_one<short>("select 1");
#endif
    co_return x;
}
