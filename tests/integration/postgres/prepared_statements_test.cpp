// SPDX-License-Identifier: BSL-1.0
#include "on_postgres.hpp"

#include <ranges>
#include <sstream>

namespace postgres_prepared_statements_test {

namespace pg = coda::pg;
using coda::as_result;
using coda::scope;
using coda::task;
using coda::test::gives;
using coda::test::until;

class a_prepared_statement : public coda::test::on_postgres {
protected:
    static task<std::int64_t> prepared(pg::connection& db) {
        co_return co_await db.query_one<std::int64_t>("select count(*) from pg_prepared_statements");
    }
};
CODA_ON_EVERY_LOOP(a_prepared_statement);

TEST_P(a_prepared_statement, is_prepared_once) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        for (int i = 0; i < 10; ++i) co_await db->query("select $1::int4", i);
        co_await gives(prepared(*db), 2, "it, and the one that counts");
        co_await gives(prepared(*db), 2);
        co_await db->query("select $1::int4", std::int64_t{5});
        co_await gives(prepared(*db), 3, "another type, another statement");
    };
    run(body());
}

TEST_P(a_prepared_statement, leaves_when_there_is_no_room) {
    for (std::size_t const capacity : {0u, 1u, 2u, 7u}) {
        auto db = connected({.statement_cache = capacity});
        auto const body = [&]() -> task<> {
            for (int i = 0; i < 60; ++i) {
                int const n = i % 10;
                co_await gives(db->query_one<std::int32_t>(fmt::format("select {} + $1::int4", n), 1), n + 1);
                auto const count = co_await prepared(*db);
                EXPECT_LE(count, static_cast<std::int64_t>(capacity));
            }
        };
        run(body());
    }
}

TEST_P(a_prepared_statement, leaves_under_load_too) {
    auto db = connected({.max_in_flight = 4, .statement_cache = 2});
    auto const ask = [&](int i) -> task<> {
        co_await gives(db->query_one<std::int32_t>(fmt::format("select {} + $1::int4", i % 9), i), i % 9 + i);
    };
    auto const body = [&](scope& s) -> task<> {
        for (int i = 0; i < 1000; ++i) s.spawn(ask(i));
        co_return;
    };
    run(coda::with_scope(body));
    auto const check = [&]() -> task<> {
        auto const count = co_await prepared(*db);
        EXPECT_LE(count, 2);
    };
    run(check());
}

TEST_P(a_prepared_statement, works_again_after_its_table_was_changed) {
    auto db = connected();
    auto const table = server().fresh_name();
    auto const body = [&]() -> task<> {
        server().ask("create table " + table + "(a int)");
        server().ask("insert into " + table + " values (1)");
        auto const sql = "select * from " + table;
        auto const before = co_await db->query(sql);
        EXPECT_EQ(before.columns(), 1u);
        server().ask("alter table " + table + " add b text default 'x'");
        // The server tells that the plan no longer fits: it is prepared again.
        auto const after = co_await db->query(sql);
        EXPECT_EQ(after.columns(), 2u);
        auto const count = co_await prepared(*db);
        EXPECT_LE(count, 2) << "the old one is gone from the server";

        server().ask("drop table " + table);
        auto const dropped = co_await as_result(db->query(sql));
        EXPECT_EQ(dropped.error().code(), pg::sqlstate::undefined_table);
        server().ask("create table " + table + "(c text)");
        auto const at_last = co_await db->query(sql);
        EXPECT_EQ(at_last.column_name(0), "c");
        server().ask("drop table " + table);
    };
    run(body());
}

TEST_P(a_prepared_statement, works_again_after_the_session_forgot_it) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        for (auto const* forget : {"deallocate all", "discard all", "do $$ begin execute 'deallocate all'; end $$"}) {
            co_await gives(db->query_one<std::int32_t>("select 41 + $1::int4", 1), 42);
            co_await db->execute(forget);
            co_await gives(db->query_one<std::int32_t>("select 41 + $1::int4", 1), 42);
        }
    };
    run(body());
}

