// SPDX-License-Identifier: BSL-1.0
// Many tasks over few connections.
#include "connecting.hpp"
#include "on_postgres.hpp"
#include "session.hpp"
#include "support/allocations.hpp"

#include <random>
#include <set>

namespace postgres_sharing_test {

using namespace std::chrono_literals;
namespace pg = coda::pg;
using coda::as_result;
using coda::outcome;
using coda::scope;
using coda::task;
using coda::test::gives;
using coda::test::until;

using a_shared_connection = coda::test::on_postgres;
CODA_ON_EVERY_LOOP(a_shared_connection);

// Each asks for a value of its own, some leave early, some fail: whoever gets a reply gets his own.
TEST_P(a_shared_connection, hands_each_reply_to_its_own_caller_whoever_leaves) {
    pg::client db(loop(), server().uri(),
                  {.connections = 3, .connection = {.max_in_flight = 16, .statement_cache = 4}});
    std::mt19937 random(4711);
    int answered = 0;
    int left = 0;
    int failed = 0;
    auto const ask = [&](int value, unsigned kind, coda::duration limit) -> task<> {
        std::string const own = fmt::format("value {}", value);
        auto const sql =
            kind == 0
                ? std::string("select $1::text || repeat('', (select count(*)::int4 from generate_series(1, 2000)))")
            : kind == 1 ? fmt::format("select $1::text, {}", value % 10)
            : kind == 2 ? std::string("select $1::text, 1 / 0")
                        : std::string("select $1::text");
        auto const r = co_await as_result(coda::with_timeout(limit, db.query(sql, own)));
        if (r.has_value()) {
            ++answered;
            EXPECT_EQ(r->get<std::string>(0, 0).value(), own);
            EXPECT_NE(kind, 2u);
        } else if (r.error().code() == pg::make_sqlstate("22012")) {
            ++failed;
            EXPECT_EQ(kind, 2u);
        } else {
            ++left;
            EXPECT_EQ(r.error().code(), coda::errc::timed_out) << r.error().message();
        }
    };
    auto const body = [&](scope& s) -> task<> {
        for (int i = 0; i < 6000; ++i) {
            auto const limit =
                random() % 3 == 0 ? std::chrono::microseconds(random() % 20'000) : std::chrono::microseconds(60s);
            s.spawn(ask(i, static_cast<unsigned>(random() % 6), limit));
            if (i % 100 == 0) co_await coda::yield();
        }
    };
    run(coda::with_scope(body));
    EXPECT_EQ(answered + left + failed, 6000);
    EXPECT_GT(answered, 0);
    EXPECT_GT(left, 0);
    EXPECT_GT(failed, 0);
    EXPECT_EQ(server().connections(), 3) << "none was lost";
    auto const close = [&]() -> task<> { co_await db.close(); };
    run(close());
}

TEST_P(a_shared_connection, hands_each_reply_to_its_own_caller_whoever_is_cancelled) {
    pg::client db(loop(), server().uri(), {.connections = 2, .connection = {.max_in_flight = 8}});
    std::mt19937 random(42);
    int answered = 0;
    int cancelled = 0;
    auto const ask = [&](int value) -> task<> {
        auto const r = co_await as_result(db.query_one<std::int32_t>("select $1::int4", value));
        if (r.has_value()) {
            ++answered;
            EXPECT_EQ(*r, value);
        } else {
            ++cancelled;
            EXPECT_EQ(r.error().code(), coda::errc::cancelled);
            EXPECT_NE(r.error().outcome(), outcome::completed);
        }
    };
    auto const body = [&](scope& s) -> task<> {
        for (int round = 0; round < 200; ++round) {
            coda::cancel_source stop;
            auto const some = [&](scope& inner) -> task<> {
                for (int i = 0; i < 20; ++i) inner.spawn(coda::with_cancellation(stop.token(), ask(round * 100 + i)));
                for (auto n = random() % 40; n > 0; --n) co_await coda::yield();
                stop.request();
            };
            for (int i = 20; i < 30; ++i) s.spawn(ask(round * 100 + i));
            co_await coda::with_scope(some);
        }
    };
    run(coda::with_scope(body));
    EXPECT_EQ(answered + cancelled, 200 * 30);
    EXPECT_GE(answered, 200 * 10);
    EXPECT_GT(cancelled, 0);
}

TEST_P(a_shared_connection, runs_statements_in_the_order_they_came) {
    auto db = connected();
    auto const table = server().fresh_name();
    auto const insert = "insert into " + table + "(value) values ($1)";
    auto const body = [&](scope& s) -> task<> {
        co_await db->execute("create temp table " + table + "(at serial, value int)");
        for (int i = 0; i < 500; ++i) s.spawn(db->execute(insert, i));
    };
    run(coda::with_scope(body));
    auto const check = [&]() -> task<> {
        auto const values = co_await db->query<std::int32_t>("select value from " + table + " order by at");
        EXPECT_EQ(values.size(), 500u);
        EXPECT_TRUE(std::is_sorted(values.begin(), values.end()));
    };
    run(check());
}

TEST_P(a_shared_connection, that_is_slow_does_not_hold_up_the_others) {
    pg::client db(loop(), server().uri(), {.connections = 2});
    auto const key = server().fresh_key();
    server().lock(key);
    auto const body = [&](scope& s) -> task<> {
        auto const warm = [&]() -> task<> { co_await db.query("select pg_sleep(0.01)"); };
        co_await coda::when_all(warm(), warm());
        co_await coda::when_all(warm(), warm());
        EXPECT_EQ(db.open_connections(), 2u);
        auto slow = s.spawn(db.execute("select pg_advisory_xact_lock($1)", key));
        co_await until([&] { return server().waiting_for(key) == 1; });
        for (int i = 0; i < 100; ++i) co_await gives(db.query_one<std::int32_t>("select $1::int4", i), i);
        EXPECT_EQ(server().waiting_for(key), 1);
        server().unlock(key);
        co_await slow.join();
    };
    run(coda::with_scope(body));
}

TEST_P(a_shared_connection, refuses_at_once_when_its_queue_is_full) {
    auto db = connected({.max_in_flight = 1, .max_queued = 2});
    auto const key = server().fresh_key();
    server().lock(key);
    auto const body = [&](scope& s) -> task<> {
        auto slow = s.spawn(db->execute("select pg_advisory_lock($1)", key));
        co_await until([&] { return server().waiting_for(key) == 1; });
        auto a = s.spawn(db->query_one<std::int32_t>("select 1"));
        auto b = s.spawn(db->query_one<std::int32_t>("select 2"));
        co_await coda::yield();
        auto const full = co_await as_result(db->query_one<std::int32_t>("select 3"));
        EXPECT_EQ(full.error().code(), coda::errc::queue_full);
        EXPECT_EQ(full.error().outcome(), outcome::not_sent);
        server().unlock(key);
        co_await slow.join();
        co_await gives(a.join(), 1);
        co_await gives(b.join(), 2);
        co_await gives(db->query_one<std::int32_t>("select 4"), 4);
    };
    run(coda::with_scope(body));
}

TEST_P(a_shared_connection, refuses_at_once_what_its_queue_has_no_room_for) {
    auto db = connected({.max_in_flight = 1, .max_queued_bytes = 10'000});
    auto const key = server().fresh_key();
    server().lock(key);
    std::string const large(9'000, 'x');
    auto const echo = [&] { return as_result(db->query_one<std::string>("select $1::text", large)); };
    auto const body = [&](scope& s) -> task<> {
        auto slow = s.spawn(db->execute("select pg_advisory_lock($1)", key));
        co_await until([&] { return server().waiting_for(key) == 1; });
        auto queued = s.spawn(echo());
        co_await coda::yield();
        auto const full = co_await echo();
        EXPECT_EQ(full.error().code(), coda::errc::queue_full);
        EXPECT_EQ(full.error().outcome(), outcome::not_sent);
        auto small = s.spawn(db->query_one<std::int32_t>("select 1"));
        co_await coda::yield();
        server().unlock(key);
        co_await slow.join();
        auto const first = co_await queued.join();
        EXPECT_TRUE(first.value() == large);
        co_await gives(small.join(), 1);
        std::string const larger_than_all(50'000, 'y'); // with nothing else in the queue
        co_await gives(db->query_one<std::string>("select $1::text", larger_than_all), larger_than_all);
    };
    run(coda::with_scope(body));
}

// Beside libpq's, which takes memory of its own for each result.
TEST_P(a_shared_connection, allocates_nothing_for_a_point_read_once_warm) {
    pg::client db(loop(), server().uri());
    using row = std::tuple<std::int32_t, std::int64_t>;
    for (bool const grouped : {false, true}) {
        std::size_t allocated = 0;
        auto const body = [&]() -> task<> {
            auto const sql = "select $1::int4, 7::int8";
            auto const reads = [&]() -> task<> {
                for (int i = 0; i < 50; ++i) {
                    auto read = grouped ? db.reads().query_one<row>(sql, i) : db.query_one<row>(sql, i);
                    auto const r = co_await std::move(read);
                    EXPECT_EQ(std::get<0>(r), i);
                }
            };
            co_await reads();
            auto const before = coda::test::allocations();
            co_await reads();
            allocated = coda::test::allocations() - before;
        };
        run(body());
#ifndef CODA_FRAMES_FROM_HEAP
        EXPECT_EQ(allocated, 0u) << "in 50 reads";
#endif
    }
}

TEST_P(a_shared_connection, refuses_temporary_tables) {
    pg::client db(loop(), server().uri(), {.connections = 1});
    auto const body = [&]() -> task<> {
        auto const name = server().fresh_name();
        for (auto const& sql :
             {"select 1 as n into temp " + name, "create or replace temp view " + name + " as select 1",
              "create table pg_temp." + name + " (n int)"}) {
            auto const refused = co_await as_result(db.execute(sql));
            EXPECT_EQ(refused.error().code(), pg::errc::needs_own_connection) << sql;
            EXPECT_EQ(refused.error().outcome(), outcome::not_sent);
        }
        co_await db.execute("select 1 as n into " + name);
        co_await gives(db.query_value<std::int32_t>("select n from " + name), 1);
        co_await db.execute("drop table " + name);
        co_await db.close();
    };
    run(body());
}

// What ends a session comes with the statement that it ended: nothing for those who only shared it.
TEST_P(a_shared_connection, that_ends_with_a_statement_tells_its_text_to_nobody_else) {
    pg::client db(loop(), server().uri(), {.connections = 1});
    std::vector<std::string> told;
    auto const ask = [&](char const* sql) -> task<> {
        auto const r = co_await as_result(db.execute(sql));
        EXPECT_TRUE(r.has_error());
        if (r.has_error()) told.push_back(r.error().message());
    };
    auto const body = [&](scope& s) -> task<> {
        co_await gives(db.query_one<std::int32_t>("select 1"), 1);
        s.spawn(ask("do $$ begin execute 'select pg_terminate_backend(pg_backend_pid()), ''s3cret'' as x'; end $$"));
        for (int i = 0; i < 5; ++i) s.spawn(ask("select pg_sleep(0)"));
    };
    run(coda::with_scope(body));
    EXPECT_EQ(told.size(), 6u);
    for (auto const& text : told) {
        EXPECT_THAT(text, testing::HasSubstr("terminating connection"));
        EXPECT_THAT(text, testing::Not(testing::HasSubstr("s3cret")));
    }
}

// Each is asked when what its text was made of has gone.
TEST_P(a_shared_connection, keeps_texts_that_were_made_on_the_way) {
    pg::client db(loop(), server().uri(), {.connections = 1});
    auto const made = [](std::string const& sql) { return sql + " -- longer than what a string has room for itself"; };
    auto const body = [&](scope& s) -> task<> {
        std::vector<coda::operation<std::int32_t>> later;
        for (int i = 0; i < 20; ++i) {
            later.push_back(db.query_one<std::int32_t>(made(fmt::format("select {} + $1::int4", i)), 1));
            s.spawn(db.execute(made(fmt::format("select {}", i))));
        }
        for (int i = 0; i < 20; ++i) co_await gives(std::move(later[static_cast<std::size_t>(i)]), i + 1);
        auto first = pg::query_one<std::int32_t>(made("select 7"));
        auto second = pg::execute(made("select 8"));
        auto const all = co_await db.pipeline(std::move(first), std::move(second));
        EXPECT_EQ(std::get<0>(all), 7);
        std::vector<std::int32_t> const sets{1, 2};
        co_await gives(db.execute_many(made("select $1::int4"), sets), 2u);
    };
    run(coda::with_scope(body));
    auto const own = connected();
    auto const alone = [&]() -> task<> {
        auto rows = own->stream<std::int32_t>(made("select 9"));
        auto const row = co_await rows.next();
        EXPECT_EQ(row, 9);
        auto const none = co_await rows.next();
        EXPECT_EQ(none, std::nullopt);
        auto script = own->run_script(made("select 1; select 2"));
        co_await gives(std::move(script), 2u);
    };
    run(alone());
}

TEST_P(a_shared_connection, bounds_those_who_wait_for_the_first_connection) {
    pg::client db(loop(), server().uri(), {.connections = 1, .connection = {.max_queued = 5}});
    int refused = 0;
    int answered = 0;
    auto const ask = [&]() -> task<> {
        auto const r = co_await as_result(db.query_one<std::int32_t>("select 1"));
        answered += r.has_value();
        refused += r.has_error() && r.error().code() == coda::errc::queue_full;
    };
    auto const body = [&](scope& s) -> task<> {
        for (int i = 0; i < 20; ++i) s.spawn(ask());
        co_return;
    };
    run(coda::with_scope(body));
    EXPECT_EQ(answered, 5);
    EXPECT_EQ(refused, 15);
}

TEST_P(a_shared_connection, with_one_in_flight_prepares_and_forgets_too) {
    auto db = connected({.max_in_flight = 1, .statement_cache = 2});
    auto const body = [&](scope& s) -> task<> {
        for (int i = 0; i < 100; ++i)
            s.spawn([](pg::connection& c, int n) -> task<> {
                auto const got = co_await c.query_one<std::int32_t>(fmt::format("select {} + $1::int4", n % 5), n);
                EXPECT_EQ(got, n + n % 5);
            }(*db, i));
        co_return;
    };
    run(coda::with_scope(body));
    auto const check = [&]() -> task<> {
        co_await gives(db->query_one<std::int64_t>("select count(*) from pg_prepared_statements"), 2);
    };
    run(check());
}

TEST_P(a_shared_connection, opens_no_more_than_allowed_and_only_when_busy) {
    pg::client db(loop(), server().uri(), {.connections = 3});
    auto const body = [&]() -> task<> {
        EXPECT_EQ(db.open_connections(), 0u);
        for (int i = 0; i < 10; ++i) co_await db.query("select 1");
        EXPECT_EQ(db.open_connections(), 1u) << "one at a time needs one";
        auto const many = [&](scope& s) -> task<> {
            for (int i = 0; i < 200; ++i) s.spawn(db.query("select pg_sleep(0.001)"));
            co_return;
        };
        co_await coda::with_scope(many);
        co_await coda::with_scope(many);
        EXPECT_EQ(db.open_connections(), 3u);
        EXPECT_EQ(server().connections(), 3);
        co_await db.close();
    };
    run(body());
}

// A burst at a cold client spreads over its connections.
TEST_P(a_shared_connection, a_burst_at_a_cold_client_opens_all) {
    pg::client db(loop(), server().uri(), {.connections = 3});
    std::set<std::int32_t> backends;
    auto const ask = [&]() -> task<> {
        for (int i = 0; i < 20; ++i)
            backends.insert(co_await db.query_one<std::int32_t>("select pg_backend_pid() from pg_sleep(0.0005)"));
    };
    auto const many = [&](scope& s) -> task<> {
        for (int i = 0; i < 60; ++i) s.spawn(ask());
        co_return;
    };
    run(coda::with_scope(many));
    EXPECT_EQ(backends.size(), 3u);
}

TEST_P(a_shared_connection, refuses_what_would_change_the_session_unsent) {
    pg::client db(loop(), server().uri());
    auto const body = [&]() -> task<> {
        std::pair<char const*, char const*> const refused_ones[] = {
            {"begin", "client::transaction"},
            {"savepoint s", "client::transaction"},
            {"declare c cursor for select 1", "client::transaction"},
            {"fetch 1 from c", "client::transaction"},
            {"set work_mem = '1MB'", "lease a coda::pg::connection"},
            {"listen x", "lease a coda::pg::connection"},
            {"create temp table t (id int)", "lease a coda::pg::connection"},
            {"select set_config('app.user', 'me', false)", "transaction::set_local"},
            {"select pg_advisory_lock(1)", "client::advisory_lock"}};
        for (auto const& [sql, instead] : refused_ones) {
            auto const refused = co_await as_result(db.execute(sql));
            EXPECT_EQ(refused.error().code(), pg::errc::needs_own_connection) << sql;
            EXPECT_EQ(refused.error().outcome(), outcome::not_sent) << sql;
            EXPECT_THAT(refused.error().message(), testing::HasSubstr(instead)) << sql;
        }
        EXPECT_EQ(db.open_connections(), 0u);
        co_await gives(db.query_one<int>("select 1"), 1);
    };
    run(body());
}

// As if the text had not shown it: then the server's word does, and what ran behind it counts for nothing.
TEST_P(a_shared_connection, that_was_changed_all_the_same_is_lost_with_what_ran_on_it) {
    auto const table = server().fresh_name();
    server().ask("create table " + table + " (id int)");
    auto const insert = "insert into " + table + " values (1)";
    auto const changed_by = [&](char const* sql) -> task<> {
        auto made = co_await pg::detail::open_connection(server().uri());
        pg::connection_options const options;
        auto const by = std::make_shared<pg::detail::grouping_policy>(pg::client_options());
        auto const on = pg::detail::session::open(loop(), std::move(made), options, by).value();
        pg::detail::statement_view const change{sql, {}};
        pg::detail::statement_view const write{insert, {}};
        auto a = as_result(pg::detail::execute_on{on.get(), change});
        auto b = as_result(pg::detail::execute_on{on.get(), write});
        auto const [x, y] = co_await coda::when_all(std::move(a), std::move(b));
        EXPECT_EQ(x.error().code(), pg::errc::needs_own_connection) << sql;
        EXPECT_EQ(x.error().outcome(), outcome::completed) << sql;
        EXPECT_EQ(y.error().code(), coda::errc::connection_lost) << sql;
        EXPECT_EQ(y.error().outcome(), outcome::unknown) << sql;
        EXPECT_FALSE(on->usable()) << sql;
    };
    run(changed_by("begin"));
    EXPECT_EQ(server().count("select count(*) from " + table), 0);
    for (auto const* sql : {"set work_mem = '1MB'", "listen x", "declare c cursor with hold for select 1",
                            "prepare p as select 1", "reset work_mem"})
        run(changed_by(sql));
    server().ask("drop table " + table);
}

} // namespace postgres_sharing_test
