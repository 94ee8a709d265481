// SPDX-License-Identifier: BSL-1.0
// Transactions that are left, cut off, or cannot be undone; and those of a client.
#include "on_postgres.hpp"
#include "support/everywhere.hpp"
#include "support/fault_proxy.hpp"

#include <coda/pool.hpp>
#include <coda/retry.hpp>

namespace postgres_transaction_faults_test {

using namespace std::chrono_literals;
namespace pg = coda::pg;
using coda::as_result;
using coda::outcome;
using coda::scope;
using coda::task;
using coda::test::cut;
using coda::test::fault_proxy;
using coda::test::gives;
using coda::test::until;

class transaction_faults : public coda::test::everywhere<coda::test::on_postgres_table> {
protected:
    transaction_faults() : everywhere("n int") {}

    auto stores(int n) {
        return [this, n](pg::transaction& tx) -> task<> { co_await tx.execute(insert(), n); };
    }
    auto stores_and(std::function<task<>(pg::transaction&)> then) {
        return [this, then = std::move(then)](pg::transaction& tx) -> task<> {
            co_await tx.execute(insert(), 1);
            co_await then(tx);
        };
    }
    task<> works(pg::connection& db) {
        co_await gives(db.query_one<std::int32_t>("select 1"), 1);
        EXPECT_EQ(server().count(fmt::format("select count(*) from pg_stat_activity where pid = {} and state like "
                                             "'idle in transaction%'",
                                             db.backend_pid())),
                  0);
    }
};
CODA_ON_EVERY_LOOP(transaction_faults);

TEST_P(transaction_faults, whose_savepoint_is_left_by_itself_goes_on) {
    auto db = connected({.cancel_after = 0ms});
    auto const sleeps = stores_and([](pg::transaction& in) -> task<> { co_await in.query("select pg_sleep(60)"); });
    auto const body = [&](pg::transaction& tx) -> task<> {
        for (int n = 2; n < 4; ++n) {
            auto const r = co_await as_result(coda::with_timeout(30ms, tx.savepoint(sleeps)));
            EXPECT_EQ(r.error().code(), coda::errc::timed_out);
            EXPECT_EQ(r.error().outcome(), outcome::not_sent);
            co_await tx.execute(insert(), n);
        }
    };
    auto const test = [&]() -> task<> {
        co_await db->transaction(body);
        co_await works(*db);
    };
    run(test());
    EXPECT_EQ(stored_numbers(), "2 3");
}

TEST_P(transaction_faults, whose_savepoint_is_cancelled_anywhere_goes_on) {
    auto db = connected({.cancel_after = 0ms});
    int n = 0;
    auto const body = [&](pg::transaction& tx) -> task<> {
        auto const attempt = [&]() -> task<bool> {
            ++n;
            auto const inside = stores(n);
            auto const r = co_await as_result(tx.savepoint(inside));
            if (r.has_error()) {
                EXPECT_EQ(r.error().code(), coda::errc::cancelled) << r.error().message();
            }
            auto const sql = "select count(*) from " + table() + " where n = $1";
            auto count = tx.query_value<std::int64_t>(sql, n);
            co_await coda::shield(gives(std::move(count), r.has_value() ? 1 : 0, "only what it says has happened"));
            co_return r.has_value();
        };
        auto const cancelled = co_await coda::test::cancel_everywhere(attempt);
        EXPECT_GT(cancelled, 0);
    };
    auto const test = [&]() -> task<> { co_await db->transaction(body); };
    run(test());
    EXPECT_GE(stored(), 3);
}

TEST_P(transaction_faults, cancelled_in_a_statement_it_is_undone_and_the_connection_stays) {
    auto db = connected({.cancel_after = 0ms});
    auto const pid = db->backend_pid();
    auto const sleeps = [](pg::transaction& tx) -> task<> { co_await tx.query("select pg_sleep(60)"); };
    auto const body = stores_and(sleeps);
    auto const test = [&]() -> task<> {
        auto const r = co_await as_result(coda::with_timeout(100ms, db->transaction(body)));
        EXPECT_EQ(r.error().code(), coda::errc::timed_out);
        EXPECT_EQ(r.error().outcome(), outcome::not_sent) << "nothing has come of it";
        EXPECT_EQ(db->backend_pid(), pid);
        co_await works(*db);
        EXPECT_EQ(stored(), 0);
    };
    run(test());
}

TEST_P(transaction_faults, that_cannot_be_undone_in_time_costs_the_connection) {
    fault_proxy proxy(server().where());
    pg::connection db(loop(), server().uri_at(proxy.port()));
    auto const body = stores_and([&](pg::transaction&) -> task<> {
        proxy.apply({.to_client = {.stall_after = 0}});
        throw std::runtime_error("not so");
        co_return;
    });
    auto const test = [&]() -> task<> {
        co_await db.connect();
        bool thrown = false;
        try {
            co_await db.transaction({.rollback_timeout = 30ms}, body);
        } catch (std::runtime_error const&) {
            thrown = true;
        }
        EXPECT_TRUE(thrown);
        EXPECT_FALSE(db.usable());
        proxy.heal();
        co_await until([&] { return stored() == 0 && server().connections() == 0; });
    };
    run(test());
}

TEST_P(transaction_faults, cancelled_that_cannot_be_undone_in_time_costs_the_connection) {
    fault_proxy proxy(server().where());
    pg::connection db(loop(), server().uri_at(proxy.port()), {.cancel_after = 0ms});
    coda::event stalled;
    auto const body = stores_and([&](pg::transaction& tx) -> task<> {
        proxy.apply({.to_client = {.stall_after = 0}});
        stalled.set();
        co_await tx.query("select pg_sleep(60)");
    });
    auto const test = [&](scope& s) -> task<> {
        co_await db.connect();
        auto running = s.spawn(db.transaction({.rollback_timeout = 30ms}, body));
        co_await stalled.wait();
        co_await until([&] { return server().active() == 1; });
        co_await gives(running.cancel(), outcome::not_sent, "nothing can come of it");
        co_await until([&] { return !db.usable(); });
        proxy.heal();
        co_await until([&] { return stored() == 0 && server().connections() == 0; });
    };
    run(coda::with_scope(test));
}

// The server has committed; its word of it is lost.
TEST_P(transaction_faults, whose_commit_is_cut_off_is_unknown) {
    fault_proxy proxy(server().where());
    pg::connection db(loop(), server().uri_at(proxy.port()));
    auto const body =
        stores_and([&](pg::transaction&) -> task<> { co_return proxy.apply({.to_client = {.stall_after = 0}}); });
    auto const cuts = [&]() -> task<> {
        co_await until([&] { return stored() == 1; });
        proxy.cut_now(cut::reset);
    };
    auto const commits = [&]() -> task<> {
        auto const r = co_await as_result(db.transaction(body));
        EXPECT_EQ(r.error().code(), coda::errc::connection_lost) << r.error().message();
        EXPECT_EQ(r.error().outcome(), outcome::unknown);
    };
    auto const test = [&]() -> task<> {
        co_await db.connect();
        co_await coda::when_all(commits(), cuts());
    };
    run(test());
    EXPECT_EQ(stored(), 1);
}

TEST_P(transaction_faults, cut_off_in_its_middle_has_not_happened_and_can_be_run_again) {
    pg::client db(loop(), server().uri());
    int runs = 0;
    auto const body = stores_and([&](pg::transaction& tx) -> task<> {
        if (++runs == 1) {
            auto const pid = co_await tx.query_one<std::int32_t>("select pg_backend_pid()");
            EXPECT_EQ(pid != 0, true);
            auto const r = co_await as_result(tx.query("select pg_terminate_backend(pg_backend_pid()), pg_sleep(60)"));
            EXPECT_EQ(r.error().outcome(), outcome::unknown);
            throw coda::exception(r.error());
        }
    });
    auto const attempt = [&]() -> task<> { co_await db.transaction(body); };
    auto const test = [&]() -> task<> { co_await coda::retry(coda::retry_policy::transient(), attempt); };
    run(test());
    EXPECT_EQ(runs, 2);
    EXPECT_EQ(stored(), 1);
}

TEST_P(transaction_faults, destroyed_in_its_middle_costs_the_connection) {
    auto db = connected();
    coda::event inside;
    auto const body = stores_and([&](pg::transaction&) -> task<> {
        inside.set();
        co_await coda::event().wait();
    });
    auto const test = [&]() -> task<> {
        {
            scope s(co_await coda::this_context());
            s.spawn(db->transaction(body));
            co_await inside.wait();
        }
        EXPECT_FALSE(db->usable());
        co_await until([&] { return server().connections() == 0; });
    };
    run(test());
    EXPECT_EQ(stored(), 0);
}

TEST_P(transaction_faults, a_savepoint_destroyed_in_its_middle_costs_the_transaction) {
    auto db = connected();
    coda::event inside;
    auto const waits = stores_and([&](pg::transaction&) -> task<> {
        inside.set();
        co_await coda::event().wait();
    });
    auto const body = stores_and([&](pg::transaction& tx) -> task<> {
        scope s(co_await coda::this_context());
        s.spawn(tx.savepoint(waits));
        co_await inside.wait();
    });
    auto const test = [&]() -> task<> {
        auto const r = co_await as_result(db->transaction(body));
        EXPECT_EQ(r.error().code(), coda::errc::connection_lost) << r.error().message();
        EXPECT_EQ(r.error().outcome(), outcome::not_sent);
    };
    run(test());
    EXPECT_EQ(stored(), 0);
}

TEST_P(transaction_faults, of_a_client_have_connections_of_their_own) {
    pg::client db(loop(), server().uri(), {.connections = 1, .pool = {.max_size = 2}});
    int at_once = 0;
    int most = 0;
    coda::event two;
    auto const body = stores_and([&](pg::transaction&) -> task<> {
        most = std::max(most, ++at_once);
        if (most == 2) two.set();
        co_await two.wait();
        co_await gives(db.query_one<std::int32_t>("select 1"), 1);
        --at_once;
    });
    auto const all = [&](scope& s) -> task<> {
        for (int i = 0; i < 5; ++i) s.spawn(db.transaction(body));
        co_return;
    };
    auto const test = [&]() -> task<> {
        co_await coda::with_scope(all);
        EXPECT_EQ(most, 2);
        EXPECT_EQ(db.leased_statistics().handed_out, 5u);
        EXPECT_EQ(db.leased_statistics().size(), 2u);
        co_await db.close();
        EXPECT_EQ(db.leased_statistics().size(), 0u);
        auto const late = co_await as_result(db.transaction(stores(6)));
        EXPECT_EQ(late.error().code(), coda::errc::closed);
    };
    run(test());
    EXPECT_EQ(stored(), 5);
}

TEST_P(transaction_faults, of_a_client_end_with_it) {
    auto db = std::make_unique<pg::client>(loop(), server().uri());
    coda::event inside;
    auto const body = stores_and([&](pg::transaction& tx) -> task<> {
        inside.set();
        co_await tx.query("select pg_sleep(60)");
    });
    auto const runs = [&]() -> task<> {
        auto const r = co_await as_result(db->transaction(body));
        EXPECT_EQ(r.error().code(), coda::errc::closed) << r.error().message();
    };
    auto const ends = [&]() -> task<> {
        co_await inside.wait();
        co_await until([&] { return server().active() == 1; });
        db.reset();
    };
    auto const test = [&]() -> task<> {
        co_await coda::when_all(runs(), ends());
        server().terminate_all(); // one that sleeps does not notice that nobody is there
    };
    run(test());
    EXPECT_EQ(stored(), 0);
}

TEST_P(transaction_faults, cancelled_anywhere_it_happens_as_a_whole_or_not_at_all) {
    auto db = connected({.cancel_after = 0ms});
    long before = 0;
    auto const consistent = [&]() -> task<> {
        co_await works(*db); // behind a COMMIT that is under way
        auto const now = stored();
        EXPECT_TRUE(now == before || now == before + 2) << before << " rows before, then " << now;
        before = now;
    };
    auto const whole = stores_and([&](pg::transaction& tx) -> task<> { co_await tx.savepoint(stores(2)); });
    tried([&] { return db->transaction(whole); }, consistent);
    auto const bounded = [&] {
        return coda::with_timeout(60s, db->transaction({.isolation = pg::serializable}, whole));
    };
    tried(bounded, consistent);
    EXPECT_GE(before, 4);
}

TEST_P(transaction_faults, their_settings_and_locks_cancelled_anywhere_end_with_them) {
    auto db = connected({.cancel_after = 0ms});
    auto const key = server().fresh_key();
    auto const nothing_kept = [&]() -> task<> {
        co_await works(*db);
        co_await gives(db->query_one<std::string>("select current_setting('lock_timeout')"), "0");
        EXPECT_EQ(server().holding(key), 0);
    };
    auto const sets = [](pg::transaction& tx) { return tx.set_local("lock_timeout", "7min"); };
    auto const locks = [key](pg::transaction& tx) { return tx.advisory_lock(key); };
    auto const tries = [key](pg::transaction& tx) -> task<> {
        co_await gives(tx.try_advisory_lock(key), true, "nobody else has it");
    };
    tried([&] { return db->transaction(sets); }, nothing_kept);
    tried([&] { return db->transaction(locks); }, nothing_kept);
    tried([&] { return db->transaction(tries); }, nothing_kept);
}

TEST_P(transaction_faults, of_a_client_cancelled_anywhere_give_their_connections_back) {
    pg::client db(loop(), server().uri(), {.connection = {.cancel_after = 0ms}, .pool = {.max_size = 1}});
    auto const nothing_held = [&]() -> task<> {
        co_await gives(db.transaction([](pg::transaction& tx) { return tx.query_one<std::int32_t>("select 1"); }), 1);
    };
    tried([&] { return db.transaction(stores(1)); }, nothing_held);
    auto const close = [&]() -> task<> { co_await db.close(); };
    run(close());
}

} // namespace postgres_transaction_faults_test
