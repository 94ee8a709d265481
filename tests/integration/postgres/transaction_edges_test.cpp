// SPDX-License-Identifier: BSL-1.0
// What is done with a transaction besides using it, and at its edges.
#include "on_postgres.hpp"

#include <coda/pool.hpp>

namespace postgres_transaction_edges_test {

using namespace std::chrono_literals;
namespace pg = coda::pg;
using coda::as_result;
using coda::outcome;
using coda::scope;
using coda::task;
using coda::test::gives;
using coda::test::until;

class transaction_edges : public coda::test::on_postgres_table {
protected:
    transaction_edges() : on_postgres_table("n int") {}

    auto stores(int n) {
        return [this, n](pg::transaction& tx) -> task<> { co_await tx.execute(insert(), n); };
    }

    static task<> ends_somehow(coda::operation<> o) { static_cast<void>(co_await as_result(std::move(o))); }
};
CODA_ON_EVERY_LOOP(transaction_edges);

// In the very turn in which the body ends, when its COMMIT or ROLLBACK is queued and not sent.
TEST_P(transaction_edges, what_begins_while_it_ends_is_refused) {
    auto db = connected();
    for (bool const commits : {true, false}) {
        coda::event ending;
        pg::transaction* seen = nullptr;
        auto const late = [&]() -> task<> {
            co_await ending.wait();
            auto const r = co_await as_result(seen->execute(insert(), 7));
            EXPECT_EQ(r.error().code(), pg::errc::transaction_over);
        };
        auto const body = [&](pg::transaction& tx) -> task<> {
            seen = &tx;
            co_await tx.execute(insert(), 1);
            ending.set();
            if (!commits) throw std::runtime_error("not so");
        };
        auto const ends = [&]() -> task<> {
            try {
                co_await db->transaction(body);
            } catch (std::runtime_error const&) {}
        };
        auto const test = [&]() -> task<> { co_await coda::when_all(late(), ends()); };
        run(test());
        EXPECT_EQ(stored_numbers(), "1");
    }
}

TEST_P(transaction_edges, a_savepoint_that_outlives_its_body_undoes_it) {
    auto db = connected();
    coda::event go_on;
    auto const inner = [&](pg::transaction& in) -> task<> {
        co_await in.execute(insert(), 2);
        co_await go_on.wait();
        auto const r = co_await as_result(in.execute(insert(), 3));
        EXPECT_EQ(r.error().code(), pg::errc::transaction_over);
    };
    auto const test = [&]() -> task<> {
        auto const with = [&](scope& s) -> task<> {
            auto const body = [&](pg::transaction& tx) -> task<> {
                co_await tx.execute(insert(), 1);
                s.spawn(ends_somehow(tx.savepoint(inner)));
                co_await coda::sleep_for(1ms);
            };
            auto const r = co_await as_result(db->transaction(body));
            EXPECT_EQ(r.error().code(), coda::errc::connection_lost) << r.error().message();
            EXPECT_EQ(r.error().outcome(), outcome::not_sent);
            go_on.set();
        };
        co_await coda::with_scope(with);
    };
    run(test());
    EXPECT_EQ(stored_numbers(), "");
}

// Its preparation is gone: the server refuses COMMIT before it runs, and the transaction is still there.
TEST_P(transaction_edges, whose_commit_cannot_run_is_undone) {
    auto db = connected();
    auto const forgets = [&](pg::transaction& tx) -> task<> {
        co_await tx.execute(insert(), 1);
        co_await tx.execute("do $$ begin execute 'deallocate all'; end $$");
    };
    auto const test = [&]() -> task<> {
        co_await db->transaction(stores(0)); // which prepares COMMIT
        auto const r = co_await as_result(db->transaction(forgets));
        EXPECT_EQ(r.error().code(), pg::make_sqlstate("26000")) << r.error().message();
        EXPECT_EQ(r.error().outcome(), outcome::completed);
        if (!db->usable()) co_await db->connect(); // ROLLBACK's may be gone, too
        auto const other = [&](pg::transaction& tx) -> task<> { co_await tx.execute(insert() + " returning 1", 2); };
        co_await db->transaction(other);
        EXPECT_EQ(stored_numbers(), "0 2");
    };
    run(test());
}

// One of two statements decides how the body ends, and both may have run.
TEST_P(transaction_edges, with_several_statements_that_may_have_run_has_not_happened) {
    auto db = connected({.cancel_after = 0ms});
    auto const body = [&](pg::transaction& tx) -> task<> {
        co_await coda::when_all(coda::with_timeout(50ms, tx.query("select pg_sleep(60)")),
                                tx.query("select pg_sleep(60)"));
    };
    auto const test = [&]() -> task<> {
        auto const r = co_await as_result(db->transaction(body));
        EXPECT_EQ(r.error().code(), coda::errc::timed_out);
        EXPECT_EQ(r.error().outcome(), outcome::not_sent);
    };
    run(test());
}

TEST_P(transaction_edges, is_not_ended_by_its_connection) {
    auto db = connected();
    auto const body = [&](pg::transaction& tx) -> task<> {
        co_await tx.execute(insert(), 1);
        for (auto const* sql : {"rollback", "commit"}) {
            auto const r = co_await as_result(db->execute(sql));
            EXPECT_EQ(r.error().code(), coda::errc::invalid_argument) << sql;
        }
        auto const reset = co_await as_result(db->reset());
        EXPECT_EQ(reset.error().code(), coda::errc::invalid_argument);
    };
    auto const test = [&]() -> task<> {
        co_await db->transaction(body);
        co_await db->reset();
    };
    run(test());
    EXPECT_EQ(stored_numbers(), "1");
}

TEST_P(transaction_edges, finds_its_connection_when_it_begins) {
    pg::connection db(loop(), server().uri());
    auto const test = [&]() -> task<> {
        auto made = db.transaction(stores(1));
        co_await db.connect();
        co_await std::move(made);
    };
    run(test());
    EXPECT_EQ(stored_numbers(), "1");
}

TEST_P(transaction_edges, that_fail_leave_no_preparations_behind) {
    auto db = connected({.statement_cache = 2});
    auto const fails = [&](pg::transaction& tx) -> task<> {
        static_cast<void>(co_await as_result(tx.query("select 1 / 0")));
        throw std::runtime_error("not so");
    };
    auto const test = [&]() -> task<> {
        for (int i = 0; i < 10; ++i) {
            try {
                co_await db->transaction(fails);
            } catch (std::runtime_error const&) {}
        }
        auto const left = co_await db->query_one<std::int64_t>("select count(*) from pg_prepared_statements");
        EXPECT_LE(left, 3);
    };
    run(test());
}

TEST_P(transaction_edges, whose_body_is_no_coroutine_and_throws_is_undone) {
    auto db = connected();
    auto const throws = [](pg::transaction&) -> task<> { throw std::runtime_error("not so"); };
    auto const test = [&]() -> task<> {
        bool thrown = false;
        try {
            co_await db->transaction(throws);
        } catch (std::runtime_error const&) {
            thrown = true;
        }
        EXPECT_TRUE(thrown);
        co_await db->transaction(stores(1));
    };
    run(test());
    EXPECT_EQ(stored_numbers(), "1");
}

TEST_P(transaction_edges, gives_what_can_only_be_moved) {
    pg::client db(loop(), server().uri());
    auto const body = [](pg::transaction& tx) -> task<std::unique_ptr<int>> {
        co_return std::make_unique<int>(co_await tx.query_one<std::int32_t>("select 7"));
    };
    auto const test = [&]() -> task<> {
        auto const given = co_await db.transaction(body);
        EXPECT_EQ(*given, 7);
        co_await db.close();
    };
    run(test());
}

// By the deadline, whatever the network does; what it did is undone behind him.
TEST_P(transaction_edges, who_is_cancelled_does_not_wait_until_it_is_undone) {
    auto db = connected({.cancel_on_server = false});
    auto const key = server().fresh_key();
    server().lock(key);
    auto const waits = [&](pg::transaction& tx) -> task<> {
        co_await tx.execute(insert(), 1);
        co_await tx.advisory_lock(key);
    };
    auto const test = [&]() -> task<> {
        auto const r = co_await as_result(coda::with_timeout(50ms, db->transaction(waits)));
        EXPECT_EQ(r.error().code(), coda::errc::timed_out);
        EXPECT_EQ(r.error().outcome(), outcome::not_sent);
        EXPECT_EQ(server().waiting_for(key), 1) << "the server still runs the statement";
        auto const next = [&]() -> task<> { co_await db->transaction(stores(2)); };
        auto const unlocks = [&]() -> task<> { co_return server().unlock(key); };
        co_await coda::when_all(next(), unlocks());
    };
    run(test());
    EXPECT_EQ(stored_numbers(), "2");
}

} // namespace postgres_transaction_edges_test
