// SPDX-License-Identifier: BSL-1.0
// Every public operation cancelled at each of its suspensions: it ends with the reason and the truth, and what it was
// made of can be used as before.
#include "on_postgres.hpp"
#include "support/everywhere.hpp"

#include <coda/pool.hpp>

namespace postgres_cancel_everywhere_test {

using namespace std::chrono_literals;
namespace pg = coda::pg;
using coda::as_result;
using coda::outcome;
using coda::task;

using postgres_everywhere = coda::test::everywhere<coda::test::on_postgres>;
CODA_ON_EVERY_LOOP(postgres_everywhere);

// All of `statements`, which a connection and a client have alike.
class postgres_statements_everywhere : public postgres_everywhere {
protected:
    template <class Db, class After>
    void each_statement(Db& db, After after) {
        tried([&] { return db.query("select 1"); }, after);
        tried([&] { return db.template query<std::int32_t>("select generate_series(1, 100)"); }, after);
        tried([&] { return db.template query_one<std::int32_t>("select $1::int", 1); }, after);
        tried([&] { return db.template query_optional<std::int32_t>("select 1 where false"); }, after);
        tried([&] { return db.execute("select 1 from pg_sleep(0.003)"); }, after);
        std::vector<std::int32_t> const sets(1'500, 7);
        tried([&] { return db.execute_many("select $1::int4", sets); }, after);
        pg::many_options const in_chunks{.atomic = false, .chunk = 300};
        tried([&] { return db.execute_many("select $1::int4", sets, in_chunks); }, after);
        auto const several = [&] {
            return db.pipeline(pg::execute("select 1 from pg_sleep(0.002)"), pg::query_one<std::int32_t>("select 2"));
        };
        tried(several, after);
    }
};
CODA_ON_EVERY_LOOP(postgres_statements_everywhere);

TEST_P(postgres_statements_everywhere, of_a_connection_leave_it_usable) {
    auto db = connected({.cancel_after = 0ms});
    auto const pid = db->backend_pid();
    auto const same = [&]() -> task<> {
        auto const now = co_await db->query_one<std::int32_t>("select pg_backend_pid()");
        EXPECT_EQ(now, pid);
    };
    each_statement(*db, same);
    tried([&] { return db->run_script("select 1; select pg_sleep(0.003); select 2"); }, same);
    tried([&] { return coda::with_timeout(60s, db->query("select 1")); }, same);
    tried([&] { return db->ping(); }, same);
    tried([&] { return db->reset(); }, same);
    auto const streamed = [&]() -> coda::operation<> {
        auto rows = db->stream<std::int32_t>("select generate_series(1, 5000)");
        while (true) {
            auto const r = co_await as_result(rows.next());
            if (r.has_error()) co_return r.error();
            if (!*r) co_return coda::result<>();
        }
    };
    tried(streamed, same);
    auto const fetched = [&]() -> coda::operation<> {
        auto const begun = co_await as_result(coda::shield(db->execute("begin")));
        if (begun.has_error()) co_return begun.error();
        auto rows = co_await as_result(db->open_cursor<std::int32_t>("select generate_series(1, 50)"));
        if (rows.has_error()) co_return rows.error();
        auto const some = co_await as_result(rows->fetch(20));
        if (some.has_error()) co_return some.error();
        auto const closed = co_await as_result(rows->close());
        if (closed.has_error()) co_return closed.error();
        co_return coda::result<>();
    };
    auto const rolled_back = [&]() -> task<> {
        co_await db->execute("rollback");
        co_await same();
    };
    tried(fetched, rolled_back);
}

TEST_P(postgres_statements_everywhere, of_a_client_leave_it_usable) {
    pg::client db(loop(), server().uri(), {.connections = 1, .connection = {.cancel_after = 0ms}});
    auto const works = [&]() -> task<> {
        auto const two = co_await db.query_one<std::int32_t>("select 2");
        EXPECT_EQ(two, 2);
        EXPECT_EQ(db.open_connections(), 1u);
    };
    run(works());
    each_statement(db, works);
}

// With as many others as make a group, who are told all the same.
TEST_P(postgres_statements_everywhere, in_a_group_leave_it_and_the_others) {
    pg::client db(loop(), server().uri(),
                  {.connections = 1, .connection = {.cancel_after = 0ms}, .min_group = 2, .max_group = 4});
    int told = 0;
    auto const other = [&](int i) -> task<> {
        auto const n = co_await db.reads().query_one<std::int32_t>("select $1::int4", i);
        EXPECT_EQ(n, i);
        ++told;
    };
    auto const with_others = [&](auto statement) {
        return [&, statement]() -> coda::operation<> {
            coda::result<> mine;
            auto const body = [&](coda::scope& s) -> task<> {
                for (int i = 0; i < 3; ++i) s.spawn(coda::shield(other(i)));
                auto const r = co_await as_result(statement());
                if (r.has_error()) mine = r.error();
            };
            auto const all = co_await as_result(coda::with_scope(body));
            if (all.has_error()) co_return all.error();
            co_return mine;
        };
    };
    auto const works = [&]() -> task<> {
        EXPECT_EQ(std::exchange(told, 0), 3);
        auto const two = co_await db.query_one<std::int32_t>("select 2");
        EXPECT_EQ(two, 2);
        EXPECT_EQ(db.open_connections(), 1u);
    };
    auto const connect = [&]() -> task<> { co_await db.connect(); };
    run(connect());
    tried(with_others([&] { return db.reads().query("select 1"); }), works);
    tried(with_others([&] { return db.read("select 1 from pg_sleep(0.003)"); }), works);
    tried(with_others([&] { return db.alone().query("select 1"); }), works);
}

TEST_P(postgres_everywhere, connect_and_close_of_a_connection) {
    pg::connection db(loop(), server().uri());
    auto const works = [&]() -> task<> {
        co_await db.connect();
        co_await db.ping();
        db.abort();
    };
    tried([&] { return db.connect(); }, works);
    auto const closed = [&] { EXPECT_FALSE(db.usable()); };
    tried_closing([&] { return db.connect(); }, [&] { return db.ping(); }, [&] { return db.close(); }, closed);
}

TEST_P(postgres_everywhere, connect_and_close_of_a_client) {
    std::optional<pg::client> db;
    auto const fresh = [&]() -> pg::client& { return db.emplace(loop(), server().uri()); };
    auto const asks = [&] { return db->query_one<std::int32_t>("select 2"); };
    auto const works = [&]() -> task<> {
        auto const two = co_await asks();
        EXPECT_EQ(two, 2);
    };
    tried([&] { return fresh().query_one<std::int32_t>("select 1"); }, works);
    tried([&] { return fresh().connect(); }, works);
    auto const closed = [&] { EXPECT_EQ(db->open_connections(), 0u); };
    tried_closing([&] { return fresh().connect(); }, asks, [&] { return db->close(); }, closed);
    db.reset();
}

TEST_P(postgres_everywhere, a_write_tells_the_truth) {
    pg::client db(loop(), server().uri(), {.connections = 1, .connection = {.cancel_after = 0ms}});
    auto const table = server().fresh_name();
    server().ask("create table " + table + "(id int)");
    int id = 0;
    auto const attempt = [&]() -> task<bool> {
        int const mine = ++id;
        auto const r = co_await as_result(db.execute("insert into " + table + " values ($1)", mine));
        auto const count =
            co_await coda::shield(db.query_one<std::int64_t>("select count(*) from " + table + " where id = $1", mine));
        if (r.has_value()) {
            EXPECT_EQ(count, 1);
        } else if (r.error().outcome() == outcome::not_sent) {
            EXPECT_EQ(count, 0);
        } else {
            EXPECT_LE(count, 1);
        }
        co_return r.has_value();
    };
    EXPECT_GT(run(coda::test::cancel_everywhere(attempt)), 0);
    server().ask("drop table " + table);
}

TEST_P(postgres_everywhere, acquire_and_close_of_a_pool) {
    using pool_type = coda::pool<pg::connection>;
    auto const make = [&] { return std::make_unique<pg::connection>(loop(), server().uri()); };
    std::optional<pool_type> pool;
    auto const nobody_left = [&]() -> task<> {
        auto db = co_await pool->acquire();
        co_await db->ping();
        EXPECT_EQ(pool->statistics().waiters, 0u);
        EXPECT_EQ(pool->statistics().size(), 1u);
    };
    auto const cold = [&] {
        pool.emplace(loop(), make, coda::pool_options{.max_size = 1});
        return pool->acquire();
    };
    tried(cold, nobody_left);
    auto const in_a_transaction = [&]() -> coda::operation<> {
        auto db = co_await as_result(pool->acquire());
        if (db.has_error()) co_return db.error();
        for (auto const* sql : {"begin", "select 1", "commit"}) {
            auto const done = co_await as_result((*db)->execute(sql));
            if (done.has_error()) co_return done.error();
        }
        co_return coda::result<>();
    };
    tried(in_a_transaction, nobody_left);
    auto const closing = [&]() -> task<bool> {
        pool.emplace(loop(), make, coda::pool_options{.max_size = 2});
        {
            auto const one = co_await coda::shield(pool->acquire());
            EXPECT_TRUE(one);
        }
        co_await as_result(pool->close());
        EXPECT_EQ(pool->statistics().size(), 0u);
        coda::context const& here = co_await coda::this_context();
        co_return !here.cancel.requested();
    };
    EXPECT_GT(run(coda::test::cancel_everywhere(closing)), 0);
    pool.reset();
}

} // namespace postgres_cancel_everywhere_test