// The first statement there fails, and with it the transaction; the next one works.
TEST_P(a_prepared_statement, whose_table_was_changed_tells_so_within_a_transaction) {
    auto db = connected();
    auto const table = server().fresh_name();
    auto const body = [&]() -> task<> {
        server().ask("create table " + table + "(a int)");
        auto const sql = "select * from " + table;
        co_await db->query(sql);
        server().ask("alter table " + table + " add b int");
        co_await db->execute("begin");
        auto const changed = co_await as_result(db->query(sql));
        EXPECT_EQ(changed.error().code(), pg::make_sqlstate("0A000"));
        EXPECT_EQ(changed.error().outcome(), coda::outcome::completed);
        auto const failed = co_await as_result(db->query("select 1"));
        EXPECT_EQ(failed.error().code(), pg::make_sqlstate("25P02"));
        co_await db->execute("rollback");
        co_await db->execute("begin");
        auto const rows = co_await db->query(sql);
        EXPECT_EQ(rows.columns(), 2u);
        co_await db->execute("commit");
        EXPECT_EQ(db->statement_statistics().again, 0u);
        server().ask("drop table " + table);
    };
    run(body());
}

// What the server has forgotten it is not told to forget once more, which would fail.
TEST_P(a_prepared_statement, that_the_session_forgot_works_within_a_transaction) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        int round = 0;
        for (auto const* forget : {"deallocate all", "do $$ begin execute 'deallocate all'; end $$"}) {
            co_await gives(db->query_one<std::int32_t>("select 41 + $1::int4", 1), 42);
            co_await db->execute(forget);
            co_await gives(db->query_one<std::int32_t>("select 41 + $1::int4", 1), 42);
            co_await db->execute(fmt::format("begin -- {}", ++round));
            co_await gives(db->query_one<std::int32_t>("select 41 + $1::int4", 1), 42);
            co_await gives(db->query_one<std::int32_t>(fmt::format("select {}", round)), round);
            co_await db->execute(fmt::format("commit -- {}", round));
        }
    };
    run(body());
}

// It has failed in its place, and would run behind what came after it.
TEST_P(a_prepared_statement, whose_table_was_changed_does_not_change_places_with_what_was_sent_behind_it) {
    auto db = connected();
    auto const table = server().fresh_name();
    auto const body = [&](scope& s) -> task<> {
        server().ask("create table " + table + "(a int)");
        auto const sql = "select * from " + table;
        co_await db->query(sql);
        server().ask("alter table " + table + " add b int");
        auto first = s.spawn(as_result(db->query(sql)));
        auto begin = s.spawn(db->execute("begin"));
        auto const changed = co_await first.join();
        EXPECT_EQ(changed.error().code(), pg::make_sqlstate("0A000"));
        co_await begin.join();
        auto const rows = co_await db->query(sql);
        EXPECT_EQ(rows.columns(), 2u);
        co_await db->execute("rollback");
        server().ask("drop table " + table);
    };
    run(coda::with_scope(body));
}

// On a client nothing depends on the order: all of them run again, those that were grouped as well.
TEST_P(a_prepared_statement, whose_table_was_changed_runs_again_for_all_who_share_the_connection) {
    auto const table = server().fresh_name();
    auto const sql = "select * from " + table;
    for (auto const kind : {pg::grouping::off, pg::grouping::automatic}) {
        pg::client db(loop(), server().uri(), {.connections = 1, .grouping = kind});
        auto const ask = [&](std::size_t columns) -> task<> {
            auto const rows = co_await db.query(sql);
            EXPECT_EQ(rows.columns(), columns);
        };
        auto const all = [&](std::size_t columns) -> task<> {
            auto const many = [&](scope& s) -> task<> {
                for (int i = 0; i < 40; ++i) s.spawn(ask(columns));
                co_return;
            };
            co_await coda::with_scope(many);
        };
        auto const body = [&]() -> task<> {
            server().ask("create table " + table + "(a int)");
            co_await db.query(sql);
            co_await all(1);
            for (std::size_t columns = 2; columns < 6; ++columns) {
                server().ask(fmt::format("alter table {} add c{} int", table, columns));
                co_await all(columns);
            }
            EXPECT_GE(db.statement_statistics().again, 4u);
            server().ask("drop table " + table);
            co_await db.close();
        };
        run(body());
    }
}

