// SPDX-License-Identifier: BSL-1.0
// Connections that the server or the network ends.
#include "on_postgres.hpp"
#include "support/fault_proxy.hpp"

namespace postgres_losing_test {

using namespace std::chrono_literals;
namespace pg = coda::pg;
using coda::as_result;
using coda::outcome;
using coda::scope;
using coda::task;
using coda::test::cut;
using coda::test::fault_proxy;
using coda::test::gives;
using coda::test::until;

using losing = coda::test::on_postgres;
CODA_ON_EVERY_LOOP(losing);

TEST_P(losing, an_idle_connection_is_noticed_and_told_to_the_next) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        EXPECT_EQ(server().terminate_all(), 1);
        co_await until([&] { return !db->usable(); });
        EXPECT_EQ(db->backend_pid(), 0);
        auto const r = co_await as_result(db->query("select 1"));
        EXPECT_EQ(r.error().code(), coda::errc::connection_lost);
        EXPECT_EQ(r.error().outcome(), outcome::not_sent);
        EXPECT_FALSE(r.error().message().empty());
        co_await db->connect();
        co_await gives(db->query_one<std::int32_t>("select $1::int4", 1), 1);
    };
    run(body());
}

TEST_P(losing, a_client_connects_again) {
    pg::client db(loop(), server().uri(), {.connections = 2});
    auto const body = [&]() -> task<> {
        for (int round = 0; round < 3; ++round) {
            co_await gives(db.query_one<std::int32_t>("select $1::int4", round), round);
            EXPECT_GE(server().terminate_all(), 1);
            co_await until([&] { return db.open_connections() == 0; });
        }
        auto const s = db.statistics();
        EXPECT_EQ(s.opened, s.closed);
        EXPECT_GE(s.opened, 3u);
        EXPECT_EQ(s.connect.count, s.opened);
        EXPECT_EQ(s.wait.count, 3u);
        EXPECT_EQ(s.handed_out, 3u);
        EXPECT_EQ(s.connect_failures, 0u);
    };
    run(body());
}

TEST_P(losing, in_flight_is_unknown_and_queued_is_not_sent) {
    pg::client db(loop(), server().uri(), {.connections = 1, .connection = {.max_in_flight = 2}});
    auto const key = server().fresh_key();
    server().lock(key);
    auto const slow = [&]() -> task<> {
        auto const r = co_await as_result(db.execute("select pg_advisory_xact_lock($1)", key));
        EXPECT_EQ(r.error().code(), pg::sqlstate::admin_shutdown) << r.error().message();
        EXPECT_EQ(r.error().outcome(), outcome::unknown) << "the session ended, with or without a commit";
        EXPECT_NE(r.error().details<pg::server_error>(), nullptr);
    };
    auto const behind = [&](outcome expected) -> task<> {
        auto const r = co_await as_result(db.query("select 1"));
        EXPECT_EQ(r.error().code(), coda::errc::connection_lost) << r.error().message();
        EXPECT_EQ(r.error().outcome(), expected);
    };
    auto const body = [&](scope& s) -> task<> {
        s.spawn(slow());
        co_await until([&] { return server().waiting_for(key) == 1; });
        s.spawn(behind(outcome::unknown));
        s.spawn(behind(outcome::not_sent));
        co_await coda::sleep_for(1ms);
        EXPECT_EQ(server().terminate_all(), 1);
    };
    run(coda::with_scope(body));
    auto const after = [&]() -> task<> { co_await gives(db.query_one<std::int32_t>("select 1"), 1); };
    run(after());
}

// Behind those whose callers have left, what is queued was still not sent.
TEST_P(losing, queued_behind_what_drains_is_not_sent) {
    auto db = connected({.max_in_flight = 1});
    auto const key = server().fresh_key();
    server().lock(key);
    auto const queued = [&]() -> task<> {
        auto const r = co_await as_result(db->query("select 1"));
        EXPECT_EQ(r.error().code(), coda::errc::connection_lost);
        EXPECT_EQ(r.error().outcome(), outcome::not_sent);
    };
    auto const body = [&](scope& s) -> task<> {
        auto slow = s.spawn(db->execute("select pg_advisory_lock($1)", key));
        co_await until([&] { return server().waiting_for(key) == 1; });
        s.spawn(queued());
        co_await gives(slow.cancel(), outcome::unknown);
        EXPECT_EQ(server().terminate_all(), 1);
    };
    run(coda::with_scope(body));
}

} // namespace postgres_losing_test
