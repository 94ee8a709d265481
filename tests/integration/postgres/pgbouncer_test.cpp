// SPDX-License-Identifier: BSL-1.0
// Through PgBouncer in transaction mode, with statement_cache = 0: each transaction may meet another of the server's
// sessions, so that nothing may be left in one.
#include "on_postgres.hpp"
#include "support/own_pgbouncer.hpp"

#include <coda/pool.hpp>

#include <set>

namespace postgres_pgbouncer_test {

using namespace std::chrono_literals;
namespace pg = coda::pg;
using coda::as_result;
using coda::outcome;
using coda::scope;
using coda::task;
using coda::test::gives;
using coda::test::until;

class through_pgbouncer : public coda::test::on_postgres {
protected:
    void SetUp() override {
        coda::test::require_server("CODA_TEST_PGBOUNCER_PROGRAM");
        if (!IsSkipped() && !HasFatalFailure()) on_postgres::SetUp();
    }
    void TearDown() override {
        bouncer_.reset();
        on_postgres::TearDown();
    }

    void start(unsigned connections) { bouncer_.emplace(connections); }
    std::string uri() { return bouncer_->uri("&application_name=" + server().mark()); }
    static constexpr pg::connection_options options() { return {.statement_cache = 0}; }
    pg::client_options shared(std::size_t connections, pg::grouping kind = pg::grouping::asked) const {
        return {.connections = connections, .connection = options(), .grouping = kind};
    }
    std::unique_ptr<pg::connection> connected() {
        auto db = std::make_unique<pg::connection>(loop(), uri(), options());
        auto const body = [&]() -> task<> { co_await db->connect(); };
        run(body());
        return db;
    }

private:
    std::optional<coda::test::own_pgbouncer> bouncer_;
};
CODA_ON_EVERY_LOOP(through_pgbouncer);

// Why the option is needed.
TEST_P(through_pgbouncer, prepared_statements_meet_those_of_others) {
    start(1);
    pg::connection a(loop(), uri());
    pg::connection b(loop(), uri());
    auto const body = [&]() -> task<> {
        co_await a.connect();
        co_await b.connect();
        co_await gives(a.query_one<std::int32_t>("select 1"), 1);
        auto const met = co_await as_result(b.query_one<std::int32_t>("select 2"));
        EXPECT_EQ(met.error().code(), pg::make_sqlstate("42P05")) << "it exists already";
    };
    run(body());
}

TEST_P(through_pgbouncer, scripts_and_deadlines_that_are_told_work) {
    start(2);
    auto db = connected();
    auto const limit = "select setting::int8 from pg_settings where name = 'statement_timeout'";
    auto const body = [&]() -> task<> {
        for (int i = 0; i < 5; ++i) {
            co_await gives(db->run_script("select 1; select 2; select 3"), 3u);
            auto const told = co_await coda::with_timeout(60s, db->query_value<std::int64_t>(limit));
            EXPECT_GT(told, 1'000);
            co_await gives(db->query_value<std::int64_t>(limit), 0);
            auto const failed = co_await as_result(db->run_script("select 1; select 1 / 0"));
            EXPECT_EQ(failed.error().code(), pg::make_sqlstate("22012"));
        }
    };
    run(body());
}

TEST_P(through_pgbouncer, flights_and_streams_work_outside_of_transactions) {
    start(2);
    auto db = connected();
    std::vector<std::int32_t> const numbers = {1, 2, 3};
    auto const body = [&]() -> task<> {
        for (int i = 0; i < 5; ++i) {
            co_await gives(db->execute_many("select $1::int4", numbers), 3u);
            auto const both = co_await db->pipeline(pg::execute("select 1"), pg::query_one<std::int32_t>("select 2"));
            EXPECT_EQ(std::get<1>(both), 2);
            auto rows = db->stream<std::int32_t>("select generate_series(1, 1000)");
            int read = 0;
            while (auto const row = co_await rows.next()) EXPECT_EQ(*row, ++read);
            EXPECT_EQ(read, 1'000);
        }
    };
    run(body());
}

TEST_P(through_pgbouncer, many_share_few_sessions) {
    start(2);
    std::vector<std::unique_ptr<pg::connection>> all;
    for (int i = 0; i < 10; ++i) all.push_back(connected());
    std::set<std::int32_t> sessions;
    auto const ask = [&](pg::connection& db, int who) -> task<> {
        for (int i = 0; i < 50; ++i) {
            co_await gives(db.query_one<std::int32_t>("select $1::int4 + 1", who * 1000 + i), who * 1000 + i + 1);
            co_await gives(db.query_one<std::string>("select $1::text", "text"), "text");
            sessions.insert(co_await db.query_one<std::int32_t>("select pg_backend_pid()"));
        }
    };
    auto const body = [&](scope& s) -> task<> {
        for (int i = 0; i < 10; ++i) s.spawn(ask(*all[static_cast<std::size_t>(i)], i));
        co_return;
    };
    run(coda::with_scope(body));
    EXPECT_LE(sessions.size(), 2u);
    EXPECT_EQ(all[0]->statement_statistics().unprepared, 150u);
    EXPECT_EQ(all[0]->statement_statistics().prepared, 0u);
}

TEST_P(through_pgbouncer, statements_are_pipelined_and_isolated) {
    start(2);
    pg::client db(loop(), uri(), shared(3));
    auto const ask = [&](int i) -> task<> {
        if (i % 7 == 0) {
            auto const failed = co_await as_result(db.query("select 1 / ($1::int4 - $1::int4)", i));
            EXPECT_EQ(failed.error().code(), pg::make_sqlstate("22012"));
        } else {
            co_await gives(db.query_one<std::int32_t>("select $1::int4", i), i);
        }
    };
    auto const body = [&]() -> task<> {
        auto const many = [&](scope& s) -> task<> {
            for (int i = 0; i < 2000; ++i) s.spawn(ask(i));
            co_return;
        };
        co_await coda::with_scope(many);
        co_await db.close();
    };
    run(body());
}

TEST_P(through_pgbouncer, reads_are_grouped_and_writes_are_not) {
    start(2);
    auto const table = server().fresh_name();
    server().ask("create table " + table + "(id int primary key)");
    pg::client db(loop(), uri(), shared(1, pg::grouping::automatic));
    std::multiset<std::string> times;
    auto const read = [&](int i) -> task<> {
        using row = std::tuple<std::int32_t, std::string>;
        auto const [back, time] = co_await db.query_one<row>("select $1::int4, now()::text", i);
        EXPECT_EQ(back, i);
        times.insert(time);
    };
    // Looks like a query to the client.
    auto const write = [&](int i) -> task<> {
        auto const sql = "with x as (insert into " + table + " values ($1) returning id) select id from x";
        co_await gives(db.query_one<std::int32_t>(sql, i), i);
    };
    auto const body = [&]() -> task<> {
        co_await db.connect();
        auto const many = [&](scope& s) -> task<> {
            for (int i = 0; i < 320; ++i) i % 40 == 39 ? s.spawn(write(i)) : s.spawn(read(i));
            co_return;
        };
        co_await coda::with_scope(many);
        co_await db.close();
    };
    run(body());
    EXPECT_EQ(server().count("select count(*) from " + table), 8) << "each once";
    std::set<std::string> const transactions(times.begin(), times.end());
    EXPECT_EQ(times.size(), 312u);
    EXPECT_LT(transactions.size(), times.size()) << "a transaction has several of them";
    server().ask("drop table " + table);
}

TEST_P(through_pgbouncer, a_transaction_has_one_session_and_a_reset_harms_nobody) {
    start(1);
    auto a = connected();
    auto b = connected();
    auto const body = [&](scope& s) -> task<> {
        for (int i = 0; i < 5; ++i) {
            co_await a->execute("begin");
            co_await a->execute("set local work_mem = '1234kB'");
            auto waits = s.spawn(b->query_one<std::string>("select current_setting('work_mem')"));
            co_await gives(a->query_one<std::string>("select current_setting('work_mem')"), "1234kB");
            co_await a->reset(); // rolls back
            EXPECT_FALSE(a->needs_reset());
            auto const theirs = co_await waits.join();
            EXPECT_NE(theirs, "1234kB") << "only the transaction's";
            co_await a->execute("discard all");
            co_await gives(a->query_one<std::int32_t>("select 1"), 1);
            co_await gives(b->query_one<std::int32_t>("select 2"), 2);
        }
    };
    run(coda::with_scope(body));
}

// With all that can be done in them; a deadline is told to the server on the way.
TEST_P(through_pgbouncer, transactions_have_one_session_each) {
    start(2);
    auto const table = server().fresh_name();
    server().ask("create table " + table + " (n int primary key)");
    auto const insert = "insert into " + table + " values ($1)";
    auto const all = "select n from " + table + " where n between $1 and $1 + 9 order by n";
    pg::client db(loop(), uri(), shared(1));
    auto const body = [&](pg::transaction& tx, int first) -> task<> {
        auto const session = co_await tx.query_value<std::int32_t>("select pg_backend_pid()");
        std::vector<std::int32_t> const some{first, first + 1};
        co_await tx.execute_many(insert, some);
        co_await tx.pipeline(pg::execute(insert, first + 2), pg::execute(insert, first + 3));
        auto const fails = [&](pg::transaction& inner) -> task<> { co_await inner.execute(insert, first); };
        auto const failed = co_await as_result(tx.savepoint(fails));
        EXPECT_EQ(failed.error().code(), pg::sqlstate::unique_violation);
        pg::arguments from;
        from.add(first);
        auto const queried = co_await tx.query<std::int32_t>(all, from);
        EXPECT_EQ(queried.size(), 4u);
        std::vector<std::int32_t> streamed;
        auto rows = tx.stream<std::int32_t>(all, first);
        while (auto n = co_await rows.next()) streamed.push_back(*n);
        EXPECT_EQ(streamed, queried);
        auto cursor = co_await tx.open_cursor<std::int32_t>(all, first);
        auto const fetched = co_await cursor.fetch(3);
        EXPECT_EQ(fetched.size(), 3u);
        co_await gives(tx.query_value<std::int32_t>("select pg_backend_pid()"), session);
    };
    auto const one = [&](int first) -> task<> {
        auto const with = [&, first](pg::transaction& tx) -> task<> { co_await body(tx, first); };
        co_await coda::with_timeout(30s, db.transaction(with));
    };
    auto const test = [&]() -> task<> {
        auto const many = [&](scope& s) -> task<> {
            for (int i = 0; i < 20; ++i) s.spawn(one(i * 10));
            co_return;
        };
        co_await coda::with_scope(many);
        auto const undone = [&](pg::transaction& tx) -> task<> {
            co_await tx.execute(insert, 1000);
            throw std::runtime_error("undo this");
        };
        bool thrown = false;
        try {
            co_await db.transaction(undone);
        } catch (std::runtime_error const&) {
            thrown = true;
        }
        EXPECT_TRUE(thrown);
        co_await db.close();
    };
    run(test());
    EXPECT_EQ(server().count("select count(*) from " + table), 80);
    server().ask("drop table " + table);
}

TEST_P(through_pgbouncer, leases_are_reset_and_handed_out_again) {
    start(2);
    auto const make = [this] { return std::make_unique<pg::connection>(loop(), uri(), options()); };
    coda::pool<pg::connection> pool(loop(), make, {.max_size = 4});
    auto const work = [&](int i) -> task<> {
        auto db = co_await pool.acquire();
        co_await db->execute("begin");
        co_await gives(db->query_one<std::int32_t>("select $1::int4", i), i);
        if (i % 2 == 0) co_await db->execute("commit");
    };
    auto const body = [&]() -> task<> {
        auto const many = [&](scope& s) -> task<> {
            for (int i = 0; i < 100; ++i) s.spawn(work(i));
            co_return;
        };
        co_await coda::with_scope(many);
        co_await pool.close();
    };
    run(body());
}

TEST_P(through_pgbouncer, a_statement_whose_caller_has_left_is_cancelled_on_the_server) {
    start(2);
    auto db = connected();
    pg::client others(loop(), uri(), shared(1));
    auto const mark = server().fresh_name();
    auto const sleep = "select pg_sleep(3600) -- " + mark;
    auto const running = [&] {
        return server().count("select count(*) from pg_stat_activity where state = 'active' and query like '%" + mark +
                              "' and pid <> pg_backend_pid()");
    };
    auto const body = [&](scope& s) -> task<> {
        for (int i = 0; i < 3; ++i) {
            auto slow = s.spawn(db->execute(sleep));
            co_await until([&] { return running() == 1; });
            auto beside = s.spawn(others.query_one<std::int32_t>("select 7 from pg_sleep(0.05)"));
            co_await gives(slow.cancel(), outcome::unknown);
            co_await until([&] { return running() == 0; });
            co_await gives(beside.join(), 7, "nobody else's");
            co_await gives(db->query_one<std::int32_t>("select 1"), 1);
        }
        co_await others.close();
    };
    run(coda::with_scope(body));
}

// PgBouncer knows this setting, and gives each client his own.
TEST_P(through_pgbouncer, a_changed_setting_is_told_and_reaches_nobody) {
    start(1);
    pg::client db(loop(), uri(), shared(1));
    auto other = connected();
    auto const body = [&]() -> task<> {
        auto const before = co_await db.query_one<std::string>("select current_setting('TimeZone')");
        auto const changed =
            co_await as_result(db.execute("do $$ begin perform set_config('TimeZone', 'Asia/Tokyo', false); end $$"));
        EXPECT_EQ(changed.error().code(), pg::errc::needs_own_connection);
        co_await gives(other->query_one<std::string>("select current_setting('TimeZone')"), before);
        co_await gives(db.query_one<std::string>("select current_setting('TimeZone')"), before);
        co_await db.close();
    };
    run(body());
}

} // namespace postgres_pgbouncer_test
