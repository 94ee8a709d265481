// SPDX-License-Identifier: BSL-1.0
// Connections that the server or the network ends.
#include "on_postgres.hpp"
#include "support/fault_proxy.hpp"

namespace {

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
    };
    run(body());
}

TEST_P(losing, in_flight_is_unknown_and_queued_is_not_sent) {
    pg::client db(loop(), server().uri(), {.connections = 1, .connection = {.max_in_flight = 2}});
    auto const key = server().fresh_key();
    server().lock(key);
    auto const slow = [&]() -> task<> {
        auto const r = co_await as_result(db.execute("select pg_advisory_lock($1)", key));
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

TEST_P(losing, everything_at_once_loses_nothing_for_good) {
    pg::client db(loop(), server().uri(), {.connections = 3});
    int answered = 0;
    int failed = 0;
    bool stop = false;
    auto const worker = [&](int n) -> task<> {
        while (!stop) {
            auto const r = co_await as_result(db.query_one<std::int32_t>("select $1::int4", n));
            if (r.has_value()) {
                ++answered;
                EXPECT_EQ(*r, n);
            } else {
                ++failed;
                EXPECT_TRUE(r.error().code() == coda::errc::connection_lost ||
                            r.error().code() == pg::sqlstate::admin_shutdown)
                    << r.error().message();
            }
        }
    };
    auto const body = [&](scope& s) -> task<> {
        for (int i = 0; i < 30; ++i) s.spawn(worker(i));
        for (int round = 0; round < 10; ++round) {
            int const before = answered;
            server().terminate_all();
            co_await until([&] { return answered > before + 100; });
        }
        stop = true;
    };
    run(coda::with_scope(body));
    EXPECT_GT(failed, 0);
}

TEST_P(losing, the_network_for_a_while_ends_when_it_is_back) {
    fault_proxy proxy(server().where());
    pg::client db(loop(), server().uri_at(proxy.port()), {.connections = 2});
    auto const body = [&]() -> task<> {
        for (auto const how : {cut::close, cut::reset}) {
            co_await gives(db.query_one<std::int32_t>("select 1"), 1);
            proxy.refuse();
            proxy.cut_now(how);
            co_await until([&] { return db.open_connections() == 0; });
            auto const down = co_await as_result(db.query("select 2"));
            EXPECT_EQ(down.error().code(), pg::errc::connect_failed);
            EXPECT_EQ(down.error().outcome(), outcome::not_sent);
            proxy.accept_again();
            co_await gives(db.query_one<std::int32_t>("select 3"), 3);
        }
    };
    run(body());
}

TEST_P(losing, a_server_that_falls_silent_is_given_up_within_bounds) {
    fault_proxy proxy(server().where());
    pg::client db(loop(), server().uri_at(proxy.port()),
                  {.connections = 1, .connection = {.statement_timeout = 30ms, .drain_timeout = 30ms}});
    auto const body = [&]() -> task<> {
        co_await db.connect();
        proxy.apply(coda::test::fault_plan::black_hole());
        auto const sent = co_await as_result(db.query("select 1"));
        EXPECT_EQ(sent.error().code(), coda::errc::timed_out);
        EXPECT_EQ(sent.error().outcome(), outcome::unknown);
        co_await until([&] { return db.open_connections() == 0; }, "drained too long");
        auto const connect = co_await as_result(coda::with_timeout(30ms, db.query("select 1")));
        EXPECT_EQ(connect.error().code(), coda::errc::timed_out);
        EXPECT_EQ(connect.error().outcome(), outcome::not_sent);
        proxy.heal();
    };
    run(body());
    pg::client again(loop(), server().uri_at(proxy.port()));
    auto const after = [&]() -> task<> { co_await gives(again.query_one<std::int32_t>("select 1"), 1); };
    run(after());
}

} // namespace
