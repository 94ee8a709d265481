// SPDX-License-Identifier: BSL-1.0
// Rows one by one as they come, and what becomes of the rest when the reader leaves.
#include "on_postgres.hpp"
#include "support/cancel_everywhere.hpp"

#include <coda/pool.hpp>

#include <boost/describe/class.hpp>

#include <fstream>

namespace coda_streaming_test {

struct row {
    std::int32_t id = 0;
    std::string name;
};
BOOST_DESCRIBE_STRUCT(row, (), (id, name))

} // namespace coda_streaming_test

namespace postgres_streaming_test {

using namespace std::chrono_literals;
namespace pg = coda::pg;
using coda::as_result;
using coda::outcome;
using coda::scope;
using coda::task;
using coda::test::gives;
using coda::test::until;
using coda_streaming_test::row;

using streaming = coda::test::on_postgres;
CODA_ON_EVERY_LOOP(streaming);

// The address sanitizer does.
constexpr bool keeps_what_is_freed =
#if defined(__SANITIZE_ADDRESS__)
    true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
    true;
#else
    false;
#endif
#else
    false;
#endif

// What this process has in memory now, in bytes.
std::size_t resident() {
    std::ifstream statm("/proc/self/statm");
    std::size_t size = 0;
    std::size_t pages = 0;
    statm >> size >> pages;
    return pages * 4096;
}

// The most that it had since this was last called, or, where that cannot be asked for, since it began.
std::size_t peak() {
    std::ifstream status("/proc/self/status");
    std::size_t kilobytes = 0;
    for (std::string word; status >> word && word != "VmHWM:";) {}
    status >> kilobytes;
    std::ofstream("/proc/self/clear_refs") << 5;
    return kilobytes * 1'024;
}

TEST_P(streaming, gives_every_row_in_order_and_then_the_end) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        for (int const count : {0, 1, 2, 3'000}) {
            auto rows =
                db->stream<row>("select i as id, 'row ' || i as name from generate_series(1, $1::int4) i", count);
            int seen = 0;
            while (auto r = co_await rows.next()) {
                EXPECT_EQ(r->id, ++seen);
                EXPECT_EQ(r->name, fmt::format("row {}", seen));
            }
            EXPECT_EQ(seen, count);
            auto const again = co_await rows.next();
            EXPECT_FALSE(again);
            co_await gives(db->query_one<std::int32_t>("select 5"), 5);
        }
    };
    run(body());
}

TEST_P(streaming, reads_tuples_values_and_raw_nulls_prepared_or_not) {
    for (std::size_t const cache : {0u, 100u}) {
        auto db = connected({.statement_cache = cache});
        auto const body = [&]() -> task<> {
            for (int round = 0; round < 3; ++round) {
                using pair = std::tuple<std::int32_t, std::optional<std::string>>;
                auto rows = db->stream<pair>("values (1, 'a'), (2, null)");
                auto const first = co_await rows.next();
                EXPECT_EQ(first, pair(1, "a"));
                auto const second = co_await rows.next();
                EXPECT_EQ(second, pair(2, std::nullopt));
                auto const end = co_await rows.next();
                EXPECT_FALSE(end);
                auto numbers = db->stream<std::int32_t>("select generate_series(1, 3)");
                int sum = 0;
                while (auto n = co_await numbers.next()) sum += *n;
                EXPECT_EQ(sum, 6);
            }
        };
        run(body());
    }
}

TEST_P(streaming, behind_and_before_other_statements_takes_its_own_rows) {
    auto db = connected();
    auto const sums = [&]() -> task<std::int64_t> {
        std::int64_t sum = 0;
        auto rows = db->stream<std::int32_t>("select generate_series(1, 1000)");
        while (auto n = co_await rows.next()) sum += *n;
        co_return sum;
    };
    auto const all = [&]() -> task<std::size_t> {
        auto const rows = co_await db->query<std::int32_t>("select generate_series(1, 500)");
        co_return rows.size();
    };
    auto const body = [&]() -> task<> {
        auto const [a, b, c, d] = co_await coda::when_all(all(), sums(), all(), sums());
        EXPECT_EQ(a, 500u);
        EXPECT_EQ(b, 500'500);
        EXPECT_EQ(c, 500u);
        EXPECT_EQ(d, 500'500);
    };
    run(body());
}

TEST_P(streaming, ends_with_the_servers_error_behind_the_rows_before_it) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        auto rows = db->stream<std::int32_t>("select 100 / (50 - i) from generate_series(1, 100) i");
        int seen = 0;
        coda::error why;
        while (true) {
            auto const r = co_await as_result(rows.next());
            if (r.has_error()) {
                why = r.error();
                break;
            }
            if (!*r) break;
            ++seen;
        }
        EXPECT_EQ(seen, 49);
        EXPECT_EQ(why.code(), pg::make_sqlstate("22012"));
        EXPECT_EQ(why.outcome(), outcome::completed);
        auto unparsable = db->stream<std::int32_t>("selekt");
        auto const r = co_await as_result(unparsable.next());
        EXPECT_EQ(r.error().code(), pg::sqlstate::syntax_error);
        co_await gives(db->query_one<std::int32_t>("select 5"), 5);
    };
    run(body());
}

