// SPDX-License-Identifier: BSL-1.0
// The scenarios by which libpq tests its own pipeline mode (PostgreSQL's test module libpq_pipeline), re-thought for
// who never sees a Sync: what one caller does in the pipeline, the others do not notice.
#include "on_postgres.hpp"

namespace postgres_libpq_pipeline_test {

using namespace std::chrono_literals;
namespace pg = coda::pg;
using coda::as_result;
using coda::outcome;
using coda::result;
using coda::task;
using coda::when_all;
using coda::test::gives;

class libpq_pipeline : public coda::test::on_postgres_table {
protected:
    libpq_pipeline() : on_postgres_table("id int unique, name text") {}

    template <class T>
    static void expect_failure(result<T> const& r, coda::error_code code) {
        ASSERT_TRUE(r.has_error());
        EXPECT_EQ(r.error().code(), code) << r.error().message();
    }
};
CODA_ON_EVERY_LOOP(libpq_pipeline);

// pipeline_abort: what stands behind a failure in its own pipeline is skipped, what stands behind its pipeline is not.
TEST_P(libpq_pipeline, abort) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        auto aborted = as_result(db->pipeline(pg::execute(insert(), 1, "before"), pg::query("select no_function(1)"),
                                              pg::execute(insert(), 2, "behind")));
        auto behind = as_result(db->pipeline(pg::execute(insert(), 3, "next")));
        auto const [failed, next] = co_await when_all(std::move(aborted), std::move(behind));
        expect_failure(failed, pg::make_sqlstate("42883"));
        EXPECT_EQ(failed.error().template details<pg::batch_error>()->index, 1u);
        EXPECT_TRUE(next.has_value());
        EXPECT_EQ(stored_numbers("id"), "3");
    };
    run(body());
}

// The same, of a statement that fails when some of its rows are on their way.
TEST_P(libpq_pipeline, abort_behind_rows) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        auto const divide = "select 1000 / g from generate_series(3, -1, -1) g";
        auto rows = as_result(db->query<std::int32_t>(divide));
        auto other = as_result(db->query_one<std::int32_t>("select 1"));
        auto const [failed, next] = co_await when_all(std::move(rows), std::move(other));
        expect_failure(failed, pg::make_sqlstate("22012"));
        EXPECT_EQ(next.value(), 1);

        auto stream = db->stream<std::int32_t>(divide);
        for (int const expected : {333, 500, 1000}) co_await gives(stream.next(), std::optional(expected));
        expect_failure(co_await as_result(stream.next()), pg::make_sqlstate("22012"));
        co_await gives(db->query_one<std::int32_t>("select 2"), 2);
    };
    run(body());
}

// disallowed_in_pipeline: what cannot be in a pipeline fails by itself, between two that can.
TEST_P(libpq_pipeline, disallowed) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        auto before = as_result(db->query_one<std::int32_t>("select 1"));
        auto several = as_result(db->query("select 1; select 2"));
        auto alone = as_result(db->pipeline(pg::execute(insert(), 1, "a"), pg::execute("vacuum")));
        auto after = as_result(db->query_one<std::int32_t>("select 2"));
        auto const [one, refused, inside, two] =
            co_await when_all(std::move(before), std::move(several), std::move(alone), std::move(after));
        EXPECT_EQ(one.value(), 1);
        expect_failure(refused, pg::sqlstate::syntax_error);
        expect_failure(inside, pg::make_sqlstate("25001"));
        EXPECT_EQ(two.value(), 2);
        EXPECT_EQ(stored(), 0);
    };
    run(body());
}

// multi_pipelines: several are sent before the first has answered, and each gets its own replies.
TEST_P(libpq_pipeline, multi) {
    auto db = connected();
    std::vector<int> seen;
    auto const caller = [&](int n) -> task<> {
        auto const [a, b, c] = co_await db->pipeline(pg::query_one<std::int32_t>("select $1::int4", n),
                                                     pg::query<std::int32_t>("select generate_series(1, $1::int4)", n),
                                                     pg::query_one<std::int32_t>("select $1::int4 * 2", n));
        EXPECT_EQ(a, n);
        EXPECT_EQ(b.size(), static_cast<std::size_t>(n));
        EXPECT_EQ(c, 2 * n);
        seen.push_back(n);
    };
    auto const body = [&](coda::scope& s) -> task<> {
        for (int n = 0; n < 50; ++n) s.spawn(caller(n));
        co_return;
    };
    run(coda::with_scope(body));
    EXPECT_EQ(seen.size(), 50u);
    EXPECT_TRUE(std::ranges::is_sorted(seen));
}

// nosync: replies arrive before the Sync is sent, for what is sent and what is answered are more than fits between the
// two. Who only sent first would stand still.
TEST_P(libpq_pipeline, nosync) {
    auto db = connected();
    std::string const large(3'000'000, 'x');
    auto const body = [&]() -> task<> {
        auto const echo = "select $1::text";
        auto const [a, b, c, d, e, f] =
            co_await db->pipeline(pg::query_one<std::string>(echo, large), pg::query_one<std::string>(echo, large),
                                  pg::query_one<std::string>(echo, large), pg::query_one<std::string>(echo, large),
                                  pg::query_one<std::string>(echo, large), pg::query_one<std::string>(echo, large));
        for (auto const* text : {&a, &b, &c, &d, &e, &f}) EXPECT_TRUE(*text == large);
    };
    run(body());
}

