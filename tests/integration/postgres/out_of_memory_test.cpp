// SPDX-License-Identifier: BSL-1.0
// Every allocation is made to fail, one run after the other, of what a connection and a client are asked. Each run
// ends, what was acknowledged is stored and what was not sent is not, and the next run works.
#include "on_postgres.hpp"
#include "support/allocations.hpp"

#include <functional>
#include <new>

namespace postgres_out_of_memory_test {

namespace pg = coda::pg;
using coda::as_result;
using coda::outcome;
using coda::task;
using coda::test::failing_allocation;
using then = failing_allocation::then;

class postgres_without_memory : public coda::test::on_postgres_table {
protected:
    postgres_without_memory() : on_postgres_table("n int") {}

    // Fails each allocation of `what` in turn. `what` may fail; `works` runs behind it and may not.
    void sweep(std::function<task<>()> const& what, std::function<task<>()> const& works) {
        for (auto const after : {then::succeed, then::fail}) {
            fails_at(what, works, static_cast<std::size_t>(-2), after); // what is made once, is made
            std::size_t nth = 0;
            while (fails_at(what, works, nth, after) && !HasFailure()) ++nth;
            EXPECT_GT(nth, 0u);
        }
    }

    // Of a connection that is opened again where it was lost.
    void sweep_connection(std::function<task<>(pg::connection&)> const& use) {
        pg::connection db(loop(), server().uri());
        auto const works = [&]() -> task<> {
            co_await db.connect();
            auto const two = co_await db.query_one<int>("select 1 + 1");
            EXPECT_EQ(two, 2);
        };
        run(works());
        sweep([&] { return use(db); }, works);
        auto const close = [&]() -> task<> { co_await db.close(); };
        run(close());
    }

    // What was attempted to be stored, by what its caller was told.
    template <class T>
    void told(coda::result<T> const& how, long rows) {
        if (how.has_value())
            certain_ += rows;
        else if (how.error().outcome() == outcome::unknown)
            possible_ += rows;
    }
    // What is there agrees with it.
    void expect_stored() {
        auto const there = stored();
        EXPECT_GE(there, certain_);
        EXPECT_LE(there, certain_ + possible_);
    }

private:
    // Whether it came to the failure of the allocation behind `passing` others.
    bool fails_at(std::function<task<>()> const& what, std::function<task<>()> const& works, std::size_t passing,
                  then after) {
        bool happened = false;
        auto const body = [&]() -> task<> {
            {
                failing_allocation const fails(passing, after);
                try {
                    co_await what();
                } catch (std::bad_alloc const&) {}
                happened = fails.happened();
            }
            co_await works();
        };
        run(body());
        return happened;
    }