TEST_P(streaming, ends_where_a_row_cannot_be_read) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        auto rows = db->stream<std::int32_t>("select nullif(i, 3) from generate_series(1, 100000) i");
        for (int i = 1; i < 3; ++i) {
            auto const n = co_await rows.next();
            EXPECT_EQ(n, i);
        }
        auto const null = co_await as_result(rows.next());
        EXPECT_EQ(null.error().code(), pg::errc::unexpected_null);
        auto wrong = db->stream<std::int32_t>("select 'x'::text");
        auto const type = co_await as_result(wrong.next());
        EXPECT_EQ(type.error().code(), coda::errc::type_mismatch);
        co_await gives(db->query_one<std::int32_t>("select 5"), 5);
    };
    run(body());
}

TEST_P(streaming, refuses_other_statements_on_its_connection_until_it_has_ended) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        {
            auto rows = db->stream<std::int32_t>("select generate_series(1, 100000)");
            co_await rows.next();
            auto const other = co_await as_result(db->query_one<std::int32_t>("select 1"));
            EXPECT_EQ(other.error().code(), pg::errc::stream_open);
            EXPECT_EQ(other.error().outcome(), outcome::not_sent);
            auto second = db->stream<std::int32_t>("select 1");
            auto const row = co_await as_result(second.next());
            EXPECT_EQ(row.error().code(), pg::errc::stream_open);
            std::vector const sets{1, 2};
            auto const many = co_await as_result(db->execute_many("select $1::int4", sets));
            EXPECT_EQ(many.error().code(), pg::errc::stream_open);
            auto const next = co_await rows.next();
            EXPECT_EQ(next, 2);
        }
        co_await gives(db->query_one<std::int32_t>("select 1"), 1);
    };
    run(body());
}

// 400 MB of rows; what the reader does not take stays with the server.
TEST_P(streaming, of_a_slow_reader_needs_little_memory) {
    auto db = connected();
    auto const waits = fmt::format(
        "select count(*) from pg_stat_activity where pid = {} and wait_event = 'ClientWrite'", db->backend_pid());
    auto const body = [&]() -> task<> {
        auto rows = db->stream<std::string>("select repeat('x', 10000) from generate_series(1, 40000)");
        co_await rows.next();
        auto const before = resident();
        std::size_t most = 0;
        int seen = 1;
        while (auto r = co_await rows.next()) {
            ++seen;
            if (seen % 8'000 != 1) continue;
            co_await until([&] { return server().count(waits) == 1; }, "the server does not wait");
            most = std::max(most, resident());
        }
        EXPECT_EQ(seen, 40'000);
        if (!keeps_what_is_freed) {
            EXPECT_LT(most, before + 8'000'000);
        }
    };
    run(body());
}

// 200 MB in rows of 1 MB: libpq's buffer has room for about two of them, and two more are one that has come and what is
// read of it.
TEST_P(streaming, of_a_slow_reader_of_large_rows_needs_memory_for_a_few_of_them) {
    auto db = connected();
    auto const waits = fmt::format(
        "select count(*) from pg_stat_activity where pid = {} and wait_event = 'ClientWrite'", db->backend_pid());
    auto const body = [&]() -> task<> {
        peak();
        std::size_t const before = peak();
        int seen = 0;
        auto rows = db->stream<std::string>("select repeat('x', 1000000) from generate_series(1, 200)");
        while (auto r = co_await rows.next()) {
            EXPECT_EQ(r->size(), 1'000'000u);
            if (++seen % 50 == 1 && seen < 200)
                co_await until([&] { return server().count(waits) == 1; }, "the server does not wait");
        }
        EXPECT_EQ(seen, 200);
        auto const most = peak();
        if (!keeps_what_is_freed) {
            EXPECT_LT(most, before + 8'000'000);
        }
    };
    run(body());
}

TEST_P(streaming, left_early_leaves_the_connection_as_it_was) {
    auto db = connected();
    auto const pid = db->backend_pid();
    auto const body = [&]() -> task<> {
        for (int const taken : {0, 1, 2, 100}) {
            {
                auto rows = db->stream<std::int64_t>("select generate_series(1, 100000000000)");
                for (int i = 0; i < taken; ++i) {
                    auto const n = co_await rows.next();
                    EXPECT_EQ(n, i + 1);
                }
            }
            co_await gives(db->query_one<std::int32_t>("select pg_backend_pid()"), pid, "it was cancelled");
        }
    };
    run(body());
}

TEST_P(streaming, whose_reader_is_cancelled_ends_at_once) {
    auto db = connected();
    auto const pid = db->backend_pid();
    auto const key = server().fresh_key();
    server().lock(key);
    auto const reads = [&]() -> task<> {
        auto rows = db->stream<std::int32_t>("select 1 from generate_series(1, 3) i, pg_advisory_xact_lock($1)", key);
        auto const r = co_await as_result(rows.next());
        EXPECT_EQ(r.error().code(), coda::errc::cancelled);
        EXPECT_EQ(r.error().outcome(), outcome::unknown);
    };
    auto const body = [&](scope& s) -> task<> {
        auto reader = s.spawn(reads());
        co_await until([&] { return server().waiting_for(key) == 1; });
        static_cast<void>(co_await reader.cancel());
        co_await gives(db->query_one<std::int32_t>("select pg_backend_pid()"), pid);
    };
    run(coda::with_scope(body));
    server().unlock(key);
}

TEST_P(streaming, that_waits_too_long_for_a_row_has_timed_out) {
    auto db = connected({.statement_timeout = 30ms});
    auto const body = [&]() -> task<> {
        auto rows = db->stream<std::int32_t>(
            "select i from generate_series(1, 2000) i, pg_sleep(case when i > 1999 then 60 else 0 end)");
        int seen = 0;
        coda::error why;
        while (seen < 2'000) {
            auto const r = co_await as_result(rows.next());
            if (r.has_error()) {
                why = r.error();
                break;
            }
            ++seen;
            if (seen == 1) co_await coda::sleep_for(60ms); // the reader's own time does not count
        }
        EXPECT_EQ(why.code(), coda::errc::timed_out) << why.message();
        EXPECT_EQ(why.outcome(), outcome::unknown);
        co_await until([&] { return server().active() == 0; }, "it is not cancelled");
    };
    run(body());
}

TEST_P(streaming, whose_connection_is_lost_says_so_behind_what_had_come) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        auto rows = db->stream<std::int64_t>("select generate_series(1, 100000000000)");
        co_await rows.next();
        server().terminate_all();
        coda::error why;
        while (true) {
            auto const r = co_await as_result(rows.next());
            if (r.has_error()) {
                why = r.error();
                break;
            }
        }
        EXPECT_EQ(why.kind(), coda::error_class::connection_lost) << why.message();
        EXPECT_EQ(why.outcome(), outcome::unknown);
        auto more = db->stream<std::int32_t>("select 1");
        auto const lost = co_await as_result(more.next());
        EXPECT_EQ(lost.error().outcome(), outcome::not_sent);
    };
    run(body());
}

