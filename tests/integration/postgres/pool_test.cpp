// SPDX-License-Identifier: BSL-1.0
// The pool with connections to a real server.
#include "support/fd_snapshot.hpp"
#include "support/loops.hpp"

#include <coda/pool.hpp>
#include <coda/postgres.hpp>
#include <coda/runtime/deadline.hpp>
#include <coda/runtime/scope.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>
#include <string>

namespace postgres_pool_test {

using namespace std::chrono_literals;
using coda::as_result;
using coda::errc;
using coda::pool_options;
using coda::scope;
using coda::task;
using coda::pg::connection;
using coda::test::fd_snapshot;

using pool = coda::pool<connection>;
using lease = coda::lease<connection>;

static_assert(coda::poolable<connection>);

class postgres_pool : public coda::test::on_every_loop {
protected:
    void SetUp() override {
        char const* uri = std::getenv("CODA_TEST_POSTGRES_URI");
        ASSERT_NE(uri, nullptr) << "run this by scripts/servers run -- ...";
        uri_ = uri;
    }

    pool::factory connections(coda::pg::connection_options of_each = {}) {
        return [this, of_each] { return std::make_unique<connection>(loop(), uri_, of_each); };
    }

    // Runs `body(pool)`, closes the pool, and looks for what it left behind.
    template <class Body>
    void run_and_close(pool_options const& options, Body const& body, coda::pg::connection_options of_each = {}) {
        auto const before = fd_snapshot::take();
        {
            pool p(loop(), connections(of_each), options);
            auto const all = [&]() -> task<> {
                co_await body(p);
                co_await p.close();
                EXPECT_EQ(p.statistics().size(), 0u);
                EXPECT_EQ(p.statistics().opened, p.statistics().closed);
            };
            run(all());
        }
        EXPECT_THAT(fd_snapshot::take().opened_since(before), testing::IsEmpty());
    }

private:
    std::string uri_;
};
CODA_ON_EVERY_LOOP(postgres_pool);

TEST_P(postgres_pool, many_tasks_share_a_bounded_number_of_backends) {
    std::set<int> backends;
    int sum = 0;
    auto const query = [&](pool& p, int i) -> task<> {
        auto const db = co_await p.acquire();
        backends.insert(db->backend_pid());
        auto const value = co_await db->query_one<int>("select $1 + 0", i);
        sum += value;
    };
    auto const body = [&](pool& p) -> task<> {
        auto const spawn_all = [&](scope& s) -> task<> {
            for (int i = 1; i <= 200; ++i) s.spawn(query(p, i));
            co_return;
        };
        co_await coda::with_scope(spawn_all);
        EXPECT_LE(p.statistics().opened, 4u);
    };
    run_and_close({.max_size = 4, .acquire_timeout = 30s}, body);
    EXPECT_EQ(sum, 200 * 201 / 2);
    EXPECT_LE(backends.size(), 4u);
}

TEST_P(postgres_pool, nothing_of_one_user_is_left_for_the_next) {
    auto const body = [](pool& p) -> task<> {
        auto db = co_await p.acquire();
        int const backend = db->backend_pid();
        co_await db->execute("set application_name = 'first user'");
        co_await db->execute("create temporary table mine (id int)");
        co_await db->execute("select pg_advisory_lock(4711)");
        co_await db->execute("begin");
        db.release();

        db = co_await p.acquire();
        EXPECT_EQ(db->backend_pid(), backend);
        auto const name = co_await db->query_one<std::string>("select current_setting('application_name')");
        EXPECT_NE(name, "first user");
        auto const table = co_await db->query_one<bool>("select to_regclass('pg_temp.mine') is not null");
        EXPECT_FALSE(table);
        auto const locks = co_await db->query_one<std::int64_t>(
            "select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()");
        EXPECT_EQ(locks, 0);
        auto const outside = co_await as_result(db->execute("savepoint here"));
        EXPECT_EQ(outside.error().code(), coda::pg::make_sqlstate("25P01")) << "a transaction is still open";
    };
    run_and_close({.max_size = 1}, body);
}

TEST_P(postgres_pool, statement_left_running_does_not_reach_the_next_user) {
    auto const body = [](pool& p) -> task<> {
        auto db = co_await p.acquire();
        auto const left = co_await as_result(coda::with_timeout(20ms, db->execute("select 1 from pg_sleep(0.2)")));
        EXPECT_EQ(left.error().code(), errc::timed_out);
        db.release();
        EXPECT_EQ(p.statistics().resetting, 1u);
        db = co_await p.acquire();
        auto const value = co_await db->query_one<int>("select 42");
        EXPECT_EQ(value, 42);
    };
    run_and_close({.max_size = 1}, body);
}

TEST_P(postgres_pool, connection_whose_statement_does_not_end_in_time_is_replaced) {
    auto const body = [](pool& p) -> task<> {
        auto db = co_await p.acquire();
        int const backend = db->backend_pid();
        auto const left = co_await as_result(coda::with_timeout(20ms, db->execute("select 1 from pg_sleep(3)")));
        EXPECT_EQ(left.error().code(), errc::timed_out);
        db.release();
        db = co_await p.acquire();
        EXPECT_NE(db->backend_pid(), backend);
        EXPECT_EQ(p.statistics().opened, 2u);
        EXPECT_EQ(p.statistics().closed, 1u);
    };
    run_and_close({.max_size = 1, .reset_timeout = 100ms}, body, {.cancel_on_server = false});
}

// Waits until the server has no such process any more.
task<> terminate(connection& by, int backend) {
    co_await by.execute("select pg_terminate_backend($1, 10000)", backend);
}

TEST_P(postgres_pool, terminated_backend_is_replaced) {
    auto const body = [](pool& p) -> task<> {
        auto killer = co_await p.acquire();
        auto db = co_await p.acquire();
        int const in_use = db->backend_pid();
        co_await terminate(*killer, in_use);
        auto const lost = co_await as_result(db->execute("select 1"));
        EXPECT_TRUE(lost.has_error());
        db.release();
        db = co_await p.acquire();
        EXPECT_NE(db->backend_pid(), in_use);

        int const idle = db->backend_pid();
        db.release();
        co_await terminate(*killer, idle);
        db = co_await p.acquire();
        EXPECT_NE(db->backend_pid(), idle);
        auto const value = co_await db->query_one<int>("select 1");
        EXPECT_EQ(value, 1);
    };
    run_and_close({.max_size = 2, .validate_after_idle = 0ms}, body);
}

TEST_P(postgres_pool, acquire_times_out_and_is_cancelled_while_others_hold_all) {
    coda::cancel_source stop;
    auto const body = [&](pool& p) -> task<> {
        auto const db = co_await p.acquire();
        auto const late = co_await as_result(p.acquire());
        EXPECT_EQ(late.error().code(), errc::timed_out);
        EXPECT_THAT(late.error().message(), testing::HasSubstr("1 in use, 0 connecting"));
        auto const give_up = [&](scope& s) -> task<> {
            s.spawn(as_result(coda::with_cancellation(stop.token(), p.acquire())));
            co_await coda::yield();
            co_await coda::yield();
            EXPECT_EQ(p.statistics().waiters, 1u);
            stop.request();
        };
        co_await coda::with_scope(give_up);
        EXPECT_EQ(p.statistics().waiters, 0u);
        auto const value = co_await db->query_one<int>("select 7");
        EXPECT_EQ(value, 7);
    };
    run_and_close({.max_size = 1, .acquire_timeout = 1s}, body);
}

// Which would wait for a server that is only away.
TEST_P(postgres_pool, does_not_try_again_where_that_cannot_help) {
    auto const uri = std::string(std::getenv("CODA_TEST_POSTGRES_URI"));
    std::pair<std::string, coda::error_code> const wrong[] = {
        {uri + "_not_there", coda::pg::sqlstate::invalid_catalog_name},
        {uri + "?sslmode=require", make_error_code(coda::pg::errc::wrong_settings)},
    };
    for (auto const& [where, code] : wrong) {
        auto const make = [this, &where] { return std::make_unique<connection>(loop(), where); };
        pool p(loop(), make);
        auto const body = [&]() -> task<coda::error> {
            auto const refused = co_await as_result(p.acquire());
            co_return refused.error();
        };
        auto const e = run(body());
        EXPECT_EQ(e.code(), code) << e.message();
        EXPECT_THAT(e.message(), testing::HasSubstr("connection to server at"));
        EXPECT_EQ(p.statistics().connect_failures, 1u);
        EXPECT_EQ(p.statistics().size(), 0u);
    }
}

TEST_P(postgres_pool, close_cuts_off_who_holds_on) {
    auto const body = [](pool& p) -> task<> {
        auto const db = co_await p.acquire();
        coda::result<std::uint64_t> slow;
        auto const use = [&]() -> task<> { slow = co_await as_result(db->execute("select 1 from pg_sleep(30)")); };
        auto const both = [&](scope& s) -> task<> {
            s.spawn(use());
            co_await coda::yield();
            co_await p.close();
        };
        co_await coda::with_scope(both);
        EXPECT_EQ(slow.error().code(), errc::closed);
        EXPECT_FALSE(db->usable());
    };
    run_and_close({.close_timeout = 50ms}, body);
}

} // namespace postgres_pool_test
