// SPDX-License-Identifier: BSL-1.0
// Closing, destroying and resetting with statements under way.
#include "on_postgres.hpp"
#include "support/unreachable_endpoint.hpp"

#if defined(__SANITIZE_ADDRESS__)
#define CODA_ADDRESS_SANITIZER
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CODA_ADDRESS_SANITIZER
#endif
#endif

namespace postgres_lifetime_test {

using namespace std::chrono_literals;
namespace pg = coda::pg;
using coda::as_result;
using coda::outcome;
using coda::scope;
using coda::task;
using coda::test::gives;
using coda::test::until;

class the_end : public coda::test::on_postgres {
protected:
    void SetUp() override {
        on_postgres::SetUp();
        if (IsSkipped() || HasFatalFailure()) return;
        key_ = server().fresh_key();
        server().lock(key_);
    }
    // Waits for the lock on the server; ends with this error.
    template <class Db>
    task<> expect_ended(Db& db, coda::error_code code, outcome what) {
        auto const r = co_await as_result(db.execute("select pg_advisory_xact_lock($1)", key_));
        EXPECT_TRUE(r.has_error());
        EXPECT_EQ(r.error().code(), code) << r.error().message();
        EXPECT_EQ(r.error().outcome(), what);
    }
    task<> until_blocked() {
        co_await until([&] { return server().waiting_for(key_) == 1; });
    }
    long key_ = 0;
};
CODA_ON_EVERY_LOOP(the_end);

TEST_P(the_end, of_a_connection_ends_its_statements) {
    auto db = connected({.max_in_flight = 1});
    auto const body = [&](scope& s) -> task<> {
        s.spawn(expect_ended(*db, coda::errc::closed, outcome::unknown));
        co_await until_blocked();
        s.spawn(expect_ended(*db, coda::errc::closed, outcome::not_sent));
        co_await coda::yield();
        db.reset();
    };
    run(coda::with_scope(body));
    server().terminate_all(); // the server does not look whether anybody still listens while it waits for a lock
}

TEST_P(the_end, of_a_client_ends_its_statements) {
    auto db = std::make_unique<pg::client>(loop(), server().uri(),
                                           pg::client_options{.connections = 1, .connection = {.max_in_flight = 1}});
    auto const body = [&](scope& s) -> task<> {
        s.spawn(expect_ended(*db, coda::errc::closed, outcome::unknown));
        co_await until_blocked();
        s.spawn(expect_ended(*db, coda::errc::closed, outcome::not_sent));
        co_await coda::yield();
        db.reset();
    };
    run(coda::with_scope(body));
    server().terminate_all();
}

TEST_P(the_end, of_a_client_ends_those_who_wait_for_a_connection) {
    coda::test::unreachable_endpoint nobody;
    auto db = std::make_unique<pg::client>(loop(), server().uri_at(nobody.where().port));
    auto const body = [&](scope& s) -> task<> {
        for (int i = 0; i < 3; ++i) s.spawn(expect_ended(*db, coda::errc::closed, outcome::not_sent));
        co_await coda::sleep_for(5ms);
        db.reset();
    };
    run(coda::with_scope(body));
}

// In whatever turn: also between a connection's arrival and those who were woken for it.
TEST_P(the_end, of_a_client_may_come_at_any_moment) {
    bool answered = false;
    for (int turns = 1; !answered; turns += turns < 32 ? 1 : turns / 4) {
        auto db = std::make_unique<pg::client>(loop(), server().uri());
        auto const ask = [&](pg::client& c) -> task<> {
            auto const r = co_await as_result(c.query_one<std::int32_t>("select 1"));
            if (r.has_value())
                EXPECT_EQ(*r, 1);
            else
                EXPECT_EQ(r.error().code(), coda::errc::closed) << r.error().message();
            answered = answered || r.has_value();
        };
        auto const body = [&](scope& s) -> task<> {
            for (int i = 0; i < 5; ++i) s.spawn(ask(*db));
            for (int i = 0; i < turns; ++i) co_await coda::yield();
            db.reset();
        };
        run(coda::with_scope(body));
    }
}

TEST_P(the_end, of_a_client_may_be_brought_by_the_first_who_was_woken) {
    auto db = std::make_unique<pg::client>(loop(), server().uri());
    int ended = 0;
    auto const first = [&]() -> task<> {
        co_await db->connect();
        db.reset();
        ++ended;
    };
    auto const other = [&](pg::client& c) -> task<> {
        auto const r = co_await as_result(c.query("select 1"));
        EXPECT_EQ(r.error().code(), coda::errc::closed);
        EXPECT_EQ(r.error().outcome(), outcome::not_sent);
        ++ended;
    };
    auto const body = [&](scope& s) -> task<> {
        s.spawn(first());
        for (int i = 0; i < 5; ++i) s.spawn(other(*db));
        co_return;
    };
    run(coda::with_scope(body));
    EXPECT_EQ(ended, 6);
}

TEST_P(the_end, of_the_loop_run_leaves_clients_and_connections_destructible) {
    auto db = connected();
    pg::client many(loop(), server().uri());
    auto const body = [&](scope& s) -> task<> {
        s.spawn(db->execute("select pg_advisory_xact_lock($1)", key_));
        s.spawn(many.execute("select pg_advisory_xact_lock($1)", key_));
        co_await until([&] { return server().waiting_for(key_) == 2; });
        s.spawn(many.query("select 1"));
        loop().stop();
        co_await coda::sleep_for(1h);
    };
    EXPECT_THROW(run(coda::with_scope(body)), coda::exception);
    server().unlock(key_);
    auto const after = [&]() -> task<> {
        co_await gives(db->query_one<std::int32_t>("select 1"), 1, "what was in flight has drained");
        server().terminate_all();
    };
    run(after());
}

TEST_P(the_end, close_waits_for_what_is_in_flight) {
    auto db = connected();
    pg::client many(loop(), server().uri(), {.connections = 2});
    auto const ask = [&](auto& c) -> task<> { co_await c.execute("select pg_advisory_xact_lock($1)", key_); };
    auto const whole = [](pg::transaction& tx) { return tx.query_one<std::int32_t>("select 1"); };
    auto const body = [&](scope& s) -> task<> {
        s.spawn(ask(*db));
        s.spawn(ask(many));
        co_await until([&] { return server().waiting_for(key_) == 2; });
        auto a = s.spawn(db->close());
        auto b = s.spawn(many.close());
        co_await coda::yield();
        auto const late = co_await as_result(many.query("select 1"));
        EXPECT_EQ(late.error().code(), coda::errc::closed);
        EXPECT_EQ(late.error().outcome(), outcome::not_sent);
        auto const transaction = co_await as_result(many.transaction(whole));
        EXPECT_EQ(transaction.error().code(), coda::errc::closed);
        server().unlock(key_);
        co_await a.join();
        co_await b.join();
        EXPECT_FALSE(db->usable());
        auto const after = co_await as_result(db->query("select 1"));
        EXPECT_EQ(after.error().code(), coda::errc::closed);
        co_await db->close();
        co_await many.close();
    };
    run(coda::with_scope(body));
}

TEST_P(the_end, close_waits_no_longer_than_drain_timeout_in_all) {
    pg::client db(loop(), server().uri(), {.connections = 3, .connection = {.drain_timeout = 50ms}});
    auto const body = [&](scope& s) -> task<> {
        // Three connections, each with a statement that does not end.
        for (std::size_t i = 0; i < 3; ++i) {
            s.spawn(expect_ended(db, coda::errc::closed, outcome::unknown));
            co_await until([&] { return server().waiting_for(key_) == static_cast<long>(i) + 1; });
            // All are busy: one more is opened.
            co_await as_result(coda::with_timeout(1ms, db.query("select 1")));
            co_await until([&] { return db.open_connections() == std::min<std::size_t>(i + 2, 3); });
        }
        auto const begin = std::chrono::steady_clock::now();
        co_await db.close();
        EXPECT_GE(std::chrono::steady_clock::now() - begin, 45ms);
        EXPECT_EQ(db.open_connections(), 0u);
    };
    run(coda::with_scope(body));
    server().terminate_all();
}

TEST_P(the_end, abort_is_at_once) {
    auto db = connected();
    auto const body = [&](scope& s) -> task<> {
        s.spawn(expect_ended(*db, coda::errc::closed, outcome::unknown));
        co_await until_blocked();
        db->abort();
        EXPECT_FALSE(db->usable());
        db->abort();
    };
    run(coda::with_scope(body));
    server().terminate_all();
}

using a_connection = coda::test::on_postgres;
CODA_ON_EVERY_LOOP(a_connection);

TEST_P(a_connection, that_was_never_connected_says_so) {
    pg::connection db(loop(), server().uri());
    auto const body = [&]() -> task<> {
        EXPECT_FALSE(db.usable());
        auto const query = co_await as_result(db.query("select 1"));
        EXPECT_EQ(query.error().code(), coda::errc::not_connected);
        EXPECT_EQ(query.error().outcome(), outcome::not_sent);
        auto const ping = co_await as_result(db.ping());
        EXPECT_EQ(ping.error().code(), coda::errc::not_connected);
        auto const reset = co_await as_result(db.reset());
        EXPECT_EQ(reset.error().code(), coda::errc::not_connected);
        co_await db.close();
        db.abort();
    };
    run(body());
}

TEST_P(a_connection, refuses_to_be_used_from_another_loop) {
    auto db = connected();
    auto const elsewhere = coda::test::make_loop(GetParam());
    auto const body = [&]() -> task<> {
        auto const ping = co_await as_result(db->ping());
        EXPECT_EQ(ping.error().code(), coda::errc::invalid_argument);
        EXPECT_EQ(ping.error().outcome(), outcome::not_sent);
        auto const query = co_await as_result(db->query("select 1"));
        EXPECT_EQ(query.error().code(), coda::errc::invalid_argument);
        auto const close = co_await as_result(db->close());
        EXPECT_EQ(close.error().code(), coda::errc::invalid_argument);
    };
    elsewhere->run(body());
    auto const still_good = [&]() -> task<> { co_await gives(db->query_one<std::int32_t>("select 1"), 1); };
    run(still_good());
}

TEST_P(a_connection, needs_a_reset_once_it_was_used) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        EXPECT_FALSE(db->needs_reset());
        co_await db->ping();
        EXPECT_FALSE(db->needs_reset()) << "a ping leaves nothing";
        co_await coda::when_all(db->ping(), db->query("set work_mem = '1MB'"));
        EXPECT_TRUE(db->needs_reset()) << "whatever a ping at the same time says";
        co_await db->ping();
        EXPECT_TRUE(db->needs_reset());
        co_await db->reset();
        EXPECT_FALSE(db->needs_reset());
    };
    run(body());
}

