// SPDX-License-Identifier: BSL-1.0
// Many statements in one text.
#include "on_postgres.hpp"
#include "support/cancel_everywhere.hpp"
#include "support/fault_proxy.hpp"

namespace postgres_script_test {

using namespace std::chrono_literals;
namespace pg = coda::pg;
using coda::as_result;
using coda::outcome;
using coda::scope;
using coda::task;
using coda::test::gives;

class a_script : public coda::test::on_postgres_table {
protected:
    a_script() : on_postgres_table("n int unique, name text") {}

    // Of a script that has failed: at which statement, and how many stand.
    static void expect_failed(coda::result<std::size_t> const& r, coda::error_code code, std::size_t index,
                              std::size_t stored) {
        ASSERT_TRUE(r.has_error());
        EXPECT_EQ(r.error().code(), code) << r.error().message();
        EXPECT_EQ(r.error().outcome(), outcome::completed);
        auto const* const which = r.error().details<pg::batch_error>();
        ASSERT_NE(which, nullptr);
        EXPECT_EQ(which->index, index) << r.error().message();
        EXPECT_EQ(which->stored, stored);
    }
};
CODA_ON_EVERY_LOOP(a_script);

TEST_P(a_script, runs_all_its_statements) {
    auto db = connected();
    auto const sql = fmt::format(R"(
        -- a comment; with a semicolon
        insert into {0} values (1, 'a;b'), (2, $$c;'d$$);
        select * from {0};
        create function {0}_f() returns int language plpgsql as $f$ begin return 1; end $f$;
        drop function {0}_f();;
        insert into {0} select n + 10, name from {0})",
                                 table());
    auto const body = [&]() -> task<> {
        co_await gives(db->run_script(sql), 5u);
        co_await gives(db->query_one<std::string>("select name from " + table() + " where n = 12"), "c;'d");
        co_await gives(db->run_script(""), 1u, "PostgreSQL answers that too");
        co_await gives(db->run_script("select 1"), 1u);
    };
    run(body());
    EXPECT_EQ(stored(), 4);
}

TEST_P(a_script, that_fails_has_done_nothing) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        auto const sql = fmt::format("insert into {0} values (1); insert into {0} values (1); select 1", table());
        expect_failed(co_await as_result(db->run_script(sql)), pg::sqlstate::unique_violation, 1, 0);
        co_await gives(db->query_one<std::int32_t>("select 42"), 42);
        auto const nonsense = fmt::format("insert into {} values (1); selekt", table());
        expect_failed(co_await as_result(db->run_script(nonsense)), pg::make_sqlstate("42601"), 0, 0);
        co_await gives(db->query_one<std::int32_t>("select 43"), 43);
    };
    run(body());
    EXPECT_EQ(stored(), 0);
}

TEST_P(a_script, that_ends_transactions_itself_keeps_what_it_has_committed) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        auto const sql = fmt::format(
            "begin; insert into {0} values (1); commit; insert into {0} values (2); insert into {0} values (1)",
            table());
        auto const r = co_await as_result(db->run_script(sql));
        expect_failed(r, pg::sqlstate::unique_violation, 4, 3);
        EXPECT_EQ(r.error().kind(), coda::error_class::permanent);
    };
    run(body());
    EXPECT_EQ(stored_numbers(), "1");
}

// As with statements one by one: what comes next is in it, until somebody ends it.
TEST_P(a_script, may_leave_a_transaction_open) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        co_await db->run_script(fmt::format("begin; insert into {} values (1)", table()));
        co_await db->execute(insert(), 2, "b");
        co_await db->execute("rollback");
        auto const failing = fmt::format("begin; insert into {0} values (1); insert into {0} values (1)", table());
        expect_failed(co_await as_result(db->run_script(failing)), pg::sqlstate::unique_violation, 2, 0);
        auto const behind = co_await as_result(db->query("select 1"));
        EXPECT_EQ(behind.error().code(), pg::make_sqlstate("25P02"));
        co_await db->reset();
        co_await gives(db->query_one<std::int32_t>("select 42"), 42);
    };
    run(body());
    EXPECT_EQ(stored(), 0);
}

