// SPDX-License-Identifier: BSL-1.0
// A statement whose caller has left ends on the server too, its connection goes on, and no other statement is hit.
#include "on_postgres.hpp"
#include "support/fault_proxy.hpp"

#include <coda/pool.hpp>

#include <random>

namespace postgres_cancel_on_server_test {

using namespace std::chrono_literals;
namespace pg = coda::pg;
using coda::as_result;
using coda::outcome;
using coda::scope;
using coda::task;
using coda::test::gives;
using coda::test::until;

using cancel_on_server = coda::test::on_postgres;
CODA_ON_EVERY_LOOP(cancel_on_server);

constexpr auto long_query = "select pg_sleep(600)";

// pg_stat_activity shows it gone long before it would have ended, and before its connection is given up.
pg::connection_options patient() { return {.drain_timeout = 60s}; }

// Of one that was timed out when it had been sent.
void expect_left_in_flight(coda::result<std::uint64_t> const& r) {
    ASSERT_TRUE(r.has_error());
    EXPECT_EQ(r.error().code(), coda::errc::timed_out) << r.error().message();
    EXPECT_EQ(r.error().outcome(), outcome::unknown);
}

TEST_P(cancel_on_server, a_cancelled_query_is_gone_and_its_connection_stays) {
    auto db = connected(patient());
    auto const pid = db->backend_pid();
    auto const body = [&](scope& s) -> task<> {
        auto query = s.spawn(db->execute(long_query));
        co_await until([&] { return server().active() == 1; });
        co_await gives(query.cancel(), outcome::unknown);
        co_await until([&] { return server().active() == 0; }, "the query is still running");
        co_await gives(db->query_one<std::int32_t>("select pg_backend_pid()"), pid);
    };
    run(coda::with_scope(body));
}

TEST_P(cancel_on_server, a_query_past_its_deadline_is_gone) {
    auto db = connected(patient());
    auto const pid = db->backend_pid();
    auto const body = [&]() -> task<> {
        auto const r = co_await as_result(coda::with_timeout(20ms, db->execute(long_query)));
        expect_left_in_flight(r);
        co_await gives(db->query_one<std::int32_t>("select pg_backend_pid()"), pid);
        EXPECT_EQ(server().active(), 0);
    };
    run(body());
}

TEST_P(cancel_on_server, through_a_unix_socket) {
    pg::connection db(loop(), server().socket_uri(), patient());
    auto const body = [&]() -> task<> {
        co_await db.connect();
        auto const pid = db.backend_pid();
        co_await as_result(coda::with_timeout(20ms, db.execute(long_query)));
        co_await gives(db.query_one<std::int32_t>("select pg_backend_pid()"), pid);
    };
    run(body());
}

TEST_P(cancel_on_server, after_a_login_with_a_password) {
    pg::connection db(
        loop(), coda::test::server_variable("CODA_TEST_POSTGRES_PASSWORD_URI") + "?application_name=" + server().mark(),
        patient());
    auto const body = [&]() -> task<> {
        co_await db.connect();
        auto const pid = db.backend_pid();
        co_await as_result(coda::with_timeout(20ms, db.execute(long_query)));
        co_await gives(db.query_one<std::int32_t>("select pg_backend_pid()"), pid);
    };
    run(body());
}

TEST_P(cancel_on_server, a_cancelled_write_is_undone) {
    auto db = connected(patient());
    auto const table = server().fresh_name();
    server().ask("create table " + table + "(id int)");
    auto const body = [&]() -> task<> {
        auto const insert = "insert into " + table + " select 1 from pg_sleep(600)";
        auto const r = co_await as_result(coda::with_timeout(20ms, db->execute(insert)));
        expect_left_in_flight(r);
        co_await gives(db->query_one<std::int64_t>("select count(*) from " + table), 0);
    };
    run(body());
    server().ask("drop table " + table);
}

TEST_P(cancel_on_server, several_whose_callers_have_left_are_cancelled_one_after_the_other) {
    auto db = connected(patient());
    auto const pid = db->backend_pid();
    auto const body = [&]() -> task<> {
        auto const many = [&](scope& s) -> task<> {
            for (int i = 0; i < 3; ++i) s.spawn(as_result(db->execute(long_query)));
            co_await coda::sleep_for(20ms);
            s.cancel();
        };
        co_await as_result(coda::with_scope(many));
        co_await gives(db->query_one<std::int32_t>("select pg_backend_pid()"), pid);
        EXPECT_EQ(server().active(), 0);
    };
    run(body());
}

// The request hits whatever runs: while somebody waits for what is in flight behind, it is not made.
TEST_P(cancel_on_server, with_another_statement_in_flight_behind_it_is_left_to_end_by_itself) {
    auto db = connected({.drain_timeout = 60s, .cancel_after = 0ms});
    auto const key = server().fresh_key();
    server().lock(key);
    auto const body = [&](scope& s) -> task<> {
        auto first = s.spawn(db->execute("select pg_advisory_xact_lock($1)", key));
        auto behind = s.spawn(db->query_one<std::int32_t>("select 5"));
        co_await until([&] { return server().waiting_for(key) == 1; });
        co_await gives(first.cancel(), outcome::unknown);
        co_await coda::sleep_for(50ms);
        EXPECT_EQ(server().waiting_for(key), 1);
        server().unlock(key);
        co_await gives(behind.join(), 5);
    };
    run(coda::with_scope(body));
}

TEST_P(cancel_on_server, no_statement_is_hit_whose_caller_stays) {
    pg::client db(loop(), server().uri(), {.connections = 2, .connection = {.cancel_after = 0ms}});
    std::mt19937 random(5);
    int cancelled = 0;
    auto const stays = [&](int i) -> task<> {
        auto const r = co_await as_result(db.query_one<std::int32_t>("select $1::int", i));
        EXPECT_TRUE(r.has_value()) << r.error().message();
        if (r.has_value()) {
            EXPECT_EQ(*r, i);
        }
    };
    auto const leaves = [&](coda::duration limit) -> task<> {
        auto const r = co_await as_result(coda::with_timeout(limit, db.execute("select pg_sleep(0.001)")));
        if (r.has_error()) {
            ++cancelled;
            EXPECT_EQ(r.error().code(), coda::errc::timed_out) << r.error().message();
        }
    };
    auto const body = [&](scope& s) -> task<> {
        for (int round = 0; round < 300; ++round) {
            s.spawn(leaves(std::chrono::microseconds(random() % 2500)));
            if (round % 3 == 0) s.spawn(stays(round));
            co_await coda::sleep_for(std::chrono::microseconds(random() % 3000));
            s.spawn(stays(round));
        }
    };
    run(coda::with_scope(body));
    EXPECT_GT(cancelled, 0);
}

TEST_P(cancel_on_server, in_a_transaction_it_aborts_that_and_rollback_works) {
    auto db = connected(patient());
    auto const pid = db->backend_pid();
    auto const body = [&]() -> task<> {
        co_await db->execute("begin");
        auto const left = co_await as_result(coda::with_timeout(20ms, db->execute(long_query)));
        expect_left_in_flight(left);
        auto const next = co_await as_result(db->query_one<std::int32_t>("select 1"));
        EXPECT_EQ(next.error().code(), pg::make_sqlstate("25P02")) << "current transaction is aborted";
        co_await db->execute("rollback");
        co_await gives(db->query_one<std::int32_t>("select pg_backend_pid()"), pid);
    };
    run(body());
}

TEST_P(cancel_on_server, a_leased_connection_is_kept_and_reset) {
    auto const make = [&] { return std::make_unique<pg::connection>(loop(), server().uri(), patient()); };
    coda::pool<pg::connection> pool(loop(), make, {.max_size = 1});
    auto const body = [&]() -> task<> {
        {
            auto db = co_await pool.acquire();
            co_await db->execute("begin");
            auto const left = co_await as_result(coda::with_timeout(20ms, db->execute(long_query)));
            expect_left_in_flight(left);
        }
        auto db = co_await pool.acquire();
        co_await gives(db->query_one<std::int32_t>("select 1"), 1);
        EXPECT_EQ(pool.statistics().opened, 1u);
        db.release();
        co_await pool.close();
    };
    run(body());
}

TEST_P(cancel_on_server, switched_off_the_query_goes_on_until_drain_timeout) {
    auto db = connected({.drain_timeout = 50ms, .cancel_on_server = false});
    auto const body = [&]() -> task<> {
        auto const left = co_await as_result(coda::with_timeout(20ms, db->execute("select pg_sleep(1)")));
        expect_left_in_flight(left);
        auto const r = co_await as_result(db->query_one<std::int32_t>("select 1"));
        EXPECT_EQ(r.error().code(), coda::errc::connection_lost);
        EXPECT_FALSE(db->usable());
        EXPECT_GE(server().active(), 1);
    };
    run(body());
}

class cancel_through_a_proxy : public cancel_on_server {
protected:
    void SetUp() override {
        cancel_on_server::SetUp();
        if (IsSkipped() || HasFatalFailure()) return;
        proxy_.emplace(server().where());
    }
    void TearDown() override {
        if (proxy_) {
            proxy_->heal();
            EXPECT_TRUE(proxy_->wait_for([](auto const& s) { return s.open == 0; }));
            proxy_.reset();
        }
        cancel_on_server::TearDown();
    }
    std::string uri() { return server().uri_at(proxy_->port()); }
    coda::test::fault_proxy& proxy() { return *proxy_; }

private:
    std::optional<coda::test::fault_proxy> proxy_;
};
CODA_ON_EVERY_LOOP(cancel_through_a_proxy);

TEST_P(cancel_through_a_proxy, a_request_that_cannot_be_made_costs_nothing) {
    pg::connection db(loop(), uri(), patient());
    auto const body = [&]() -> task<> {
        co_await db.connect();
        auto const pid = db.backend_pid();
        proxy().refuse();
        auto const left = co_await as_result(coda::with_timeout(20ms, db.execute("select pg_sleep(0.1)")));
        expect_left_in_flight(left);
        co_await gives(db.query_one<std::int32_t>("select pg_backend_pid()"), pid);
        EXPECT_EQ(proxy().stats().accepted, 1u);
        proxy().accept_again();
    };
    run(body());
}

TEST_P(cancel_through_a_proxy, a_request_that_could_not_be_made_is_tried_again) {
    auto options = patient();
    options.cancel_after = 0ms;
    pg::connection db(loop(), uri(), options);
    auto const body = [&](scope& s) -> task<> {
        co_await db.connect();
        auto const pid = db.backend_pid();
        auto query = s.spawn(db.execute(long_query));
        co_await until([&] { return server().active() == 1; });
        proxy().refuse();
        co_await gives(query.cancel(), outcome::unknown);
        co_await coda::sleep_for(20ms); // the loop's timers come in order: it was refused before, at 0 and 5 ms
        EXPECT_EQ(server().active(), 1);
        EXPECT_EQ(proxy().stats().accepted, 1u);
        proxy().accept_again();
        co_await gives(db.query_one<std::int32_t>("select pg_backend_pid()"), pid);
        EXPECT_EQ(server().active(), 0);
        EXPECT_EQ(proxy().stats().accepted, 2u) << "and no more often than it takes";
    };
    run(coda::with_scope(body));
}

TEST_P(cancel_through_a_proxy, switched_off_the_connection_stays_where_the_statement_ends_in_time) {
    pg::connection db(loop(), uri(), {.drain_timeout = 60s, .cancel_on_server = false, .cancel_after = 0ms});
    auto const key = server().fresh_key();
    server().lock(key);
    auto const body = [&](scope& s) -> task<> {
        co_await db.connect();
        auto const pid = db.backend_pid();
        auto query = s.spawn(db.execute("select pg_advisory_xact_lock($1)", key));
        co_await until([&] { return server().waiting_for(key) == 1; });
        co_await gives(query.cancel(), outcome::unknown);
        auto next = s.spawn(db.query_one<std::int32_t>("select pg_backend_pid()"));
        server().unlock(key);
        co_await gives(next.join(), pid);
    };
    run(coda::with_scope(body));
    EXPECT_EQ(proxy().stats().accepted, 1u) << "nobody was asked to cancel it";
}

// It could come at any time, and hit what runs then.
TEST_P(cancel_through_a_proxy, a_request_that_is_not_answered_costs_the_connection) {
    auto options = patient();
    options.cancel_timeout = 50ms;
    pg::connection db(loop(), uri(), options);
    auto const body = [&](scope& s) -> task<> {
        co_await db.connect();
        proxy().apply_to_new(coda::test::fault_plan::black_hole());
        auto query = s.spawn(db.execute("select pg_sleep(1)"));
        co_await until([&] { return server().active() == 1; });
        co_await gives(query.cancel(), outcome::unknown);
        auto const next = co_await as_result(db.query_one<std::int32_t>("select 1"));
        EXPECT_EQ(next.error().code(), coda::errc::connection_lost) << next.error().message();
        EXPECT_EQ(next.error().outcome(), outcome::not_sent);
    };
    run(coda::with_scope(body));
}

// It hits nobody then, and is made again when the statement runs.
TEST_P(cancel_through_a_proxy, a_request_that_overtakes_its_statement_is_repeated) {
    pg::connection db(loop(), uri(), patient());
    auto const body = [&](scope& s) -> task<> {
        co_await db.connect();
        auto const pid = db.backend_pid();
        proxy().apply({.to_server = {.stall_after = 0}});
        proxy().apply_to_new({});
        auto query = s.spawn(db.execute(long_query));
        co_await coda::sleep_for(1ms);
        co_await gives(query.cancel(), outcome::unknown);
        auto const requests = [&] { return proxy().stats().accepted - 1; };
        co_await until([&] { return requests() > 0 && proxy().stats().open == 1; }, "the server was not asked");
        auto const too_early = requests();
        proxy().heal();
        co_await gives(db.query_one<std::int32_t>("select pg_backend_pid()"), pid);
        EXPECT_GT(requests(), too_early);
    };
    run(coda::with_scope(body));
}

TEST_P(cancel_through_a_proxy, a_connection_destroyed_while_it_asks_leaves_nothing) {
    auto const body = [&]() -> task<> {
        for (int i = 0; i < 10; ++i) {
            auto db = std::make_unique<pg::connection>(loop(), uri(), pg::connection_options{.cancel_after = 0ms});
            co_await db->connect();
            co_await as_result(coda::with_timeout(2ms, db->execute("select pg_sleep(0.02)")));
            for (int n = 0; n < i; ++n) co_await coda::sleep_for(100us);
        }
    };
    run(body());
}

} // namespace postgres_cancel_on_server_test
