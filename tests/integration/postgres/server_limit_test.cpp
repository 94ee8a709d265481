// SPDX-License-Identifier: BSL-1.0
// How much of a deadline is left, as the server is told of it with a statement on a connection of one's own.
#include "on_postgres.hpp"
#include "support/fault_proxy.hpp"

namespace postgres_server_limit_test {

using namespace std::chrono_literals;
namespace pg = coda::pg;
using coda::as_result;
using coda::scope;
using coda::task;
using coda::test::gives;
using coda::test::until;

class server_limit : public coda::test::on_postgres {
protected:
    // In milliseconds, as the statement itself finds it; 0: none.
    static task<std::int64_t> told(auto& db) {
        co_return co_await db.template query_value<std::int64_t>(
            "select setting::int8 from pg_settings where name = 'statement_timeout'");
    }
    // Under a deadline so far away.
    static task<std::int64_t> told_under(auto& db, coda::duration left) {
        auto const asked = co_await as_result(coda::with_timeout(left, told(db)));
        EXPECT_TRUE(asked.has_value()) << asked.error().message();
        co_return asked.has_value() ? *asked : -1;
    }
    static void expect_between(std::int64_t ms, std::int64_t least, std::int64_t most) {
        EXPECT_GE(ms, least);
        EXPECT_LE(ms, most);
    }
};
CODA_ON_EVERY_LOOP(server_limit);

TEST_P(server_limit, is_what_is_left_of_the_deadline_and_a_second) {
    for (std::size_t const cache : {256u, 0u}) {
        auto db = connected({.statement_cache = cache});
        auto const body = [&]() -> task<> {
            for (int i = 0; i < 3; ++i) {
                expect_between(co_await told_under(*db, 60s), 1'000, 61'000);
                co_await gives(told(*db), 0, "without a deadline, and after one that had one");
            }
        };
        run(body());
    }
}

TEST_P(server_limit, comes_with_changes_of_rows_too) {
    auto db = connected();
    auto const sql = "insert into t select setting::int8 from pg_settings where name = 'statement_timeout'";
    auto const body = [&]() -> task<> {
        co_await db->execute("create temp table t (n int8)");
        co_await coda::with_timeout(60s, db->execute(sql));
        expect_between(co_await db->query_value<std::int64_t>("select n from t"), 1'000, 61'000);
    };
    run(body());
}

TEST_P(server_limit, leaves_a_shorter_one_of_the_session_alone) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        co_await db->execute("set statement_timeout = '5s'");
        co_await gives(told_under(*db, 60s), 5'000);
        co_await gives(told(*db), 5'000);
        expect_between(co_await told_under(*db, 2s), 1'000, 3'000);
        co_await gives(told(*db), 5'000);
    };
    run(body());
}

// There it would stay until the end.
TEST_P(server_limit, is_not_told_in_a_transaction_of_the_callers) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        co_await db->execute("begin");
        co_await gives(told_under(*db, 60s), 0);
        co_await db->execute("commit");
        auto const behind_begin = [&](scope& s) -> task<> {
            auto begun = s.spawn(db->execute("begin"));
            co_await coda::yield();
            co_await gives(told_under(*db, 60s), 0);
            co_await begun.join();
        };
        co_await coda::with_scope(behind_begin);
        co_await gives(told(*db), 0);
        co_await db->execute("rollback");
    };
    run(body());
}

TEST_P(server_limit, is_not_told_where_nobody_wants_it) {
    auto db = connected({.send_deadline = false});
    pg::client shared(loop(), server().uri());
    auto const body = [&]() -> task<> {
        co_await gives(told_under(*db, 60s), 0);
        co_await gives(told_under(shared, 60s), 0);
        co_await shared.close();
    };
    run(body());
}

// What may not stand in a transaction with others.
TEST_P(server_limit, does_not_hinder_what_must_run_alone) {
    auto db = connected();
    auto const table = server().fresh_name();
    auto const body = [&]() -> task<> {
        co_await coda::with_timeout(60s, db->execute("create table " + table + " (n int)"));
        co_await coda::with_timeout(60s, db->execute("vacuum " + table));
        co_await coda::with_timeout(60s, db->execute("create index concurrently on " + table + " (n)"));
        co_await coda::with_timeout(60s, db->execute("drop table " + table));
    };
    run(body());
}

TEST_P(server_limit, outlives_that_the_session_forgot_what_was_prepared) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        for (int i = 0; i < 3; ++i) {
            expect_between(co_await told_under(*db, 60s), 1'000, 61'000);
            co_await db->execute("discard all");
        }
    };
    run(body());
}

TEST_P(server_limit, lets_errors_and_what_has_outlived_its_preparation_through) {
    auto db = connected({.statement_cache = 2});
    auto const table = server().fresh_name();
    auto const select = "select * from " + table;
    auto const body = [&]() -> task<> {
        server().ask("create table " + table + " (a int)");
        for (std::size_t columns = 1; columns < 5; ++columns) {
            auto const rows = co_await coda::with_timeout(60s, db->query(select));
            EXPECT_EQ(rows.columns(), columns);
            auto const failed = co_await as_result(coda::with_timeout(60s, db->query("select 1 / (1 - $1::int4)", 1)));
            EXPECT_EQ(failed.error().code(), pg::make_sqlstate("22012"));
            server().ask(fmt::format("alter table {} add b{} int", table, columns));
        }
        EXPECT_EQ(db->statement_statistics().again, 3u);
        server().ask("drop table " + table);
    };
    run(body());
}

// Nobody can ask it to cancel any more.
TEST_P(server_limit, ends_a_statement_whose_client_cannot_be_heard) {
    coda::test::fault_proxy proxy(server().where());
    pg::connection db(loop(), server().uri_at(proxy.where().port), {.drain_timeout = 60s, .cancel_on_server = false});
    auto const body = [&]() -> task<> {
        co_await db.connect();
        auto const late = co_await as_result(coda::with_timeout(20ms, db.query("select pg_sleep(600)")));
        EXPECT_EQ(late.error().code(), coda::errc::timed_out);
        co_await until([&] { return server().active() == 0; }, "the server goes on");
        co_await gives(db.query_one<std::int32_t>("select 42"), 42);
    };
    run(body());
}

} // namespace postgres_server_limit_test