TEST_P(streaming, outlives_the_connection_it_was_made_of) {
    std::optional<coda::stream<std::int32_t>> rows;
    auto const body = [&]() -> task<> {
        auto db = std::make_unique<pg::connection>(loop(), server().uri());
        co_await db->connect();
        rows.emplace(db->stream<std::int32_t>("select generate_series(1, 100000)"));
        co_await rows->next();
        db.reset();
        coda::error why;
        while (!why.code()) {
            auto const r = co_await as_result(rows->next());
            if (r.has_error()) why = r.error();
        }
        EXPECT_EQ(why.code(), coda::errc::closed);
    };
    run(body());
}

TEST_P(streaming, on_a_leased_connection_gives_it_back_usable) {
    auto const make = [&] { return std::make_unique<pg::connection>(loop(), server().uri()); };
    coda::pool<pg::connection> pool(loop(), make, coda::pool_options{.max_size = 1});
    auto const body = [&]() -> task<> {
        std::int32_t pid = 0;
        for (int i = 0; i < 3; ++i) {
            auto db = co_await pool.acquire();
            auto const mine = co_await db->query_one<std::int32_t>("select pg_backend_pid()");
            if (pid == 0) pid = mine;
            EXPECT_EQ(mine, pid);
            auto rows = db->stream<std::int64_t>("select generate_series(1, 100000000000)");
            co_await rows.next();
        }
        co_await pool.close();
    };
    run(body());
}

// Some rows, a pause, and the rest: each of them once, or the reason.
TEST_P(streaming, cancelled_anywhere_leaves_the_connection_usable) {
    auto db = connected({.cancel_after = 0ms});
    auto const pid = db->backend_pid();
    auto const attempt = [&]() -> task<bool> {
        coda::error why;
        int seen = 0;
        {
            auto rows = db->stream<std::int32_t>(
                "select i from generate_series(1, 3000) i, pg_sleep(case when i = 1500 then 0.002 else 0 end)");
            while (true) {
                auto const r = co_await as_result(rows.next());
                if (r.has_error()) {
                    why = r.error();
                    break;
                }
                if (!*r) break;
                EXPECT_EQ(**r, ++seen);
            }
        }
        auto const same = co_await coda::shield(db->query_one<std::int32_t>("select pg_backend_pid()"));
        EXPECT_EQ(same, pid);
        if (!why.code()) {
            EXPECT_EQ(seen, 3'000);
            co_return true;
        }
        EXPECT_EQ(why.code(), coda::errc::cancelled) << why.message();
        co_return false;
    };
    EXPECT_GT(run(coda::test::cancel_everywhere(attempt)), 0);
}

} // namespace postgres_streaming_test
