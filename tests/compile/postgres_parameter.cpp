// SPDX-License-Identifier: BSL-1.0
#include <coda/postgres.hpp>

struct opaque {};

coda::task<> caller(coda::pg::client& db) {
#ifdef REFUSED
    co_await db.execute("select $1", opaque());
#else
    co_await db.execute("select $1", 1);
#endif
}
