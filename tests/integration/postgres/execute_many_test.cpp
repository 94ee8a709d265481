// SPDX-License-Identifier: BSL-1.0
// One statement with many sets of parameters in one flight: all or nothing, or chunk by chunk.
#include "on_postgres.hpp"
#include "support/cancel_everywhere.hpp"

#include <algorithm>
#include <ranges>

namespace postgres_execute_many_test {

using namespace std::chrono_literals;
namespace pg = coda::pg;
namespace views = std::views;
using coda::as_result;
using coda::outcome;
using coda::scope;
using coda::task;
using coda::test::gives;
using coda::test::until;
using reading = std::tuple<std::int32_t, std::string>;

class execute_many : public coda::test::on_postgres_table {
protected:
    execute_many() : on_postgres_table("id int unique, name text") {}

    std::string ask(std::string const& what) { return server().ask("select " + what + " from " + table()); }
    static std::vector<reading> readings(int count) {
        std::vector<reading> all;
        for (int i = 0; i < count; ++i) all.emplace_back(i, fmt::format("reading {}", i));
        return all;
    }
    static pg::batch_error const& details(coda::result<std::uint64_t> const& r) {
        static pg::batch_error const none(pg::batch_error::of::statements, {}, {}, 0);
        auto const* found = r.error().details<pg::batch_error>();
        EXPECT_NE(found, nullptr);
        return found != nullptr ? *found : none;
    }
};
CODA_ON_EVERY_LOOP(execute_many);

TEST_P(execute_many, stores_every_set_and_tells_how_many_rows) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        auto const all = readings(1'000);
        co_await gives(db->execute_many(insert(), all), 1'000u);
        EXPECT_EQ(stored(), 1'000);
        EXPECT_EQ(ask("sum(id)"), "499500");
        EXPECT_EQ(ask("count(*) filter (where name = 'reading ' || id)"), "1000");
        std::vector const bounds{2, 5, 5, 9}; // g++ 12 takes no braced list inside an await
        co_await gives(db->execute_many("delete from " + table() + " where id < $1", bounds), 9u);
        co_await gives(db->execute_many(insert(), std::vector<reading>()), 0u);
        co_await gives(db->query_one<std::int32_t>("select 1"), 1);
    };
    run(body());
}

TEST_P(execute_many, takes_tuples_pairs_values_and_what_is_made_on_the_way) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        std::vector<std::pair<std::int32_t, std::optional<std::string>>> pairs{{1, "a"}, {2, std::nullopt}};
        co_await gives(db->execute_many(insert(), pairs), 2u);
        auto made = views::iota(10, 20) | views::transform([](int i) { return reading(i, std::to_string(i)); });
        co_await gives(db->execute_many(insert(), made), 10u);
        struct plain {
            std::int32_t id;
            std::string name;
        };
        std::vector<plain> plains;
        for (int i = 20; i < 23; ++i) plains.push_back({i, "plain"});
        auto tied = plains | views::transform([](plain const& p) { return std::tie(p.id, p.name); });
        co_await gives(db->execute_many(insert(), tied), 3u);
        co_await gives(db->execute_many("delete from " + table() + " where id = $1", views::iota(10, 20)), 10u);
        EXPECT_EQ(ask("string_agg(coalesce(name, '-'), ',' order by id)"), "a,-,plain,plain,plain");
    };
    run(body());
}

TEST_P(execute_many, stores_nothing_when_one_fails_and_names_it) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        for (int const wrong : {1, 700, 2'999}) {
            auto all = readings(3'000);
            std::get<0>(all[static_cast<std::size_t>(wrong)]) = 0; // as the first
            auto const r = co_await as_result(db->execute_many(insert(), all));
            EXPECT_EQ(r.error().code(), pg::sqlstate::unique_violation) << r.error().message();
            EXPECT_EQ(r.error().outcome(), outcome::completed);
            EXPECT_EQ(details(r).index, static_cast<std::size_t>(wrong));
            EXPECT_EQ(details(r).stored, 0u);
            EXPECT_NE(r.error().details<pg::server_error>(), nullptr);
            EXPECT_THAT(r.error().message(), testing::StartsWith(fmt::format("parameter set {}: ERROR 23505", wrong)));
            EXPECT_EQ(stored(), 0);
        }
        co_await gives(db->execute_many(insert(), readings(10)), 10u);
    };
    run(body());
}