TEST_P(a_connection, that_was_reset_is_like_a_new_one) {
    auto db = connected();
    auto const name = server().fresh_name();
    auto const key = server().fresh_key();
    auto const state = [&]() -> task<std::string> {
        co_return co_await db->query_one<std::string>(
            "select concat_ws(',', current_setting('work_mem'), current_setting('search_path'), current_user, "
            "session_user, "
            "(select count(*) from pg_class where relname like $1 || '%' and relpersistence = 't'), "
            "(select count(*) from pg_cursors), (select count(*) from pg_prepared_statements where from_sql), (select "
            "count(*) from pg_listening_channels()), "
            "(select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()), "
            "now() = statement_timestamp())",
            name);
    };
    auto const leave_all_over = [&]() -> task<> {
        for (auto const& sql :
             {std::string("set work_mem = '1MB'"), std::string("set search_path = pg_catalog"),
              "prepare " + name + " as select 1", "create temp table " + name + "(id serial)",
              "insert into " + name + " default values", std::string("listen something"),
              fmt::format("select pg_advisory_lock({})", key), "declare c_" + name + " cursor with hold for select 1",
              "create role " + name, "set role " + name})
            co_await db->execute(sql);
        co_await db->execute("begin");
        co_await as_result(db->execute("select 1/0"));
    };
    auto const body = [&]() -> task<> {
        auto const pid = db->backend_pid();
        auto const fresh = co_await state();
        co_await leave_all_over();
        co_await db->reset();
        co_await gives(state(), fresh);
        auto const last = co_await as_result(db->query("select lastval()"));
        EXPECT_EQ(last.error().code(), pg::make_sqlstate("55000")) << "sequences too";
        EXPECT_EQ(db->backend_pid(), pid);
        server().ask("drop role " + name);
    };
    run(body());
}

