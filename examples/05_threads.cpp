// SPDX-License-Identifier: BSL-1.0
// More cores and blocking work: a loop per thread, and functions that block on threads of their own.
#include "database.hpp"

#include <coda/postgres.hpp>
#include <coda/runtime.hpp>

#include <fmt/format.h>

// Each loop has a client of its own: nothing is shared between threads.
coda::task<std::int64_t> add_up(coda::loop& l, std::string uri, std::size_t part) {
    coda::pg::client db(l, std::move(uri), {.connections = 2});
    co_return co_await db.query_one<std::int64_t>(
        "select sum(i)::bigint from generate_series($1::bigint * 1000 + 1, $1::bigint * 1000 + 1000) i",
        static_cast<std::int64_t>(part));
}

coda::task<> app(std::string uri) {
    coda::loop_group group({.loops = 2});
    std::int64_t sum = 0;
    for (auto part : co_await coda::run_on_each(group, [&](std::size_t i) { return add_up(group[i], uri, i); }))
        sum += part;
    fmt::print("1 + ... + {} = {}\n", group.size() * 1000, sum);

    // What blocks or computes for long runs beside the loop, which goes on meanwhile.
    auto primes = co_await coda::offload([] {
        int count = 0;
        for (int n = 2, d; n < 10'000; ++n) {
            for (d = 2; d * d <= n && n % d != 0; ++d) {}
            count += d * d > n;
        }
        return count;
    });
    fmt::print("{} primes below 10000\n", primes);
}

int main(int argc, char** argv) {
    coda::asio_loop loop;
    loop.run(app(database(argc, argv)));
}
