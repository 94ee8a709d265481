// SPDX-License-Identifier: BSL-1.0
#include "stores/store.hpp"

#include <array>

namespace coda::bench {

// The build defines one of these for each store it has.
#ifdef CODA_BENCH_POSTGRES
namespace postgres {
extern store const here;
}
#endif
#ifdef CODA_BENCH_REDIS
namespace redis {
extern store const here;
}
#endif
#ifdef CODA_BENCH_MONGO
namespace mongo {
extern store const here;
}
#endif
#ifdef CODA_BENCH_ALL
namespace all {
extern store const here;
}
#endif

std::span<store const* const> stores() {
    static constexpr auto table = std::to_array<store const*>({
#ifdef CODA_BENCH_POSTGRES
        &postgres::here,
#endif
#ifdef CODA_BENCH_REDIS
        &redis::here,
#endif
#ifdef CODA_BENCH_MONGO
        &mongo::here,
#endif
#ifdef CODA_BENCH_ALL
        &all::here,
#endif
    });
    return table;
}

store const* find_store(std::string_view name) {
    for (auto const* s : stores())
        if (s->name == name) return s;
    return nullptr;
}

client const* find_client(std::string_view store, std::string_view name) {
    auto const* s = find_store(store);
    if (!s) return nullptr;
    for (auto const* c : s->clients)
        if (c->name == name) return c;
    return nullptr;
}

} // namespace coda::bench