TEST_P(a_script, keeps_its_place_among_statements) {
    auto db = connected({.max_in_flight = 4});
    auto const numbered = [&](int i) -> task<> {
        auto const sql = fmt::format("insert into {0} select {1}, count(*)::text from {0}", table(), i);
        if (i % 5 == 0)
            co_await db->run_script(sql);
        else
            co_await db->execute(sql);
    };
    auto const all = [&](scope& s) -> task<> {
        for (int i = 0; i < 50; ++i) {
            s.spawn(numbered(i));
            if (i % 7 == 0) co_await coda::yield();
        }
    };
    run(coda::with_scope(all));
    EXPECT_EQ(server().count("select count(*) from " + table() + " where n::text = name"), 50);
}

TEST_P(a_script, drops_rows_as_they_come) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        co_await gives(db->run_script("select repeat('x', 1000) from generate_series(1, 20000); select 1"), 2u);
        co_await gives(db->query_one<std::int32_t>("select 42"), 42);
    };
    run(body());
}

// It has libpq give rows one by one, and what comes next must not.
TEST_P(a_script, leaves_the_connection_as_it_was_for_whatever_comes_next) {
    for (std::size_t const cache : {256u, 0u}) {
        auto db = connected({.statement_cache = cache});
        std::vector<std::int32_t> const numbers = {1, 2, 3};
        auto const five = [&]() { return db->query<std::int32_t>("select generate_series(1, 5)"); };
        auto const scripted = [&]() -> task<> { co_await gives(db->run_script("select 1; select 2"), 2u); };
        auto const body = [&]() -> task<> {
            for (int i = 0; i < 2; ++i) { // what is prepared is prepared
                co_await scripted();
                EXPECT_EQ((co_await five()).size(), 5u);
                co_await scripted();
                EXPECT_EQ((co_await coda::with_timeout(60s, five())).size(), 5u);
                co_await scripted();
                auto const both = co_await db->pipeline(pg::query<std::int32_t>("select generate_series(1, 5)"),
                                                        pg::query_one<std::int32_t>("select 7"));
                EXPECT_EQ(std::get<0>(both).size(), 5u);
                co_await scripted();
                co_await gives(db->execute_many("select $1::int4, 1", numbers), 3u);
                co_await scripted();
                auto rows = db->stream<std::int32_t>("select generate_series(1, 5)");
                int read = 0;
                while (auto const row = co_await rows.next()) EXPECT_EQ(*row, ++read);
                EXPECT_EQ(read, 5);
                co_await scripted();
                co_await scripted();
            }
        };
        run(body());
    }
}

TEST_P(a_script, that_could_not_be_sent_is_no_success) {
    coda::test::fault_proxy proxy(server().where());
    for (auto const how : {coda::test::cut::close, coda::test::cut::reset})
        for (std::size_t const size : {10'000u, 30'000u, 300'000u, 10'000'000u}) {
            pg::connection db(loop(), server().uri_at(proxy.where().port));
            auto const sql = "insert into " + table() + " values (1); -- " + std::string(size, 'x');
            auto const body = [&]() -> task<> {
                co_await db.connect();
                proxy.cut_now(how);
                EXPECT_TRUE(proxy.wait_for([](auto const& s) { return s.open == 0; })); // and the loop has not looked
                auto const r = co_await as_result(db.run_script(sql));
                EXPECT_TRUE(r.has_error()) << size;
                if (r.has_error()) EXPECT_EQ(r.error().code(), coda::errc::connection_lost) << r.error().message();
                EXPECT_FALSE(db.usable());
            };
            run(body());
        }
    EXPECT_EQ(stored(), 0);
}

// What was prepared by it, or forgotten, is known.
TEST_P(a_script, that_discards_leaves_statements_that_work) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        for (auto const* sql : {"deallocate all", "set work_mem = '1MB'; discard plans; deallocate all; select 1",
                                "discard all", "prepare p as select 1; deallocate all"}) {
            co_await gives(db->query_one<std::int32_t>("select 41 + $1::int4", 1), 42);
            co_await db->run_script(sql);
            co_await gives(db->query_one<std::int32_t>("select 41 + $1::int4", 1), 42);
        }
    };
    run(body());
}