    long certain_ = 0;
    long possible_ = 0;
};
CODA_ON_EVERY_LOOP(postgres_without_memory);

TEST_P(postgres_without_memory, connecting_fails_and_leaves_nothing) {
    auto const connect = [&]() -> task<> {
        pg::connection db(loop(), server().uri());
        static_cast<void>(co_await as_result(db.connect()));
    };
    auto const nothing = []() -> task<> { co_return; };
    sweep(connect, nothing);
}

TEST_P(postgres_without_memory, a_statement_gives_its_value_or_fails) {
    std::string const text(100, 'x');
    sweep_connection([&](pg::connection& db) -> task<> {
        auto const got = co_await as_result(db.query_one<std::string>("select $1::text", text));
        EXPECT_TRUE(got.has_error() || *got == text);
    });
}

TEST_P(postgres_without_memory, what_is_stored_was_acknowledged) {
    std::vector<int> const numbers = {1, 2, 3, 4, 5, 6, 7};
    auto const script = fmt::format("insert into {0} values (1); insert into {0} values (2)", table());
    // One that is warm makes no allocations.
    auto const store = [&]() -> task<> {
        pg::connection db(loop(), server().uri());
        static_cast<void>(co_await as_result(db.connect()));
        told(co_await as_result(db.execute(insert(), 1)), 1);
        told(co_await as_result(db.execute_many(insert(), numbers)), 7);
        told(co_await as_result(db.pipeline(pg::execute(insert(), 1), pg::execute(insert(), 2))), 2);
        told(co_await as_result(db.run_script(script)), 2);
        told(co_await as_result(coda::with_timeout(std::chrono::minutes(1), db.execute(insert(), 1))), 1);
    };
    sweep(store, []() -> task<> { co_return; });
    expect_stored();
}

TEST_P(postgres_without_memory, a_transaction_happens_as_a_whole_or_not_at_all) {
    auto const inner = [&](pg::transaction& tx) -> task<> { co_await tx.execute(insert(), 3); };
    auto const body = [&](pg::transaction& tx) -> task<> {
        co_await tx.execute(insert(), 1);
        co_await tx.savepoint(inner);
        co_await tx.execute(insert(), 2);
    };
    sweep_connection([&](pg::connection& db) -> task<> { told(co_await as_result(db.transaction(body)), 3); });
    expect_stored();
}

TEST_P(postgres_without_memory, a_stream_and_a_cursor_give_their_rows_or_fail) {
    auto const read_all = [](pg::connection& db) -> task<> {
        auto rows = db.stream<int>("select n from generate_series(1, 20) n");
        for (int n = 1; n <= 20; ++n) {
            auto const row = co_await as_result(rows.next());
            if (row.has_error()) co_return;
            EXPECT_EQ(row->value_or(0), n);
        }
    };
    auto const fetch = [](pg::transaction& tx) -> task<> {
        auto rows = co_await tx.open_cursor<int>("select n from generate_series(1, 20) n");
        auto const some = co_await rows.fetch(7);
        EXPECT_EQ(some.size(), 7u);
    };
    sweep_connection([&](pg::connection& db) -> task<> {
        co_await read_all(db);
        static_cast<void>(co_await as_result(db.transaction(fetch)));
    });
}

TEST_P(postgres_without_memory, an_error_in_a_group_is_its_callers_alone) {
    std::optional<pg::client> db;
    int ended = 0;
    auto const ask = [&](int n) -> task<> {
        auto const got = co_await as_result(db->reads().query_one<int>("select 10 / ($1::int4 - 2)", n));
        EXPECT_TRUE(got.has_error() || *got == 10 / (n - 2));
        ++ended;
    };
    auto const all = [&](coda::scope& s) -> task<> {
        for (int n = 0; n < 6; ++n) s.spawn(ask(n));
        co_return;
    };
    auto const open = [&]() -> task<> {
        if (!db) db.emplace(loop(), server().uri(), pg::client_options{.connections = 1, .min_group = 2});
        auto const two = co_await db->query_one<int>("select 1 + 1");
        EXPECT_EQ(two, 2);
    };
    run(open());
    sweep([&] { return coda::with_scope(all); }, open);
    EXPECT_GT(ended, 0);
    auto const close = [&]() -> task<> { co_await db->close(); };
    run(close());
}

TEST_P(postgres_without_memory, a_client_serves_each_of_many_or_fails_him) {
    std::optional<pg::client> db;
    auto const ask = [&](int n) -> task<> {
        auto const got = co_await as_result(db->reads().query_one<int>("select $1 + 1", n));
        EXPECT_TRUE(got.has_error() || *got == n + 1);
    };
    auto const all = [&](coda::scope& s) -> task<> {
        db.emplace(loop(), server().uri(), pg::client_options{.connections = 1, .min_group = 2});
        for (int n = 0; n < 10; ++n) s.spawn(ask(n));
        co_return;
    };
    auto const works = [&]() -> task<> {
        if (!db) co_return;
        auto const two = co_await db->query_one<int>("select 1 + 1");
        EXPECT_EQ(two, 2);
        co_await db->close();
        db.reset();
    };
    sweep([&] { return coda::with_scope(all); }, works);
}

} // namespace postgres_out_of_memory_test
