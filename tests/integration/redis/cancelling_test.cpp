// SPDX-License-Identifier: BSL-1.0
// What the contract tests leave to the driver: commands that take their time, on the server.
#include "on_redis.hpp"
#include "support/cancel_everywhere.hpp"

namespace {

using namespace std::chrono_literals;
using coda::as_result;
using coda::outcome;
using coda::scope;
using coda::task;
using coda::redis::reply;

using cancelling = coda::test::on_redis;
CODA_ON_EVERY_LOOP(cancelling);

TEST_P(cancelling, a_blocking_command_resumes_its_caller_at_once) {
    auto const db = connected();
    auto const body = [&](scope& s) -> task<> {
        auto const list = fresh_key();
        auto const r = co_await as_result(coda::with_timeout(20ms, db->command<reply>("BLPOP", list, 0)));
        EXPECT_TRUE(r.has_error());
        EXPECT_EQ(r.error().code(), coda::errc::timed_out);
        EXPECT_EQ(r.error().outcome(), outcome::unknown);
        EXPECT_TRUE(db->usable());
        auto behind = s.spawn(db->command<std::string>("ECHO", "behind"));
        server().ask({"RPUSH", list, "x"});
        auto const echo = co_await behind.join();
        EXPECT_EQ(echo, "behind") << "the late reply went to nobody";
    };
    run(coda::with_scope(body));
}

TEST_P(cancelling, what_blocks_longer_than_drain_timeout_costs_the_connection) {
    auto const db = connected({.drain_timeout = 20ms});
    auto const body = [&]() -> task<> {
        auto const r = co_await as_result(coda::with_timeout(5ms, db->command<reply>("BLPOP", fresh_key(), 0)));
        EXPECT_EQ(r.error().outcome(), outcome::unknown);
        auto const behind = co_await as_result(db->ping());
        EXPECT_TRUE(behind.has_error());
        EXPECT_EQ(behind.error().code(), coda::errc::connection_lost);
        EXPECT_FALSE(db->usable());
    };
    run(body());
}

TEST_P(cancelling, anywhere_leaves_the_client_in_order) {
    coda::redis::client db(loop(), server().uri(), {.connections = 2});
    auto const key = fresh_key();
    auto const attempt = [&]() -> task<bool> {
        auto const r = co_await as_result(db.incr(key));
        co_return r.has_value();
    };
    auto const check = [&]() -> task<> {
        auto const echo = co_await db.command<std::string>("ECHO", "mine");
        EXPECT_EQ(echo, "mine");
    };
    EXPECT_GT(run(coda::test::cancel_everywhere(attempt)), 0);
    run(check());
}

TEST_P(cancelling, the_whole_by_destroying_it_leaves_nothing) {
    auto const waiting = [&](coda::redis::connection& db) -> task<> {
        static_cast<void>(co_await as_result(db.command<reply>("BLPOP", fresh_key(), 0)));
    };
    auto const body = [&]() -> task<> {
        coda::redis::connection db(loop(), server().uri());
        co_await db.connect();
        {
            auto abandoned = coda::when_any(waiting(db), coda::sleep_for(5ms));
            static_cast<void>(co_await as_result(std::move(abandoned)));
        }
        db.abort();
    };
    run(body());
}

} // namespace