TEST_P(a_script, is_refused_where_it_cannot_be) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        auto const zero = co_await as_result(db->run_script(std::string_view("select 1;\0 select 2", 19)));
        EXPECT_EQ(zero.error().code(), coda::errc::invalid_argument);
        auto const inside = [&](pg::transaction&) -> task<> {
            auto const r = co_await as_result(db->run_script("commit"));
            EXPECT_EQ(r.error().code(), coda::errc::invalid_argument);
            EXPECT_EQ(r.error().outcome(), outcome::not_sent);
        };
        co_await db->transaction(inside);
        auto rows = db->stream<std::int32_t>("select generate_series(1, 10000)");
        static_cast<void>(co_await rows.next());
        auto const meanwhile = co_await as_result(db->run_script("select 1"));
        EXPECT_EQ(meanwhile.error().code(), pg::errc::stream_open);
        pg::connection never(loop(), server().uri());
        auto const unconnected = co_await as_result(never.run_script("select 1"));
        EXPECT_EQ(unconnected.error().code(), coda::errc::not_connected);
    };
    run(body());
}

TEST_P(a_script, with_a_copy_costs_its_connection) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        auto const r = co_await as_result(db->run_script("select 1; copy " + table() + " to stdout"));
        EXPECT_EQ(r.error().code(), pg::errc::copy_refused) << r.error().message();
        EXPECT_FALSE(db->usable());
    };
    run(body());
}

TEST_P(a_script, that_is_cancelled_ends_on_the_server_and_the_connection_stays) {
    auto db = connected({.drain_timeout = 60s});
    auto const pid = db->backend_pid();
    auto const sql =
        fmt::format("insert into {0} values (1); select pg_sleep(600); insert into {0} values (2)", table());
    auto const body = [&]() -> task<> {
        auto const late = co_await as_result(coda::with_timeout(20ms, db->run_script(sql)));
        EXPECT_EQ(late.error().code(), coda::errc::timed_out) << late.error().message();
        EXPECT_EQ(late.error().outcome(), outcome::unknown);
        co_await gives(db->query_one<std::int32_t>("select pg_backend_pid()"), pid);
    };
    run(body());
    EXPECT_EQ(stored(), 0);
}

TEST_P(a_script, cancelled_anywhere_tells_the_truth) {
    auto db = connected({.drain_timeout = 60s});
    int attempts = 0;
    auto const attempt = [&]() -> task<bool> {
        auto const n = ++attempts;
        auto const sql = fmt::format("select 1; insert into {} values ({}); select 2", table(), n);
        auto const r = co_await as_result(db->run_script(sql));
        auto const kept = fmt::format("select count(*) from {} where n = {}", table(), n);
        std::int64_t rows = 0;
        auto const look = [&]() -> task<> { rows = co_await db->query_one<std::int64_t>(kept); };
        co_await coda::shield(look());
        if (r.has_value()) {
            EXPECT_EQ(rows, 1);
        } else if (r.error().outcome() == outcome::not_sent) {
            EXPECT_EQ(rows, 0);
        }
        co_return r.has_value();
    };
    EXPECT_GT(run(coda::test::cancel_everywhere(attempt)), 0);
}

TEST_P(a_script, whose_connection_is_cut_is_unknown) {
    coda::test::fault_proxy proxy(server().where());
    for (std::uint64_t at = 0; at < 400; at += 13) {
        pg::connection db(loop(), server().uri_at(proxy.where().port));
        auto const body = [&]() -> task<> {
            co_await db.connect();
            proxy.apply({.to_client = {.cut_after = at}});
            auto const sql = "select 1; select repeat('x', 200); select 2";
            auto const r = co_await as_result(db.run_script(sql));
            if (r.has_value()) co_return;
            EXPECT_EQ(r.error().code(), coda::errc::connection_lost) << r.error().message();
            EXPECT_EQ(r.error().outcome(), outcome::unknown);
            EXPECT_FALSE(db.usable());
        };
        run(body());
        db.abort();
        proxy.apply_to_new({});
    }
}

TEST_P(a_script, is_one_statement_to_its_observer) {
    struct seen final : pg::statement_observer {
        void on_statement(pg::statement_event const& e) noexcept override {
            texts.emplace_back(e.sql);
            affected += e.affected;
        }
        std::vector<std::string> texts;
        std::uint64_t affected = 0;
    } seen;
    auto db = connected({.observer = &seen});
    auto const sql = fmt::format("insert into {0} values (1); insert into {0} values (2), (3)", table());
    auto const body = [&]() -> task<> { co_await db->run_script(sql); };
    run(body());
    EXPECT_EQ(seen.texts, std::vector<std::string>{sql});
    EXPECT_EQ(seen.affected, 3u);
}

} // namespace postgres_script_test