// The types of parameters and columns are others; the server does not say that of the preparation, but of the
// statement.
TEST_P(a_prepared_statement, fits_again_after_a_column_got_another_type) {
    auto db = connected();
    auto const table = server().fresh_name();
    auto const body = [&]() -> task<> {
        server().ask("create table " + table + "(a int, b text)");
        auto const insert = "insert into " + table + "(b) values ($1)";
        auto const select = "select b from " + table;
        co_await gives(db->execute(insert, std::string("00000000-0000-0000-0000-000000000001")), 1u);
        co_await gives(db->query_one<std::string>(select), "00000000-0000-0000-0000-000000000001");
        server().ask("alter table " + table + " alter b type uuid using b::uuid");
        co_await gives(db->execute(insert, std::string("00000000-0000-0000-0000-000000000002")), 1u);
        auto const rows = co_await db->query(select);
        EXPECT_EQ(rows.size(), 2u);
        EXPECT_EQ(rows.column_type(0), 2950u);
        EXPECT_EQ(db->statement_statistics().again, 2u);
        server().ask("drop table " + table);
    };
    run(body());
}

TEST_P(a_prepared_statement, works_again_after_the_type_of_its_parameter_was_made_anew) {
    auto db = connected();
    auto const type = server().fresh_name();
    auto const table = type + "_table";
    auto const body = [&]() -> task<> {
        for (int round = 0; round < 3; ++round) {
            server().ask("create type " + type + " as enum ('a', 'b')");
            server().ask("create table " + table + "(a " + type + ")");
            co_await gives(db->execute("insert into " + table + " values ($1)", std::string("b")), 1u);
            server().ask("drop table " + table);
            server().ask("drop type " + type);
        }
    };
    run(body());
}

// What has run a second time has been undone the first time, or was never run.
TEST_P(a_prepared_statement, that_writes_has_written_once) {
    auto db = connected();
    auto const table = server().fresh_name();
    auto const body = [&]() -> task<> {
        server().ask("create table " + table + "(a int)");
        auto const insert = "insert into " + table + "(a) values ($1) returning *";
        for (int i = 0; i < 5; ++i) {
            auto const rows = co_await db->query(insert, i);
            EXPECT_EQ(rows.columns(), 1u + static_cast<unsigned>(i));
            server().ask(fmt::format("alter table {} add b{} int", table, i));
        }
        EXPECT_EQ(db->statement_statistics().again, 4u);
        EXPECT_EQ(server().count("select count(*) from " + table), 5);
        server().ask("drop table " + table);
    };
    run(body());
}

// Streams, flights of many sets and pipelines as well.
TEST_P(a_prepared_statement, whose_table_was_changed_runs_again_whatever_form_it_has) {
    auto db = connected();
    pg::client shared(loop(), server().uri(), {.connections = 1});
    auto const table = server().fresh_name();
    auto const insert = "insert into " + table + "(a) values ($1) returning *";
    auto const select = "select a from " + table;
    std::vector<std::int32_t> const numbers = {1, 2, 3};
    auto const all_forms = [&](auto& on) -> task<> {
        co_await gives(on.execute_many(insert, numbers), 3u);
        co_await gives(on.execute_many(insert, numbers, {.atomic = false, .chunk = 2}), 3u);
        auto const both = co_await on.pipeline(pg::execute(insert, 4), pg::query(select));
        EXPECT_EQ(std::get<0>(both), 1u);
        EXPECT_GE(std::get<1>(both).size(), 7u);
    };
    auto const sum = [&]() -> task<std::int64_t> {
        std::int64_t all = 0;
        auto rows = db->stream<std::int64_t>(select);
        while (auto const row = co_await rows.next()) all += *row;
        co_return all;
    };
    auto const body = [&]() -> task<> {
        server().ask("create table " + table + "(a int)");
        std::int64_t rounds = 0;
        for (auto const* change : {"add b int", "alter a type bigint", "add c int", "alter a type int"}) {
            co_await all_forms(*db);
            co_await all_forms(shared);
            co_await gives(sum(), 2 * 16 * ++rounds);
            server().ask("alter table " + table + " " + change);
        }
        server().ask("drop table " + table);
        co_await shared.close();
    };
    run(body());
}

// A flight that outdates its own statements would be outdated each time.
TEST_P(a_prepared_statement, that_its_own_flight_outdates_is_an_error) {
    auto db = connected();
    pg::client shared(loop(), server().uri(), {.connections = 1});
    auto const table = server().fresh_name();
    auto const select = "select * from " + table;
    auto const alter = "alter table " + table + " add b int";
    auto const body = [&]() -> task<> {
        server().ask("create table " + table + "(a int)");
        auto const own = co_await as_result(db->pipeline(pg::query(select), pg::execute(alter), pg::query(select)));
        EXPECT_EQ(own.error().code(), pg::make_sqlstate("0A000"));
        auto const others = co_await as_result(shared.pipeline(
            pg::query(select), pg::execute("do $$ begin execute 'deallocate all'; end $$"), pg::query(select)));
        EXPECT_EQ(others.error().code(), pg::make_sqlstate("26000"));
        server().ask("drop table " + table);
        co_await shared.close();
    };
    run(body());
}

