// SPDX-License-Identifier: BSL-1.0
// The contract of cancellation: what was not sent never happens, what was sent drains, and nobody waits for it.
#include "on_postgres.hpp"
#include "support/cancel_everywhere.hpp"

namespace postgres_cancelling_test {

using namespace std::chrono_literals;
namespace pg = coda::pg;
using coda::as_result;
using coda::outcome;
using coda::scope;
using coda::task;
using coda::test::gives;
using coda::test::until;

class cancelling : public coda::test::on_postgres {
protected:
    // A lock that the server holds: who asks for it waits until `release`.
    void SetUp() override {
        on_postgres::SetUp();
        if (IsSkipped() || HasFatalFailure()) return;
        key_ = server().fresh_key();
        server().lock(key_);
    }
    // Its statements go on when their callers leave: that the server ends them has tests of its own.
    std::unique_ptr<pg::connection> connected(pg::connection_options options = {}) {
        options.cancel_on_server = false;
        return on_postgres::connected(options);
    }
    auto blocked(pg::connection& db) { return db.execute("select pg_advisory_xact_lock($1)", key_); }
    task<> until_blocked(long n = 1) {
        co_await until([&] { return server().waiting_for(key_) == n; });
    }
    void release() { server().unlock(key_); }

    long key_ = 0;
};
CODA_ON_EVERY_LOOP(cancelling);

TEST_P(cancelling, before_it_was_sent_sends_nothing) {
    auto db = connected({.max_in_flight = 1});
    auto const table = server().fresh_name();
    server().ask("create table " + table + "(id int)");
    auto const body = [&](scope& s) -> task<> {
        auto slow = s.spawn(blocked(*db));
        co_await until_blocked();
        auto const insert = "insert into " + table + " values ($1)";
        auto queued = s.spawn(db->execute(insert, 1));
        auto behind = s.spawn(db->execute(insert, 2));
        co_await coda::yield();
        co_await gives(queued.cancel(), outcome::not_sent);
        release();
        co_await slow.join();
        co_await gives(behind.join(), 1u);
        co_await gives(db->query_one<std::int32_t>("select min(id) from " + table), 2);
        EXPECT_EQ(server().ask("select count(*) from " + table), "1");
    };
    run(coda::with_scope(body));
    server().ask("drop table " + table);
}

TEST_P(cancelling, in_flight_resumes_at_once_and_the_connection_goes_on) {
    auto db = connected();
    auto const pid = db->backend_pid();
    auto const body = [&](scope& s) -> task<> {
        auto slow = s.spawn(blocked(*db));
        co_await until_blocked();
        auto behind = s.spawn(db->query_one<std::int32_t>("select 5"));
        co_await coda::yield();
        co_await gives(slow.cancel(), outcome::unknown);
        EXPECT_EQ(server().waiting_for(key_), 1) << "resumed before the server answered";
        release();
        co_await gives(behind.join(), 5);
        co_await gives(db->query_one<std::int32_t>("select pg_backend_pid()"), pid);
        EXPECT_TRUE(db->usable());
    };
    run(coda::with_scope(body));
}

TEST_P(cancelling, in_flight_does_not_undo_it) {
    auto db = connected();
    auto const table = server().fresh_name();
    server().ask("create table " + table + "(id int)");
    auto const body = [&](scope& s) -> task<> {
        auto const insert = "insert into " + table + " select 1 from (select pg_advisory_xact_lock($1)) as l";
        auto slow = s.spawn(db->execute(insert, key_));
        co_await until_blocked();
        co_await gives(slow.cancel(), outcome::unknown);
        release();
        co_await db->ping();
        EXPECT_EQ(server().ask("select count(*) from " + table), "1");
    };
    run(coda::with_scope(body));
    server().ask("drop table " + table);
}

TEST_P(cancelling, what_drains_too_long_costs_the_connection) {
    auto db = connected({.drain_timeout = 30ms});
    auto const behind = [&]() -> task<> {
        auto const r = co_await as_result(db->query_one<std::int32_t>("select 5"));
        EXPECT_EQ(r.error().code(), coda::errc::connection_lost);
        EXPECT_EQ(r.error().outcome(), outcome::unknown);
    };
    auto const body = [&](scope& s) -> task<> {
        auto slow = s.spawn(blocked(*db));
        co_await until_blocked();
        auto other = s.spawn(behind());
        co_await coda::yield();
        co_await gives(slow.cancel(), outcome::unknown);
        co_await other.join();
        EXPECT_FALSE(db->usable());
        auto const r = co_await as_result(db->query("select 1"));
        EXPECT_EQ(r.error().code(), coda::errc::connection_lost);
        EXPECT_EQ(r.error().outcome(), outcome::not_sent);
        co_await db->connect();
        co_await gives(db->query_one<std::int32_t>("select 1"), 1);
        release();
    };
    run(coda::with_scope(body));
}

TEST_P(cancelling, a_timeout_in_flight_leaves_it_unknown) {
    auto db = connected({.statement_timeout = 60s});
    auto const body = [&]() -> task<> {
        auto const r = co_await as_result(coda::with_timeout(20ms, blocked(*db)));
        EXPECT_EQ(r.error().code(), coda::errc::timed_out);
        EXPECT_EQ(r.error().outcome(), outcome::unknown);
        release();
        co_await gives(db->query_one<std::int32_t>("select 1"), 1);
    };
    run(body());
}

TEST_P(cancelling, statement_timeout_bounds_what_nobody_bounds) {
    auto db = connected({.statement_timeout = 20ms, .max_in_flight = 1});
    auto const body = [&]() -> task<> {
        auto a = as_result(blocked(*db));
        auto b = as_result(db->query_one<std::int32_t>("select 1"));
        auto const [sent, queued] = co_await coda::when_all(std::move(a), std::move(b));
        EXPECT_EQ(sent.error().code(), coda::errc::timed_out);
        EXPECT_EQ(sent.error().outcome(), outcome::unknown);
        EXPECT_EQ(queued.error().code(), coda::errc::timed_out);
        EXPECT_EQ(queued.error().outcome(), outcome::not_sent);
        release();
        auto const ping = co_await as_result(db->reset());
        if (ping.has_error()) {
            EXPECT_EQ(ping.error().code(), coda::errc::timed_out);
        }
    };
    run(body());
}

TEST_P(cancelling, an_inherited_deadline_that_has_passed_sends_nothing) {
    auto db = connected();
    auto const table = server().fresh_name();
    server().ask("create table " + table + "(id int)");
    auto const insert = [&]() -> task<> {
        auto const r = co_await as_result(db->execute("insert into " + table + " values (1)"));
        EXPECT_EQ(r.error().code(), coda::errc::timed_out);
        EXPECT_EQ(r.error().outcome(), outcome::not_sent);
    };
    auto const body = [&]() -> task<> {
        co_await coda::with_timeout(0ms, insert());
        co_await gives(db->query_one<std::int64_t>("select count(*) from " + table), 0);
    };
    run(body());
    server().ask("drop table " + table);
}

// Its frame is destroyed where it waits, as when its loop is stopped.
TEST_P(cancelling, a_statement_destroyed_in_flight_drains_too) {
    auto db = connected();
    auto const pid = db->backend_pid();
    auto const body = [&]() -> task<> {
        coda::context const& here = co_await coda::this_context();
        auto s = std::make_unique<scope>(here);
        for (int i = 0; i < 3; ++i) s->spawn(blocked(*db));
        co_await until_blocked();
        s.reset();
        release();
        co_await gives(db->query_one<std::int32_t>("select pg_backend_pid()"), pid);
    };
    run(body());
}

// What is cancelled at any place has either not happened, or it says that it may have.
TEST_P(cancelling, an_insert_anywhere_tells_the_truth) {
    auto db = on_postgres::connected({.cancel_after = 0ms});
    auto const table = server().fresh_name();
    server().ask("create table " + table + "(id int)");
    int id = 0;
    auto const pid = db->backend_pid();
    auto const attempt = [&]() -> task<bool> {
        int const mine = ++id;
        auto const r = co_await as_result(db->execute("insert into " + table + " values ($1)", mine));
        auto const happened = co_await coda::shield(
            db->query_one<std::int64_t>("select count(*) from " + table + " where id = $1", mine));
        if (r.has_value()) {
            EXPECT_EQ(*r, 1u);
            EXPECT_EQ(happened, 1);
            co_return true;
        }
        EXPECT_EQ(r.error().code(), coda::errc::cancelled);
        EXPECT_LE(happened, r.error().outcome() == outcome::unknown ? 1 : 0);
        co_return false;
    };
    EXPECT_GT(run(coda::test::cancel_everywhere(attempt)), 0);
    EXPECT_EQ(db->backend_pid(), pid) << "and the connection has gone through all of it";
    server().ask("drop table " + table);
}

TEST_P(cancelling, a_client_anywhere_leaves_it_usable) {
    std::optional<pg::client> db;
    auto const cold = [&]() -> task<bool> {
        db.emplace(loop(), server().uri());
        auto const r = co_await as_result(db->query_one<std::int32_t>("select 1"));
        if (r.has_error()) {
            EXPECT_EQ(r.error().code(), coda::errc::cancelled) << r.error().message();
        }
        auto const after = co_await coda::shield(db->query_one<std::int32_t>("select 2"));
        EXPECT_EQ(after, 2);
        co_return r.has_value();
    };
    EXPECT_GT(run(coda::test::cancel_everywhere(cold)), 0);
    auto const closing = [&]() -> task<bool> {
        db.emplace(loop(), server().uri());
        co_await coda::shield(db->connect());
        bool ended = false;
        auto const in_flight = [&](scope& s) -> task<> {
            s.spawn([](pg::client& c) -> task<> { co_await as_result(c.query("select pg_sleep(0.003)")); }(*db));
            co_await coda::yield();
            co_await as_result(db->close());
            coda::context const& here = co_await coda::this_context();
            ended = !here.cancel.requested();
        };
        co_await as_result(coda::with_scope(in_flight));
        EXPECT_EQ(db->open_connections(), 0u) << "closed in any case";
        co_return ended;
    };
    EXPECT_GT(run(coda::test::cancel_everywhere(closing)), 0);
    db.reset();
}

} // namespace postgres_cancelling_test
