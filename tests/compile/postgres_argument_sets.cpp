// SPDX-License-Identifier: BSL-1.0
#include <coda/postgres.hpp>

coda::task<> caller(coda::pg::client& db) {
    auto const number = [](int n) {
        coda::pg::arguments values;
        values.add(n);
        return values;
    };
    auto const all = std::views::iota(0, 3) | std::views::transform(number);
#ifdef REFUSED
    co_await db.execute_many("insert into numbers values ($1)", all);
#else
    std::vector<coda::pg::arguments> const sets(all.begin(), all.end());
    co_await db.execute_many("insert into numbers values ($1)", sets);
#endif
}
