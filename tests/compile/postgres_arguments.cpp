// SPDX-License-Identifier: BSL-1.0
#include <coda/postgres.hpp>

coda::pg::arguments numbers() {
    coda::pg::arguments values;
    for (int i = 0; i < 3; ++i) values.add(i);
    return values;
}

coda::task<> caller(coda::pg::client& db) {
#ifdef REFUSED
    co_await db.execute("insert into numbers values ($1, $2, $3)", numbers());
#else
    auto const values = numbers();
    co_await db.execute("insert into numbers values ($1, $2, $3)", values);
#endif
}