// prepared: a preparation is described, used, and made again when the server has forgotten it.
TEST_P(libpq_pipeline, prepared) {
    auto db = connected({.statement_cache = 10});
    auto const body = [&]() -> task<> {
        auto const text = "select $1::int8, $2::text, 1.5::numeric where $1 > 0";
        auto const ask = [&](std::int64_t n) { return as_result(db->query(text, n, "t")); };
        auto const [some, none] = co_await when_all(ask(1), ask(0));
        EXPECT_EQ(some.value().size(), 1u);
        EXPECT_EQ(none.value().size(), 0u);
        for (auto const* r : {&some.value(), &none.value()}) {
            EXPECT_EQ(r->columns(), 3u);
            EXPECT_EQ(r->column_type(0), 20u);
            EXPECT_EQ(r->column_type(1), 25u);
            EXPECT_EQ(r->column_type(2), 1700u);
        }
        co_await ask(3);
        EXPECT_EQ(db->statement_statistics().hits, 1u) << "while it is being prepared it is not used";
        co_await db->execute("deallocate all");
        auto const [again, then] = co_await when_all(ask(1), ask(2));
        EXPECT_EQ(again.value().size(), 1u);
        EXPECT_EQ(then.value().size(), 1u);
    };
    run(body());
}

// singlerow: streams and whole results in one pipeline, each read in its own way.
TEST_P(libpq_pipeline, single_row) {
    auto db = connected();
    auto const streamed = [&](int first, int last) -> task<std::vector<std::int32_t>> {
        std::vector<std::int32_t> all;
        auto rows = db->stream<std::int32_t>("select generate_series($1::int4, $2::int4)", first, last);
        while (auto n = co_await rows.next()) all.push_back(*n);
        co_return all;
    };
    auto const body = [&]() -> task<> {
        auto whole = db->query<std::int32_t>("select generate_series(42, $1::int4)", 45);
        auto const [a, b, c, d] =
            co_await when_all(streamed(42, 43), std::move(whole), streamed(1, 0), streamed(42, 44));
        EXPECT_THAT(a, testing::ElementsAre(42, 43));
        EXPECT_THAT(b, testing::ElementsAre(42, 43, 44, 45));
        EXPECT_THAT(c, testing::IsEmpty());
        EXPECT_THAT(d, testing::ElementsAre(42, 43, 44));
    };
    run(body());
}

// transaction: one that has failed skips what is behind it until its end, and the next is another.
TEST_P(libpq_pipeline, transaction) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        auto const does = [&](std::string_view sql) { return as_result(db->execute(sql)); };
        auto const stores = [&](int id) { return as_result(db->execute(insert(), id, "x")); };
        auto begin = does("begin");
        auto lost = stores(1);
        auto fails = does("select 1 / 0");
        auto skipped = stores(2);
        auto end = does("rollback");
        auto single = stores(3);
        auto again = does("begin");
        auto kept = stores(4);
        auto commit = does("commit");
        auto const all =
            co_await when_all(std::move(begin), std::move(lost), std::move(fails), std::move(skipped), std::move(end),
                              std::move(single), std::move(again), std::move(kept), std::move(commit));
        EXPECT_TRUE(std::get<1>(all).has_value());
        expect_failure(std::get<2>(all), pg::make_sqlstate("22012"));
        expect_failure(std::get<3>(all), pg::make_sqlstate("25P02"));
        EXPECT_TRUE(std::get<4>(all).has_value());
        EXPECT_TRUE(std::get<5>(all).has_value());
        EXPECT_TRUE(std::get<8>(all).has_value());
        EXPECT_EQ(stored_numbers("id"), "3 4");
    };
    run(body());
}

// uniqviol: among many in flight one fails, and it alone.
TEST_P(libpq_pipeline, unique_violation) {
    auto db = connected();
    constexpr int many = 500;
    constexpr int twice = 250;
    std::vector<int> failed;
    auto const caller = [&](int n) -> task<> {
        auto const id = n == twice ? 0 : n;
        auto const r = co_await as_result(db->execute(insert(), id, fmt::format("row {}", n)));
        if (r.has_value()) co_return;
        expect_failure(r, pg::sqlstate::unique_violation);
        EXPECT_EQ(r.error().outcome(), outcome::completed);
        failed.push_back(n);
    };
    auto const body = [&](coda::scope& s) -> task<> {
        for (int n = 0; n < many; ++n) s.spawn(caller(n));
        co_return;
    };
    run(coda::with_scope(body));
    EXPECT_THAT(failed, testing::ElementsAre(twice));
    EXPECT_EQ(stored(), many - 1);
}

// cancel: what is cancelled on the server ends there, and what follows it at once never does, however often.
TEST_P(libpq_pipeline, cancel) {
    auto db = connected({.drain_timeout = 60s, .cancel_after = 0ms});
    auto const pid = db->backend_pid();
    auto const body = [&]() -> task<> {
        for (int round = 0; round < 20; ++round) {
            auto const gone = co_await as_result(coda::with_timeout(1ms, db->execute("select pg_sleep(600)")));
            expect_failure(gone, coda::errc::timed_out);
            auto next = as_result(db->query_one<std::int32_t>("select $1::int4 from pg_sleep(0.002)", round));
            auto last = as_result(db->query_one<std::int32_t>("select pg_backend_pid()"));
            auto const [a, b] = co_await when_all(std::move(next), std::move(last));
            EXPECT_EQ(a.value(), round);
            EXPECT_EQ(b.value(), pid);
        }
    };
    run(body());
}

} // namespace postgres_libpq_pipeline_test
