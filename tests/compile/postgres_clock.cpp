// SPDX-License-Identifier: BSL-1.0
#include <coda/postgres.hpp>

coda::task<> caller(coda::pg::client& db) {
    auto const now = std::chrono::system_clock::now();
#ifdef REFUSED
    co_await db.execute("select $1", now);
#else
    co_await db.execute("select $1", std::chrono::floor<std::chrono::microseconds>(now));
#endif
}
