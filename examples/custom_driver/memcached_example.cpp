// SPDX-License-Identifier: BSL-1.0
// A driver of one's own in use: memcached, with many tasks over one connection.
#include <coda/runtime.hpp>

#include <fmt/format.h>
#include <memcached/client.hpp>
#include <unistd.h>

#include <cstdlib>

using namespace std::chrono_literals;

coda::task<> app(memcached::client& cache) {
    auto const key = fmt::format("example:{}", getpid());
    co_await cache.set(key, "hello", 60s);
    auto const greeting = co_await cache.get(key); // std::optional<std::string>
    fmt::print("{}\n", greeting.value_or("nobody there"));

    // Many at once: they leave in one write.
    auto const counter = key + ":visits";
    co_await coda::with_scope([&](coda::scope& s) -> coda::task<> {
        for (int i = 0; i < 100; ++i) s.spawn(cache.incr_or_set(counter, 1));
        co_return;
    });
    auto const visits = co_await cache.get(counter);
    fmt::print("{} visits\n", visits.value_or("no"));

    std::string const large(64 << 20, 'x');
    auto const refused = co_await coda::as_result(cache.set(key, large));
    if (refused.error().code() == memcached::errc::value_too_large) fmt::print("{}\n", refused.error().message());

    co_await cache.del(key);
    co_await cache.del(counter);
    auto const counted = co_await cache.stats();
    fmt::print("memcached {}\n", counted.at("version"));
    co_await cache.close();
}

int main(int argc, char** argv) {
    char const* const there = std::getenv("CODA_TEST_MEMCACHED_URI");
    char const* const missing = std::getenv("CODA_TEST_MEMCACHED_UNAVAILABLE");
    if (argc == 1 && there == nullptr && missing != nullptr) {
        fmt::print("NOT RUN, no server: {}\n", missing);
        return 77;
    }
    coda::asio_loop loop;
    memcached::client cache(loop, argc > 1 ? argv[1] : there != nullptr ? there : "memcached://localhost:11211");
    loop.run(app(cache));
}
