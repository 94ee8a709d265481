// SPDX-License-Identifier: BSL-1.0
// What a whole pool does when connecting fails.
#include "scripted_connection.hpp"
#include "support/manual_loop.hpp"

#include <coda/runtime/scope.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>

namespace pool_pool_connecting_test {

using namespace std::chrono_literals;
using coda::as_result;
using coda::errc;
using coda::result;
using coda::scope;
using coda::task;
using coda::test::connections_to;
using coda::test::manual_loop;
using coda::test::scripted_lease;
using coda::test::scripted_pool;
using coda::test::scripted_server;

task<> keep_outcome(scripted_pool& pool, std::optional<result<scripted_lease>>& outcome) {
    outcome.emplace(co_await as_result(pool.acquire()));
}

TEST(pool_connecting, who_waits_is_served_when_the_server_is_back) {
    manual_loop loop;
    scripted_server server{.connect_takes = 10ms, .refuses = coda::error(errc::not_connected)};
    scripted_pool pool(loop, connections_to(server));
    std::optional<result<scripted_lease>> waiting;
    auto const body = [&](scope& s) -> task<> {
        s.spawn(keep_outcome(pool, waiting));
        co_await coda::sleep_for(3s);
        EXPECT_FALSE(waiting);
        server.refuses.reset();
        co_await coda::sleep_for(1s);
        EXPECT_TRUE(waiting && waiting->has_value());
    };
    loop.run(coda::with_scope(body));
    EXPECT_GE(pool.statistics().connect_failures, 5u);
    EXPECT_LE(pool.statistics().connect_failures, 16u);
    EXPECT_EQ(pool.statistics().waiters, 0u);
}

TEST(pool_connecting, who_leaves_during_back_off_changes_nothing_for_the_others) {
    manual_loop loop;
    scripted_server server{.connect_takes = 10ms, .refuses = coda::error(errc::not_connected)};
    scripted_pool pool(loop, connections_to(server), {.max_connecting = 1, .first_backoff = 1s, .max_backoff = 1s});
    coda::cancel_source stop;
    std::optional<result<scripted_lease>> cancelled;
    std::optional<result<scripted_lease>> late;
    std::optional<result<scripted_lease>> served;
    auto const body = [&](scope& s) -> task<> {
        s.spawn(coda::with_cancellation(stop.token(), keep_outcome(pool, cancelled)));
        s.spawn(coda::with_timeout(200ms, keep_outcome(pool, late)));
        s.spawn(keep_outcome(pool, served));
        co_await coda::sleep_for(100ms);
        EXPECT_EQ(pool.statistics().connecting, 0u) << "it backs off";
        stop.request();
        co_await coda::sleep_for(150ms);
        server.refuses.reset();
        co_await coda::sleep_for(1s);
        EXPECT_TRUE(served && served->has_value());
    };
    loop.run(coda::with_scope(body));
    EXPECT_EQ(cancelled->error().code(), errc::cancelled);
    EXPECT_EQ(cancelled->error().outcome(), coda::outcome::not_sent);
    EXPECT_EQ(late->error().code(), errc::timed_out);
    EXPECT_EQ(late->error().outcome(), coda::outcome::not_sent);
    EXPECT_NE(late->error().details<coda::acquire_error>(), nullptr);
    EXPECT_EQ(server.connects, 2) << "nobody's leaving made it try sooner, or not at all";
}

TEST(pool_connecting, that_fails_fast_tells_why_connecting_failed) {
    manual_loop loop;
    scripted_server server{.connect_takes = 10ms, .refuses = coda::error(errc::not_connected, coda::outcome::unknown)};
    scripted_pool pool(loop, connections_to(server), {.fail_fast = true});
    auto const body = [&]() -> task<> {
        auto const refused = co_await as_result(pool.acquire());
        EXPECT_EQ(loop.elapsed(), 10ms);
        EXPECT_EQ(refused.error().code(), errc::not_connected);
        EXPECT_EQ(refused.error().outcome(), coda::outcome::not_sent);
        auto const again = co_await as_result(pool.acquire());
        EXPECT_LE(loop.elapsed(), 10ms + 20ms + 10ms) << "the next attempt";
        EXPECT_EQ(again.error().code(), errc::not_connected);
        server.refuses.reset();
        co_await coda::sleep_for(50ms);
        auto const back = loop.elapsed();
        auto const db = co_await pool.acquire();
        EXPECT_EQ(loop.elapsed(), back) << "it was connected in the background";
        EXPECT_TRUE(db->usable());
    };
    loop.run(body());
    EXPECT_EQ(server.live, 1);
}

TEST(pool_connecting, attempt_ends_after_connect_timeout) {
    manual_loop loop;
    scripted_server server{.connect_takes = 1h};
    scripted_pool pool(loop, connections_to(server), {.connect_timeout = 30ms, .fail_fast = true});
    auto const body = [&]() -> task<> {
        auto const late = co_await as_result(pool.acquire());
        EXPECT_EQ(loop.elapsed(), 30ms);
        EXPECT_EQ(late.error().code(), errc::timed_out);
        EXPECT_EQ(late.error().details<coda::acquire_error>(), nullptr);
    };
    loop.run(body());
    EXPECT_EQ(server.live, 0);
}

TEST(pool_connecting, needs_a_factory) {
    manual_loop loop;
    EXPECT_THROW(scripted_pool(loop, nullptr), coda::exception);
}

TEST(pool_connecting, what_the_factory_throws_is_a_failed_attempt) {
    manual_loop loop;
    scripted_pool malformed(loop, []() -> std::unique_ptr<coda::test::scripted_connection> {
        throw coda::exception(coda::error(coda::make_error_code(errc::invalid_argument), "malformed"));
    });
    auto const throws = []() -> std::unique_ptr<coda::test::scripted_connection> {
        throw std::runtime_error("no such thing");
    };
    scripted_pool foreign(loop, throws, {.fail_fast = true});
    scripted_pool empty(loop, [] { return std::unique_ptr<coda::test::scripted_connection>(); });
    auto const body = [&]() -> task<> {
        auto const first = co_await as_result(malformed.acquire());
        EXPECT_EQ(first.error().code(), errc::invalid_argument);
        EXPECT_EQ(first.error().message(), "malformed");
        auto const second = co_await as_result(foreign.acquire());
        EXPECT_EQ(second.error().code(), errc::not_connected);
        EXPECT_EQ(second.error().message(), "no such thing");
        auto const third = co_await as_result(empty.acquire());
        EXPECT_EQ(third.error().code(), errc::invalid_argument);
        EXPECT_EQ(loop.elapsed(), 0ms) << "no waiting cures that";
    };
    loop.run(body());
}

TEST(pool_connecting, acquire_that_timed_out_tells_the_last_connect_error) {
    manual_loop loop;
    scripted_server server{.connect_takes = 40ms,
                           .refuses = coda::error(coda::make_error_code(errc::not_connected), "too many of you")};
    scripted_pool pool(loop, connections_to(server),
                       {.max_connecting = 1, .acquire_timeout = 50ms, .first_backoff = 1ms});
    auto const body = [&]() -> task<> {
        auto const late = co_await as_result(pool.acquire());
        EXPECT_EQ(loop.elapsed(), 50ms);
        EXPECT_EQ(late.error().code(), errc::timed_out);
        EXPECT_EQ(late.error().message(), "no connection after 50 ms: 0 in use, 1 connecting, 0 draining, 0 waiting; "
                                          "last connect error: too many of you");
    };
    loop.run(body());
}

TEST(pool_connecting, that_fails_for_good_is_not_tried_again_until_somebody_asks) {
    manual_loop loop;
    scripted_server server{.refuses = coda::error(coda::make_error_code(errc::invalid_argument), "wrong password")};
    scripted_pool pool(loop, connections_to(server));
    auto const body = [&]() -> task<> {
        auto const refused = co_await as_result(pool.acquire());
        EXPECT_EQ(refused.error().message(), "wrong password");
        EXPECT_EQ(loop.elapsed(), 0ms);
        co_await coda::sleep_for(1h);
        EXPECT_EQ(server.connects, 1) << "nobody has asked since";
    };
    loop.run(body());
}

} // namespace pool_pool_connecting_test