// What came before it may have ended its transaction, and stands.
TEST_P(a_prepared_statement, of_a_flight_that_may_have_committed_is_an_error) {
    auto db = connected();
    auto const table = server().fresh_name();
    auto const select = "select * from " + table;
    auto const insert = "insert into " + table + " values (7)";
    auto const body = [&]() -> task<> {
        server().ask("create table " + table + "(a int)");
        co_await db->query(select);
        server().ask("alter table " + table + " add b int");
        auto const r = co_await as_result(
            db->pipeline(pg::execute("begin"), pg::execute(insert), pg::execute("commit"), pg::query(select)));
        EXPECT_EQ(r.error().code(), pg::make_sqlstate("0A000"));
        EXPECT_EQ(server().count("select count(*) from " + table), 1);
        server().ask("drop table " + table);
    };
    run(body());
}

TEST_P(a_prepared_statement, that_the_session_forgot_runs_again_whatever_form_it_has) {
    auto db = connected();
    std::vector<std::int32_t> const numbers = {1, 2, 3};
    auto const body = [&]() -> task<> {
        for (int round = 0; round < 3; ++round) {
            co_await gives(db->execute_many("select $1::int4", numbers), 3u);
            co_await db->execute("do $$ begin execute 'deallocate all'; end $$");
            auto const [n] = co_await db->pipeline(pg::query_one<std::int32_t>("select $1::int4", 4));
            EXPECT_EQ(n, 4);
            co_await db->execute("do $$ begin execute 'deallocate all'; end $$");
            auto rows = db->stream<std::int32_t>("select $1::int4", 5);
            auto const row = co_await rows.next();
            EXPECT_EQ(row, 5);
            auto const end = co_await rows.next();
            EXPECT_FALSE(end.has_value());
            co_await db->execute("do $$ begin execute 'deallocate all'; end $$");
        }
    };
    run(body());
}

// Not within a transaction, which has failed, nor where others are queued behind it.
TEST_P(a_prepared_statement, of_a_flight_does_not_change_places_with_what_was_queued_behind_it) {
    auto db = connected();
    std::vector<std::int32_t> const numbers = {1, 2, 3};
    auto const many = [&]() { return db->execute_many("select $1::int4", numbers); };
    auto const body = [&](scope& s) -> task<> {
        co_await gives(many(), 3u);
        co_await db->execute("do $$ begin execute 'deallocate all'; end $$");
        auto first = s.spawn(as_result(many()));
        auto behind = s.spawn(db->execute("select 1"));
        auto const told = co_await first.join();
        EXPECT_EQ(told.error().code(), pg::make_sqlstate("26000"));
        co_await behind.join();
        co_await gives(many(), 3u);
        co_await db->execute("begin");
        co_await db->execute("do $$ begin execute 'deallocate all'; end $$ -- once more");
        auto const inside = co_await as_result(many());
        EXPECT_EQ(inside.error().code(), pg::make_sqlstate("26000"));
        co_await db->execute("rollback");
        co_await gives(many(), 3u);
    };
    run(coda::with_scope(body));
}

// What it reads once it cannot send twice; the next time it works.
TEST_P(a_prepared_statement, of_sets_that_can_be_read_only_once_tells_that_it_was_changed) {
    auto db = connected();
    auto const table = server().fresh_name();
    auto const insert = "insert into " + table + " values ($1) returning *";
    auto const body = [&]() -> task<> {
        server().ask("create table " + table + "(a int)");
        auto const store = [&]() -> coda::operation<std::uint64_t> {
            std::istringstream text("1 2 3");
            auto numbers = std::views::istream<std::int32_t>(text);
            auto const stored = co_await as_result(db->execute_many(insert, numbers));
            co_return stored;
        };
        co_await gives(store(), 3u);
        server().ask("alter table " + table + " add b int");
        auto const changed = co_await as_result(store());
        EXPECT_EQ(changed.error().code(), pg::make_sqlstate("0A000"));
        EXPECT_EQ(changed.error().outcome(), coda::outcome::completed);
        co_await gives(store(), 3u);
        EXPECT_EQ(server().count("select count(*) from " + table), 6);
        server().ask("drop table " + table);
    };
    run(body());
}