TEST_P(a_connection, is_reset_behind_what_drains) {
    auto db = connected();
    auto const key = server().fresh_key();
    server().lock(key);
    auto const body = [&](scope& s) -> task<> {
        auto slow = s.spawn(db->execute("select pg_advisory_lock($1)", key));
        co_await until([&] { return server().waiting_for(key) == 1; });
        co_await gives(slow.cancel(), outcome::unknown);
        auto reset = s.spawn(db->reset());
        co_await coda::yield();
        server().unlock(key);
        co_await reset.join();
        EXPECT_EQ(server().holding(key), 0);
    };
    run(coda::with_scope(body));
}

#ifdef CODA_ADDRESS_SANITIZER

// What points into a result is not to be used when that has gone: nothing tells but the sanitizer. Not of rows and
// fields, which libpq looks up for them: it is built without.
class a_view_of_a_result_death_test : public coda::test::on_postgres {
protected:
    // Small and large values, which libpq keeps in different places.
    pg::result_set asked() {
        auto const db = connected();
        pg::result_set rows;
        auto const body = [&]() -> task<> {
            rows = co_await db->query("select 'small' as small, repeat('x', 100000) as large");
        };
        run(body());
        return rows;
    }
    static void read(std::string_view text) { std::string const copy(text); }
};
CODA_ON_EVERY_LOOP(a_view_of_a_result_death_test);

TEST_P(a_view_of_a_result_death_test, that_is_used_when_the_result_has_gone_is_found_out) {
    for (auto const* column : {"small", "large"}) {
        std::optional<pg::result_set> rows = asked();
        auto const field = (*rows)[0][column];
        auto const text = field.as<std::string_view>();
        auto const bytes = field.raw().value();
        auto const name = field.name();
        read(text);
        rows.reset();
        EXPECT_DEATH(read(text), "heap-use-after-free") << column;
        EXPECT_DEATH(read({reinterpret_cast<char const*>(bytes.data()), bytes.size()}), "heap-use-after-free");
        EXPECT_DEATH(read(name), "heap-use-after-free");
    }
}

TEST_P(a_view_of_a_result_death_test, that_is_used_when_another_was_assigned_to_it_is_found_out) {
    auto rows = asked();
    auto const text = rows[0]["large"].as<std::string_view>();
    read(text);
    rows = asked();
    EXPECT_DEATH(read(text), "heap-use-after-free");
}

#endif

} // namespace postgres_lifetime_test
