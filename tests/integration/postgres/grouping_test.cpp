// SPDX-License-Identifier: BSL-1.0
// Statements of different callers that share one Sync behind a fence.
#include "on_postgres.hpp"

#include <random>
#include <set>

namespace postgres_grouping_test {

using namespace std::chrono_literals;
namespace pg = coda::pg;
using coda::as_result;
using coda::outcome;
using coda::scope;
using coda::task;

// When its transaction began, and whether it may write.
constexpr auto fence_seen =
    "select extract(epoch from now())::float8, current_setting('transaction_read_only'), $1::int4";
using seen = std::tuple<double, std::string, std::int32_t>;

class grouping : public coda::test::on_postgres {
protected:
    // A client with one connection, which is open.
    std::unique_ptr<pg::client> one_connection(pg::client_options options = {}) {
        options.connections = 1;
        auto db = std::make_unique<pg::client>(loop(), server().uri(), options);
        auto const connect = [&]() -> task<> { co_await db->connect(); };
        run(connect());
        return db;
    }
    // What as many statements see that are issued in one turn of the loop. `from`: the client, or some of it.
    template <class From>
    std::vector<seen> at_once(From&& from, int statements) {
        std::vector<seen> all;
        auto const one = [&](int i) -> task<> {
            auto const what = co_await from.template query_one<seen>(fence_seen, i);
            EXPECT_EQ(std::get<2>(what), i);
            all.push_back(what);
        };
        auto const body = [&](scope& s) -> task<> {
            for (int i = 0; i < statements; ++i) s.spawn(one(i));
            co_return;
        };
        run(coda::with_scope(body));
        EXPECT_EQ(all.size(), static_cast<std::size_t>(statements));
        return all;
    }
    static std::size_t transactions(std::vector<seen> const& all) {
        std::set<double> different;
        for (auto const& each : all) different.insert(std::get<0>(each));
        return different.size();
    }
    static std::size_t fenced(std::vector<seen> const& all) {
        return static_cast<std::size_t>(std::ranges::count(all, "on", [](seen const& s) { return std::get<1>(s); }));
    }
    std::string a_table() {
        auto name = server().fresh_name();
        server().ask("create table " + name + " (value int)");
        return name;
    }
    // A function that looks like a query, and writes.
    std::string a_writer(std::string const& table) {
        auto name = server().fresh_name();
        server().ask("create function " + name + "(v int) returns text language plpgsql as $$ begin insert into " +
                     table + " values (v); return current_setting('transaction_read_only'); end $$");
        return name;
    }
};
CODA_ON_EVERY_LOOP(grouping);

TEST_P(grouping, statements_that_wait_together_share_a_transaction_that_only_reads) {
    auto const db = one_connection();
    for (int round = 0; round < 3; ++round) { // prepared, and not
        auto const all = at_once(db->reads(), 32);
        EXPECT_EQ(fenced(all), 32u);
        EXPECT_EQ(transactions(all), 2u) << "groups of 16";
    }
    EXPECT_EQ(server().connections(), 1);
}

TEST_P(grouping, small_queues_are_sent_as_ever) {
    auto const db = one_connection();
    auto const all = at_once(db->reads(), 7);
    EXPECT_EQ(fenced(all), 0u);
    EXPECT_EQ(transactions(all), 7u);
}

TEST_P(grouping, happens_only_where_it_was_asked_for) {
    EXPECT_EQ(fenced(at_once(*one_connection(), 32)), 0u);
    EXPECT_EQ(fenced(at_once(one_connection({.grouping = pg::grouping::off})->reads(), 32)), 0u);
    auto const automatic = one_connection({.grouping = pg::grouping::automatic});
    EXPECT_EQ(fenced(at_once(*automatic, 32)), 32u);
    EXPECT_EQ(fenced(at_once(automatic->alone(), 32)), 0u);
}

TEST_P(grouping, needs_no_named_statements) {
    auto const db = one_connection({.connection = {.statement_cache = 0}});
    for (int round = 0; round < 2; ++round) EXPECT_EQ(fenced(at_once(db->reads(), 32)), 32u);
    auto const prepared = [&]() -> task<> {
        EXPECT_EQ(co_await db->query_one<std::int64_t>("select count(*) from pg_prepared_statements"), 0);
    };
    run(prepared());
}

TEST_P(grouping, errors_stay_with_their_callers) {
    auto const db = one_connection();
    int answered = 0;
    int failed = 0;
    auto const ask = [&](int i) -> task<> {
        auto const r = co_await as_result(db->reads().query_one<int>("select 100 / $1::int4", i % 5));
        if (i % 5 == 0) {
            ++failed;
            EXPECT_EQ(r.error().code(), pg::make_sqlstate("22012"));
            EXPECT_EQ(r.error().outcome(), outcome::completed);
        } else {
            ++answered;
            EXPECT_EQ(r.value(), 100 / (i % 5));
        }
    };
    auto const body = [&](scope& s) -> task<> {
        for (int i = 0; i < 60; ++i) s.spawn(ask(i));
        co_return;
    };
    for (int round = 0; round < 3; ++round) run(coda::with_scope(body));
    EXPECT_EQ(answered, 3 * 48);
    EXPECT_EQ(failed, 3 * 12);
    EXPECT_EQ(server().connections(), 1);
}

TEST_P(grouping, one_that_cannot_be_prepared_takes_no_other_with_it) {
    auto const db = one_connection();
    auto const good = [&](int i) -> task<> {
        auto const sql = fmt::format("select {} + $1::int4", i); // each of them is prepared
        EXPECT_EQ(co_await db->reads().query_one<int>(sql, i), 2 * i);
    };
    auto const bad = [&]() -> task<> {
        auto const r = co_await as_result(db->reads().query("select from nowhere at all"));
        EXPECT_EQ(r.error().code(), pg::sqlstate::syntax_error);
    };
    auto const body = [&](scope& s) -> task<> {
        for (int i = 0; i < 5; ++i) s.spawn(good(i));
        s.spawn(bad());
        for (int i = 5; i < 10; ++i) s.spawn(good(i));
        co_return;
    };
    for (int round = 0; round < 3; ++round) run(coda::with_scope(body));
}

TEST_P(grouping, a_write_among_reads_is_refused_and_does_nothing) {
    auto const db = one_connection();
    auto const table = a_table();
    auto const write = [&]() -> task<> {
        auto const r = co_await as_result(
            db->reads().query("with w as (insert into " + table + " values (1) returning value) select value from w"));
        EXPECT_EQ(r.error().code(), pg::sqlstate::read_only_transaction);
        EXPECT_EQ(r.error().outcome(), outcome::completed);
    };
    auto const read = [&](int i) -> task<> { EXPECT_EQ(co_await db->reads().query_one<int>("select $1::int4", i), i); };
    auto const body = [&](scope& s) -> task<> {
        for (int i = 0; i < 5; ++i) s.spawn(read(i));
        s.spawn(write());
        for (int i = 5; i < 10; ++i) s.spawn(read(i));
        co_return;
    };
    run(coda::with_scope(body));
    EXPECT_EQ(server().count("select count(*) from " + table), 0);
}

// Session locks show how often a writer was begun: a transaction that is rolled back keeps them.
TEST_P(grouping, one_that_was_tried_and_would_write_is_sent_alone_once_and_not_tried_again) {
    auto const db = one_connection({.grouping = pg::grouping::automatic});
    auto const table = a_table();
    auto const key = server().fresh_key();
    auto const lock = server().fresh_name();
    server().ask(fmt::format("create function {}() returns void language sql as 'select pg_advisory_lock_shared({})'",
                             lock, key));
    auto const sql = fmt::format("select {}($1) from {}()", a_writer(table), lock);
    auto const begun_since = [&](int& times) -> task<> {
        auto const unlock = fmt::format("select pg_advisory_unlock_shared({})", key);
        for (times = 0; co_await db->alone().query_one<bool>(unlock); ++times) {}
    };
    auto const write = [&](int i) -> task<> { EXPECT_EQ(co_await db->query_one<std::string>(sql, i), "off"); };
    auto const read = [&](int i) -> task<> { EXPECT_EQ(co_await db->query_one<int>("select $1::int4", i), i); };
    auto const body = [&](scope& s) -> task<> {
        for (int i = 0; i < 60; ++i) {
            if (i % 3 == 0)
                s.spawn(write(i));
            else
                s.spawn(read(i));
        }
        co_return;
    };
    int begun = 0;
    run(coda::with_scope(body));
    EXPECT_EQ(server().count("select count(*) from " + table), 20);
    EXPECT_EQ(server().count("select count(distinct value) from " + table), 20);
    run(begun_since(begun));
    EXPECT_GT(begun, 20) << "some were tried";
    run(coda::with_scope(body));
    EXPECT_EQ(server().count("select count(*) from " + table), 40);
    run(begun_since(begun));
    EXPECT_EQ(begun, 20);
}

// Writers, errors, statements that are new all the time, and callers who leave: each gets his own, and what was
// acknowledged was done once.
TEST_P(grouping, hands_each_reply_to_its_own_caller_and_writes_once) {
    pg::client db(loop(), server().uri(),
                  {.connections = 2,
                   .connection = {.max_in_flight = 32, .statement_cache = 8},
                   .grouping = pg::grouping::automatic,
                   .min_group = 2,
                   .max_group = 8});
    auto const table = a_table();
    auto const writer = a_writer(table);
    std::mt19937 random(1311);
    std::set<int> written;
    std::set<int> unknown;
    auto const ask = [&](int i, unsigned kind, coda::duration limit) -> task<> {
        auto const own = fmt::format("value {}", i);
        if (kind == 0) {
            auto const r = co_await as_result(coda::with_timeout(limit, db.query("select " + writer + "($1)", i)));
            if (r.has_value()) written.insert(i);
            if (r.has_value()) co_return;
            EXPECT_EQ(r.error().code(), coda::errc::timed_out) << r.error().message();
            if (r.error().outcome() == outcome::unknown) unknown.insert(i);
            co_return;
        }
        auto const sql = kind == 1   ? std::string("select $1::text, 1 / 0")
                         : kind == 2 ? fmt::format("select $1::text, {}", i % 30)
                                     : std::string("select $1::text");
        auto const r = co_await as_result(coda::with_timeout(limit, db.query(sql, own)));
        if (r.has_value()) {
            EXPECT_EQ(r->get<std::string>(0, 0).value(), own);
        } else {
            EXPECT_EQ(r.error().code(), kind == 1 && r.error().code() != coda::errc::timed_out
                                            ? pg::make_sqlstate("22012")
                                            : make_error_code(coda::errc::timed_out));
        }
    };
    auto const body = [&](scope& s) -> task<> {
        for (int i = 0; i < 6000; ++i) {
            auto const limit =
                random() % 4 == 0 ? coda::duration(std::chrono::microseconds(random() % 20'000)) : coda::duration(60s);
            s.spawn(ask(i, static_cast<unsigned>(random() % 8), limit));
            if (i % 50 == 0) co_await coda::yield();
        }
    };
    run(coda::with_scope(body));
    auto const close = [&]() -> task<> { co_await db.close(); };
    run(close());
    EXPECT_GT(written.size(), 100u);
    EXPECT_EQ(server().count("select count(*) - count(distinct value) from " + table), 0) << "twice";
    long const there = server().count("select count(*) from " + table);
    EXPECT_GE(there, static_cast<long>(written.size()));
    EXPECT_LE(there, static_cast<long>(written.size() + unknown.size()));
}

TEST_P(grouping, lost_in_the_middle_ends_everybody) {
    for (int round = 0; round < 5; ++round) {
        auto const db = one_connection();
        int ended = 0;
        auto const ask = [&](int i) -> task<> {
            auto const r = co_await as_result(
                db->reads().query_one<int>("select $1::int4 from pg_sleep(case when $1 = 20 then 0.2 else 0 end)", i));
            ++ended;
            if (r.has_error()) EXPECT_NE(r.error().outcome(), outcome::completed);
        };
        auto const body = [&](scope& s) -> task<> {
            for (int i = 0; i < 64; ++i) s.spawn(ask(i));
            co_await coda::test::until([&] { return server().active() == 1; });
            EXPECT_EQ(server().terminate_all(), 1);
        };
        run(coda::with_scope(body));
        EXPECT_EQ(ended, 64);
    }
}

TEST_P(grouping, whose_callers_have_all_left_is_cancelled_on_the_server) {
    auto const db = one_connection({.connection = {.drain_timeout = 30s}});
    coda::cancel_source stop;
    auto const slow = [&](int i) -> task<> {
        auto const r = co_await as_result(db->reads().query("select pg_sleep(60), $1::int4", i));
        EXPECT_EQ(r.error().code(), coda::errc::cancelled);
    };
    auto const body = [&](scope& s) -> task<> {
        for (int i = 0; i < 16; ++i) s.spawn(coda::with_cancellation(stop.token(), slow(i)));
        co_await coda::test::until([&] { return server().active() == 1; });
        stop.request();
        co_await coda::test::until([&] { return server().active() == 0; });
        EXPECT_EQ(co_await db->query_one<int>("select 1"), 1) << "the connection is kept";
    };
    run(coda::with_scope(body));
    EXPECT_EQ(server().connections(), 1);
}

} // namespace postgres_grouping_test