TEST_P(execute_many, that_cannot_be_parsed_fails_with_its_first_set) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        std::vector const sets{1, 2, 3};
        auto const r = co_await as_result(db->execute_many("insert into nowhere values ($1)", sets));
        EXPECT_EQ(r.error().code(), pg::sqlstate::undefined_table);
        EXPECT_EQ(details(r).index, 0u);
        co_await gives(db->query_one<std::int32_t>("select 1"), 1);
    };
    run(body());
}

TEST_P(execute_many, whose_transaction_cannot_end_stores_nothing_and_names_no_set) {
    auto db = connected();
    server().ask("alter table " + table() + " add column once int unique deferrable initially deferred");
    auto const body = [&]() -> task<> {
        auto const sql = "insert into " + table() + "(id, once) values ($1, 1)";
        auto const r = co_await as_result(db->execute_many(sql, views::iota(0, 5)));
        EXPECT_EQ(r.error().code(), pg::sqlstate::unique_violation) << r.error().message();
        EXPECT_EQ(details(r).index, std::nullopt);
        EXPECT_EQ(stored(), 0);
    };
    run(body());
}

TEST_P(execute_many, chunk_by_chunk_goes_on_behind_one_that_failed) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        auto all = readings(1'000);
        std::get<0>(all[250]) = 0;
        std::get<0>(all[777]) = 1;
        auto const r = co_await as_result(db->execute_many(insert(), all, {.atomic = false, .chunk = 100}));
        EXPECT_EQ(r.error().code(), pg::sqlstate::unique_violation) << r.error().message();
        EXPECT_EQ(details(r).index, 250u);
        EXPECT_EQ(details(r).stored, 800u);
        EXPECT_EQ(r.error().kind(), coda::error_class::permanent);
        EXPECT_EQ(stored(), 800);
        EXPECT_EQ(ask("count(*) filter (where id between 200 and 299 or id between 700 and 799)"), "0");
        server().ask("truncate " + table());
        auto const halves =
            co_await as_result(db->execute_many(insert(), readings(5'000), {.atomic = false, .chunk = 5'000}));
        EXPECT_EQ(halves.value(), 5'000u);
        all = readings(10'000); // skipped for longer than a flight is
        auto const none = co_await as_result(db->execute_many(insert(), all, {.atomic = false, .chunk = 9'000}));
        EXPECT_EQ(details(none).index, 0u);
        EXPECT_EQ(details(none).stored, 1'000u);
        server().ask("truncate " + table());
        all.resize(1'000);
        std::get<0>(all[250]) = 0;
        std::get<0>(all[777]) = 1;
        auto const each = co_await as_result(db->execute_many(insert(), all, {.atomic = false}));
        EXPECT_EQ(details(each).index, 250u);
        EXPECT_EQ(details(each).stored, 998u);
        EXPECT_EQ(stored(), 998);
        co_await gives(db->execute_many("delete from " + table() + " where id = $1", views::iota(0, 1'000),
                                        {.atomic = false, .chunk = 7}),
                       998u);
    };
    run(body());
}

TEST_P(execute_many, with_a_set_that_cannot_be_sent_stores_nothing_of_its_transaction) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        auto all = readings(2'000);
        std::get<1>(all[1'500]) = std::string("a\0b", 3);
        auto const r = co_await as_result(db->execute_many(insert(), all));
        EXPECT_EQ(r.error().code(), coda::errc::invalid_argument);
        EXPECT_EQ(r.error().outcome(), outcome::completed);
        EXPECT_EQ(details(r).index, 1'500u);
        EXPECT_EQ(stored(), 0);
        auto const chunks = co_await as_result(db->execute_many(insert(), all, {.atomic = false, .chunk = 1'000}));
        EXPECT_EQ(details(chunks).index, 1'500u);
        EXPECT_EQ(details(chunks).stored, 1'000u);
        EXPECT_EQ(stored(), 1'000);
        auto const first = co_await as_result(db->execute_many(insert(), all | views::drop(1'500)));
        EXPECT_EQ(first.error().outcome(), outcome::not_sent);
        EXPECT_EQ(details(first).index, 0u);
        co_await gives(db->query_one<std::int32_t>("select 1"), 1);
    };
    run(body());
}

TEST_P(execute_many, whose_range_throws_stores_nothing) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        auto throwing = views::iota(0, 3'000) | views::transform([](int i) {
                            if (i == 2'500) throw std::runtime_error("of the range");
                            return reading(i, "x");
                        });
        std::string said;
        try {
            co_await db->execute_many(insert(), throwing);
        } catch (std::runtime_error const& e) {
            said = e.what();
        }
        EXPECT_EQ(said, "of the range");
        co_await gives(db->query_one<std::int32_t>("select 1"), 1);
        EXPECT_EQ(stored(), 0);
    };
    run(body());
}

TEST_P(execute_many, is_a_part_of_the_transaction_that_is_open) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        co_await db->execute("begin");
        co_await db->execute_many(insert(), readings(10));
        EXPECT_EQ(stored(), 0) << "not yet";
        co_await db->execute("commit");
        EXPECT_EQ(stored(), 10);
        co_await db->execute("begin");
        co_await db->execute(insert(), 100, "before");
        auto const r = co_await as_result(db->execute_many(insert(), readings(10)));
        EXPECT_EQ(r.error().code(), pg::sqlstate::unique_violation);
        co_await db->execute("commit"); // of one that has failed: rolls back
        EXPECT_EQ(stored(), 10);
    };
    run(body());
}

// Where a Sync ends no transaction none of them stands, and the whole may be done again.
TEST_P(execute_many, in_chunks_is_a_whole_within_a_transaction) {
    auto db = connected();
    pg::many_options const chunks{.atomic = false, .chunk = 10};
    auto const test = [&]() -> task<> {
        co_await db->execute(insert(), 55, "in the way");
        auto const body = [&](pg::transaction& tx) -> task<> {
            auto const r = co_await as_result(tx.execute_many(insert(), readings(100), chunks));
            EXPECT_EQ(r.error().code(), pg::sqlstate::unique_violation);
            auto const* const which = r.error().details<pg::batch_error>();
            EXPECT_EQ(which->stored, 0u);
            EXPECT_EQ(which->index, 55u);
            EXPECT_EQ(r.error().kind(), which->cause.kind());
            throw coda::exception(r.error());
        };
        static_cast<void>(co_await as_result(db->transaction(body)));
        EXPECT_EQ(stored(), 1);
        co_await db->execute("delete from " + table());
        auto const again = [&](pg::transaction& tx) -> task<> {
            co_await gives(tx.execute_many(insert(), readings(100), chunks), 100u);
        };
        co_await db->transaction(again);
        EXPECT_EQ(stored(), 100);
    };
    run(test());
}

// More than either side's buffers hold, and replies that fill the server's as well.
TEST_P(execute_many, of_huge_ranges_needs_little_memory_and_never_stands_still) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        std::string const text(1'000, 'x');
        std::size_t read = 0;
        auto large = views::iota(0, 40'000) | views::transform([&](int i) {
                         ++read;
                         return std::tuple<int, std::string const&>(i, text);
                     });
        co_await gives(db->execute_many(insert() + " returning repeat(name, 3)", large), 40'000u);
        EXPECT_EQ(stored(), 40'000);
        EXPECT_LE(read, 40'001u) << "but for the first, each is made once";
    };
    run(body());
}

// The server works on the first while the client would like to send the rest: it does not run ahead.
TEST_P(execute_many, reads_its_range_only_as_far_as_it_may_be_in_flight) {
    auto db = connected();
    auto const key = server().fresh_key();
    server().lock(key);
    auto const body = [&](scope& s) -> task<> {
        int read = 0;
        auto const rows = views::iota(0, 100'000) | views::transform([&](int i) {
                              read = i;
                              return std::int64_t{key};
                          });
        auto many = s.spawn(db->execute_many("select pg_advisory_xact_lock($1)", rows));
        co_await until([&] { return server().waiting_for(key) == 1; });
        co_await coda::sleep_for(20ms);
        EXPECT_LE(read, 1'100);
        server().unlock(key);
        co_await many.join();
        EXPECT_EQ(read, 99'999);
    };
    run(coda::with_scope(body));
}

TEST_P(execute_many, on_a_client_is_one_transaction_beside_others) {
    pg::client db(loop(), server().uri(), {.connections = 1});
    auto const body = [&]() -> task<> {
        auto const all = readings(5'000);
        auto const many = [&](auto sets) -> task<std::uint64_t> { co_return co_await db.execute_many(insert(), sets); };
        auto const other = [&](int i) -> task<int> {
            co_return co_await db.query_one<std::int32_t>("select $1::int4", i);
        };
        auto first = many(all | views::take(2'500));
        auto second = many(all | views::drop(2'500));
        auto const [a, b, c, d] = co_await coda::when_all(other(1), std::move(first), other(2), std::move(second));
        EXPECT_EQ(a, 1);
        EXPECT_EQ(b, 2'500u);
        EXPECT_EQ(c, 2);
        EXPECT_EQ(d, 2'500u);
        EXPECT_EQ(stored(), 5'000);
        auto const refused = co_await as_result(db.execute_many("set statement_timeout = $1", views::iota(1, 3)));
        EXPECT_EQ(refused.error().code(), pg::errc::needs_own_connection);
        EXPECT_EQ(refused.error().outcome(), outcome::not_sent);
        co_await db.close();
    };
    run(body());
}

TEST_P(execute_many, works_whatever_is_prepared) {
    for (std::size_t const cache : {0u, 1u, 2u}) {
        auto db = connected({.statement_cache = cache});
        auto const body = [&]() -> task<> {
            for (int i = 0; i < 3; ++i) {
                co_await gives(db->query_one<std::int32_t>("select 1"), 1);
                co_await gives(db->execute_many(insert(), readings(600)), 600u);
                co_await gives(db->query_one<std::int32_t>("select 2"), 2);
                co_await gives(db->execute_many("delete from " + table() + " where id = $1", views::iota(0, 600)),
                               600u);
                co_await db->execute("deallocate all");
                co_await as_result(db->execute_many(insert(), readings(1))); // which finds out
                server().ask("truncate " + table());
            }
        };
        run(body());
    }
}

TEST_P(execute_many, refuses_options_out_of_range) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        auto const r = co_await as_result(db->execute_many(insert(), readings(1), {.atomic = false, .chunk = 0}));
        EXPECT_EQ(r.error().code(), coda::errc::invalid_argument);
        EXPECT_THAT(r.error().message(), testing::HasSubstr("chunk must be 1 to 1000000, not 0"));
    };
    run(body());
}

TEST_P(execute_many, left_in_its_middle_stores_nothing_and_disturbs_nobody) {
    auto db = connected();
    auto const pid = db->backend_pid();
    auto const key = server().fresh_key();
    server().lock(key);
    auto const sql = "insert into " + table() + " select $1, '' from pg_advisory_xact_lock(" + std::to_string(key) +
                     ") where $1 > 1000 or true";
    auto const body = [&](scope& s) -> task<> {
        auto many = s.spawn(db->execute_many(sql, views::iota(0, 100'000)));
        co_await until([&] { return server().waiting_for(key) == 1; });
        auto behind = s.spawn(db->query_one<std::int32_t>("select 5"));
        co_await coda::yield();
        co_await gives(many.cancel(), outcome::unknown);
        co_await gives(behind.join(), 5);
        co_await gives(db->query_one<std::int32_t>("select pg_backend_pid()"), pid);
        EXPECT_EQ(stored(), 0);
    };
    run(coda::with_scope(body));
    server().unlock(key);
}

// All or nothing, wherever it is cancelled.
TEST_P(execute_many, cancelled_anywhere_tells_the_truth) {
    auto db = connected({.cancel_after = 0ms});
    auto const pid = db->backend_pid();
    int round = 0;
    auto const attempt = [&]() -> task<bool> {
        int const from = 10'000 * ++round;
        auto sets = views::iota(from, from + 1'200) | views::transform([](int i) { return reading(i, "x"); });
        auto const r = co_await as_result(db->execute_many(insert(), sets));
        auto const there = co_await coda::shield(
            db->query_one<std::int64_t>("select count(*) from " + table() + " where id >= $1", from));
        if (r.has_value()) {
            EXPECT_EQ(there, 1'200);
            co_return true;
        }
        EXPECT_EQ(r.error().code(), coda::errc::cancelled) << r.error().message();
        EXPECT_TRUE(there == 0 || (there == 1'200 && r.error().outcome() == outcome::unknown)) << there;
        co_return false;
    };
    EXPECT_GT(run(coda::test::cancel_everywhere(attempt)), 0);
    EXPECT_EQ(db->backend_pid(), pid) << "and the connection has gone through all of it";
}

TEST_P(execute_many, whose_connection_is_lost_is_unknown) {
    auto db = connected();
    auto const key = server().fresh_key();
    server().lock(key);
    auto const body = [&](scope& s) -> task<> {
        auto const keys = views::iota(0, 5'000) | views::transform([&](int) { return std::int64_t{key}; });
        auto lost = [&]() -> task<> {
            auto const r = co_await as_result(db->execute_many("select pg_advisory_xact_lock($1)", keys));
            EXPECT_TRUE(r.has_error());
            EXPECT_EQ(r.error().kind(), coda::error_class::connection_lost) << r.error().message();
            EXPECT_EQ(r.error().outcome(), outcome::unknown);
        };
        auto many = s.spawn(lost());
        co_await until([&] { return server().waiting_for(key) == 1; });
        server().terminate_all();
        co_await many.join();
        EXPECT_FALSE(db->usable());
    };
    run(coda::with_scope(body));
    server().unlock(key);
}

} // namespace postgres_execute_many_test
