// SPDX-License-Identifier: BSL-1.0
#include <coda/postgres.hpp>

template <class T>
using twice = std::array<std::vector<T>, 1>;

coda::task<> caller(coda::pg::client& db) {
#ifdef REFUSED
    std::vector<twice<twice<twice<int>>>> const deep;
#else
    twice<twice<twice<int>>> const deep;
#endif
    co_await db.execute("select $1", deep);
}