TEST_P(a_prepared_statement, is_counted) {
    auto db = connected({.statement_cache = 2});
    auto none = connected({.statement_cache = 0});
    auto const body = [&]() -> task<> {
        for (int i = 0; i < 10; ++i) {
            co_await db->query("select $1::int4", i);
            co_await none->query("select $1::int4", i);
        }
        auto const some = db->statement_statistics();
        EXPECT_EQ(some.prepared, 1u);
        EXPECT_EQ(some.hits, 9u);
        EXPECT_EQ(some.unprepared, 0u);
        EXPECT_EQ(some.again, 0u);
        EXPECT_EQ(none->statement_statistics().unprepared, 10u);
        EXPECT_EQ(none->statement_statistics().prepared, 0u);
        db->abort();
        co_await db->connect();
        co_await db->query("select $1::int4", 1);
        EXPECT_EQ(db->statement_statistics().prepared, 2u) << "another connection, the same count";
    };
    run(body());
}

// Its own errors must not leave one more statement on the server each time.
TEST_P(a_prepared_statement, that_fails_when_run_is_not_left_behind) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        for (auto const* state : {"0A000", "26000", "22012"})
            for (int i = 0; i < 20; ++i) {
                auto const sql = fmt::format("do $$ begin raise exception 'no' using errcode = '{}'; end $$", state);
                auto const r = co_await as_result(db->execute(sql));
                EXPECT_EQ(r.error().code(), pg::make_sqlstate(state));
            }
        for (int i = 0; i < 20; ++i) co_await as_result(db->execute("deallocate no_such_statement"));
        co_await db->query("select 'another'"); // has the last one forgotten
        auto const count = co_await prepared(*db);
        EXPECT_LE(count, 8);
    };
    run(body());
}

TEST_P(a_prepared_statement, whose_text_is_wrong_fails_for_each_who_asks_at_once) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        for (int round = 0; round < 5; ++round) {
            auto a = as_result(db->query("selekt $1", round));
            auto b = as_result(db->query("selekt $1", round));
            auto c = as_result(db->query_one<std::int32_t>("select $1::int4", round));
            auto const [x, y, z] = co_await coda::when_all(std::move(a), std::move(b), std::move(c));
            EXPECT_EQ(x.error().code(), pg::sqlstate::syntax_error);
            EXPECT_EQ(y.error().code(), pg::sqlstate::syntax_error);
            EXPECT_EQ(z.value(), round);
        }
        auto const count = co_await prepared(*db);
        EXPECT_LE(count, 2);
    };
    run(body());
}

TEST_P(a_prepared_statement, whose_caller_left_is_still_remembered) {
    auto db = connected();
    auto const key = server().fresh_key();
    server().lock(key);
    auto const body = [&](scope& s) -> task<> {
        auto slow = s.spawn(db->execute("select pg_advisory_lock($1)", key));
        co_await until([&] { return server().waiting_for(key) == 1; });
        co_await gives(slow.cancel(), coda::outcome::unknown);
        server().unlock(key);
        co_await db->execute("select pg_advisory_unlock($1)", key);
        co_await gives(
            db->query_one<std::int64_t>(
                "select count(*) from pg_prepared_statements where statement like 'select pg_advisory_lock(%'"),
            1);
    };
    run(coda::with_scope(body));
}

TEST_P(a_prepared_statement, in_a_failed_transaction_is_not_lost) {
    auto db = connected({.statement_cache = 2});
    auto const body = [&]() -> task<> {
        co_await db->execute("begin");
        co_await as_result(db->execute("select 1/0"));
        for (int i = 0; i < 5; ++i) {
            auto const r = co_await as_result(db->query(fmt::format("select {}", i)));
            EXPECT_EQ(r.error().code(), pg::make_sqlstate("25P02"));
        }
        co_await db->execute("rollback");
        for (int i = 0; i < 10; ++i) co_await gives(db->query_one<std::int32_t>(fmt::format("select {}", i)), i);
    };
    run(body());
}

} // namespace postgres_prepared_statements_test
