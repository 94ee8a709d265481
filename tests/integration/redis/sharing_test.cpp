// SPDX-License-Identifier: BSL-1.0
// Many tasks over few connections: whose reply it is is the contract's; here it is what that costs.
#include "on_redis.hpp"
#include "support/allocations.hpp"
#include "support/fault_proxy.hpp"

#include <coda/pool/listener.hpp>

#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

// By this thread.
thread_local int sends = 0;
thread_local std::size_t bytes_sent = 0;

} // namespace

// The driver writes through this one.
extern "C" ssize_t send(int fd, void const* data, std::size_t size, int flags) {
    ++sends;
    auto const sent = ::syscall(SYS_sendto, fd, data, size, flags, nullptr, 0);
    if (sent > 0) bytes_sent += static_cast<std::size_t>(sent);
    return sent;
}

namespace {

using namespace std::chrono_literals;
using coda::scope;
using coda::task;

class sharing : public coda::test::on_redis {
protected:
    // Several tasks that have `rounds` echoes each.
    void echo(coda::redis::client& db, int tasks, int rounds) {
        auto const one = [&](int i) -> task<> {
            std::string const text = "value " + std::to_string(i);
            for (int n = 0; n < rounds; ++n) {
                auto const answer = co_await db.command<std::string>("ECHO", text);
                EXPECT_EQ(answer, text);
            }
        };
        auto const body = [&](scope& s) -> task<> {
            for (int i = 0; i < tasks; ++i) s.spawn(one(i));
            co_return;
        };
        run(coda::with_scope(body));
    }
};
CODA_ON_EVERY_LOOP(sharing);

TEST_P(sharing, commands_of_one_turn_leave_in_one_write) {
    coda::redis::client db(loop(), server().uri());
    auto const connect = [&]() -> task<> { co_await db.connect(); };
    run(connect());
    int const before = sends;
    echo(db, 200, 1);
    EXPECT_EQ(sends - before, 1);
}

TEST_P(sharing, as_much_is_in_flight_as_allowed_and_no_more) {
    coda::test::fault_proxy proxy(server().where());
    coda::redis::client db(loop(), server().uri_at(proxy.port()),
                           {.connections = 1, .connection = {.max_in_flight = 10}});
    std::size_t before = 0;
    std::size_t size = 0; // of one command
    auto const one = [&]() -> task<> {
        auto const answer = co_await db.command<std::string>("ECHO", "text");
        EXPECT_EQ(answer, "text");
    };
    auto const body = [&](scope& s) -> task<> {
        co_await db.connect();
        before = bytes_sent;
        co_await one();
        size = bytes_sent - before;
        proxy.apply({.to_client = {.stall_after = 0}});
        before = bytes_sent;
        for (int i = 0; i < 100; ++i) s.spawn(one());
        co_await coda::test::until([&] { return bytes_sent - before >= 10 * size; });
        for (int i = 0; i < 20; ++i) co_await coda::sleep_for(1ms); // it could send more, if it would
        EXPECT_EQ(bytes_sent - before, 10 * size);
        proxy.heal();
    };
    run(coda::with_scope(body));
    EXPECT_EQ(bytes_sent - before, 100 * size);
}

TEST_P(sharing, once_warm_commands_allocate_nothing) {
    coda::redis::client db(loop(), server().uri());
    auto const key = fresh_key();
    std::vector<std::string> const keys{key, "other"};
    std::size_t allocated = 0;
    auto const body = [&]() -> task<> {
        auto const commands = [&]() -> task<> {
            for (int i = 0; i < 50; ++i) {
                co_await db.set(key, "short");
                auto const value = co_await db.get(key); // short enough for a std::string without memory of its own
                EXPECT_EQ(value, "short");
                co_await db.exists(key, "other");
                co_await db.exists(keys);
                co_await db.del(keys);
            }
        };
        co_await commands();
        auto const before = coda::test::allocations();
        co_await commands();
        allocated = coda::test::allocations() - before;
    };
    run(body());
#ifndef CODA_FRAMES_FROM_HEAP
    EXPECT_EQ(allocated, 0u);
#endif
}

// A vector of the values is what it gives.
TEST_P(sharing, once_warm_values_of_a_range_of_keys_cost_the_vector_that_they_come_in) {
    coda::redis::client db(loop(), server().uri());
    std::vector<std::string> const keys{fresh_key(), fresh_key(), fresh_key()};
    std::size_t allocated = 0;
    auto const body = [&]() -> task<> {
        for (int round = 0; round < 2; ++round) {
            auto const before = coda::test::allocations();
            for (int i = 0; i < 50; ++i) {
                auto const values = co_await db.mget(keys);
                EXPECT_EQ(values.size(), 3u);
            }
            allocated = coda::test::allocations() - before;
        }
    };
    run(body());
#ifndef CODA_FRAMES_FROM_HEAP
    EXPECT_EQ(allocated, 50u);
#endif
}

TEST_P(sharing, opens_more_connections_only_when_all_are_busy) {
    coda::redis::client db(loop(), server().uri(), {.connections = 3});
    echo(db, 1, 20);
    EXPECT_EQ(db.open_connections(), 1u);
    for (int i = 0; i < 100 && db.open_connections() < 3; ++i) echo(db, 300, 5);
    EXPECT_EQ(db.open_connections(), 3u);
}

TEST_P(sharing, tells_and_counts_what_its_connections_do) {
    struct : coda::pool_listener {
        void on_event(coda::pool_event const& e) noexcept override {
            all.push_back(fmt::format("{} {}", e.pool, to_string(e.what)));
        }
        std::vector<std::string> all;
    } log;
    coda::redis::client db(loop(), server().uri(), {.name = "cache", .listener = &log});
    auto const close = [&]() -> task<> { co_await db.close(); };
    echo(db, 1, 20);
    auto s = db.statistics();
    EXPECT_EQ(s.handed_out, 20u);
    EXPECT_EQ(s.idle, 1u);
    EXPECT_EQ(s.opened, 1u);
    EXPECT_EQ(s.wait.count, 1u);
    run(close());
    EXPECT_EQ(db.statistics().closed, 1u);
    EXPECT_EQ(db.statistics().state, coda::pool_state::closed);
    EXPECT_THAT(log.all, testing::ElementsAre("cache ConnectionPoolCreated", "cache ConnectionPoolReady",
                                              "cache ConnectionCreated", "cache ConnectionReady",
                                              "cache ConnectionClosed", "cache ConnectionPoolClosed"));
}

TEST_P(sharing, a_large_command_does_not_hold_up_the_loop) {
    coda::test::fault_proxy proxy(server().where());
    coda::redis::client db(loop(), server().uri_at(proxy.port()));
    auto const key = fresh_key();
    auto const body = [&](scope& s) -> task<> {
        co_await db.connect();
        proxy.apply({.to_server = {.stall_after = 0}});
        auto const large = [&]() -> task<> {
            std::string const value(32 << 20, 'x');
            co_await db.set(key, value);
        };
        s.spawn(large());
        for (int i = 0; i < 20; ++i) co_await coda::sleep_for(1ms); // the loop goes on while the socket is full
        proxy.heal();
        auto const length = co_await db.command<long>("STRLEN", key);
        EXPECT_EQ(length, 32 << 20);
    };
    run(coda::with_scope(body));
}

} // namespace
