// SPDX-License-Identifier: BSL-1.0
// What an observer is told of statements and notices.
#include "on_postgres.hpp"
#include "support/fault_proxy.hpp"
#include "support/own_postgres.hpp"
#include "support/unreachable_endpoint.hpp"

#include <set>

namespace coda_observer_test {

// A number that takes a millisecond to read.
struct slow_number {
    std::int32_t value = 0;
};

} // namespace coda_observer_test

template <>
struct coda::pg::codec<coda_observer_test::slow_number> {
    static constexpr oid type = coda::pg::type::int4;
    static bool decode(bytes from, oid sent, coda_observer_test::slow_number& to) {
        using clock = std::chrono::steady_clock;
        auto const until = clock::now() + std::chrono::milliseconds(1);
        while (clock::now() < until) {}
        return codec<std::int32_t>::decode(from, sent, to.value);
    }
};

namespace postgres_observer_test {

using namespace std::chrono_literals;
namespace pg = coda::pg;
using coda::as_result;
using coda::outcome;
using coda::scope;
using coda::task;
using coda::test::gives;
using coda::test::until;
using testing::Contains;
using testing::ElementsAre;

// Keeps what it is told, but for the references.
class notes final : public pg::statement_observer {
public:
    struct note {
        std::string sql;
        std::string parameters;
        pg::statement_event event;
        coda::error failure;
    };
    void on_statement(pg::statement_event const& e) noexcept override {
        all.push_back(
            {std::string(e.sql), e.parameters.to_string(), e, e.failure != nullptr ? *e.failure : coda::error()});
    }
    void on_notice(pg::server_error const& n) noexcept override { notices.push_back(n.message()); }

    std::vector<std::string> texts() const {
        std::vector<std::string> sqls;
        for (auto const& n : all) sqls.push_back(n.sql);
        return sqls;
    }

    std::vector<note> all;
    std::vector<std::string> notices;
};

class observer : public coda::test::on_postgres {
protected:
    notes seen;
};
CODA_ON_EVERY_LOOP(observer);

TEST_P(observer, is_told_what_a_statement_was_and_how_long_it_took) {
    auto const db = connected({.observer = &seen});
    auto const body = [&]() -> task<> {
        for (int i = 0; i < 2; ++i)
            co_await db->query<std::string>("select n::text from generate_series(1, $1) n, pg_sleep(0.02)", 3);
    };
    run(body());
    ASSERT_EQ(seen.all.size(), 2u);
    for (auto const& n : seen.all) {
        EXPECT_EQ(n.sql, "select n::text from generate_series(1, $1) n, pg_sleep(0.02)");
        EXPECT_EQ(n.parameters, "$1 = 3");
        EXPECT_EQ(n.event.rows, 3u);
        EXPECT_GT(n.event.bytes, 0u);
        EXPECT_EQ(n.event.failure, nullptr);
        EXPECT_GE(n.event.server, 20ms);
        EXPECT_GE(n.event.queued, 0s);
        EXPECT_GE(n.event.decoding, 0s);
    }
    EXPECT_EQ(seen.all[0].event.use, pg::statement_use::prepared);
    EXPECT_EQ(seen.all[1].event.use, pg::statement_use::cached);
}

TEST_P(observer, is_told_how_long_a_statement_waited_for_others) {
    pg::client db(
        loop(), server().uri(),
        {.connections = 1, .connection = {.max_in_flight = 1, .observer = &seen}, .grouping = pg::grouping::off});
    auto const ask = [&](double seconds) -> task<> { co_await db.execute("select pg_sleep($1)", seconds); };
    auto const body = [&](scope& s) -> task<> {
        co_await db.connect();
        s.spawn(ask(0.05));
        s.spawn(ask(0.0));
    };
    run(coda::with_scope(body));
    ASSERT_EQ(seen.all.size(), 2u);
    EXPECT_GE(seen.all[1].event.queued, 50ms);
}

TEST_P(observer, is_told_how_long_rows_took_to_read) {
    using coda_observer_test::slow_number;
    auto const db = connected({.observer = &seen});
    auto const body = [&]() -> task<> {
        co_await db->query<slow_number>("select generate_series(1, 5)");
        co_await db->query_one<slow_number>("select 1");
        auto rows = db->stream<slow_number>("select generate_series(1, 5)");
        while (co_await rows.next()) {}
    };
    run(body());
    ASSERT_EQ(seen.all.size(), 3u);
    EXPECT_GE(seen.all[0].event.decoding, 5ms);
    EXPECT_GE(seen.all[1].event.decoding, 1ms);
    EXPECT_GE(seen.all[2].event.decoding, 5ms);
}

TEST_P(observer, is_told_of_what_no_connection_could_be_had_for) {
    coda::test::refusing_endpoint nobody;
    pg::client db(loop(), fmt::format("postgresql://coda@127.0.0.1:{}/coda", nobody.where().port),
                  {.connections = 1, .connection = {.observer = &seen}});
    std::vector const numbers{1, 2};
    auto const body = [&]() -> task<> {
        co_await as_result(db.query("select $1::int4", 1));
        co_await as_result(db.execute_many("select $1", numbers));
        co_await as_result(db.pipeline(pg::query("select 3"), pg::query("select 4")));
    };
    run(body());
    EXPECT_THAT(seen.texts(), ElementsAre("select $1::int4", "select $1", "select 3", "select 4"));
    for (auto const& n : seen.all) {
        EXPECT_EQ(n.event.use, pg::statement_use::not_sent);
        EXPECT_EQ(n.failure.code(), pg::errc::connect_failed) << n.failure.message();
        EXPECT_GT(n.event.queued, 0s);
        EXPECT_EQ(n.event.server, 0s);
    }
}

// The server's own words about a value (22P02, 23505) are in the error, not in the log.
TEST_P(observer, that_writes_slow_statements_writes_no_values) {
    std::vector<std::string> lines;
    pg::slow_statement_log log({.after = 0ms}, [&](std::string_view line) { lines.emplace_back(line); });
    auto const db = connected({.observer = &log});
    auto const table = server().fresh_name();
    server().ask("create table " + table + " (name text unique)");
    auto const insert = "insert into " + table + " values ($1)";
    std::string const secret = "s3cret";
    std::vector const secrets{secret, secret};
    auto const body = [&]() -> task<> {
        co_await as_result(db->query("select $1::text::int4", secret));
        co_await db->execute(insert, secret);
        co_await as_result(db->execute(insert, secret));
        co_await as_result(db->execute_many(insert, secrets));
        co_await as_result(db->pipeline(pg::execute(insert, secret), pg::query("select $1::text", secret)));
        auto rows = db->stream<std::string>("select $1::text", secret);
        while (co_await rows.next()) {}
    };
    run(body());
    EXPECT_GE(lines.size(), 7u);
    for (auto const& line : lines) EXPECT_THAT(line, testing::Not(testing::HasSubstr(secret)));
    server().ask("drop table " + table);
}

TEST_P(observer, is_told_why_a_statement_failed) {
    auto const db = connected({.observer = &seen});
    auto const body = [&]() -> task<> {
        co_await as_result(db->query("select 1 / $1", 0));
        co_await as_result(db->query_one<int>("select 1 where false"));
        co_await as_result(db->query_one<int>("select 'text'"));
        co_await as_result(coda::with_timeout(1ms, db->query("select pg_sleep(10)")));
        co_await db->close(); // when the server has ended it too
    };
    run(body());
    std::vector<coda::error_code> codes;
    for (auto const& n : seen.all) codes.push_back(n.failure.code());
    EXPECT_THAT(codes, ElementsAre(pg::make_sqlstate("22012"), pg::errc::no_rows, coda::errc::type_mismatch,
                                   coda::errc::timed_out));
}

TEST_P(observer, is_told_of_one_that_was_left_before_it_was_sent) {
    pg::client db(loop(), server().uri(), {.connections = 1, .connection = {.max_in_flight = 1, .observer = &seen}});
    auto const ask = [&](double seconds) -> task<> { co_await as_result(db.execute("select pg_sleep($1)", seconds)); };
    auto const body = [&](scope& s) -> task<> {
        co_await db.connect();
        auto first = s.spawn(ask(60.0));
        co_await until([&] { return server().active() == 1; });
        auto behind = s.spawn(ask(0.0));
        co_await coda::yield();
        co_await behind.cancel();
        co_await first.cancel();
        co_await db.close(); // when the server has ended it too
    };
    run(coda::with_scope(body));
    ASSERT_EQ(seen.all.size(), 2u);
    EXPECT_EQ(seen.all[0].event.use, pg::statement_use::not_sent);
    EXPECT_EQ(seen.all[0].event.server, 0s);
    EXPECT_EQ(seen.all[0].failure.code(), coda::errc::cancelled);
    EXPECT_EQ(seen.all[1].event.use, pg::statement_use::prepared);
}

TEST_P(observer, is_told_of_many_sets_at_once_and_of_each_statement_of_a_pipeline) {
    auto const db = connected({.observer = &seen});
    std::vector<int> const numbers{1, 2, 3};
    auto const body = [&]() -> task<> {
        co_await db->execute("create temporary table t (n int primary key)");
        seen.all.clear();
        co_await db->execute_many("insert into t values ($1)", numbers);
        co_await db->pipeline(pg::query<int>("select n from t"), pg::execute("delete from t where n > $1", 1));
        co_await as_result(
            db->pipeline(pg::execute("insert into t values (1)"), pg::execute("insert into t values (2)")));
    };
    run(body());
    ASSERT_EQ(seen.all.size(), 5u);
    EXPECT_EQ(seen.all[0].event.sets, 3u);
    EXPECT_EQ(seen.all[0].event.affected, 3u);
    EXPECT_EQ(seen.all[0].parameters, "");
    EXPECT_EQ(seen.all[1].sql, "select n from t");
    EXPECT_EQ(seen.all[1].event.rows, 3u);
    EXPECT_EQ(seen.all[2].event.affected, 2u);
    EXPECT_EQ(seen.all[2].parameters, "$1 = 1");
    for (auto const i : {3u, 4u}) EXPECT_EQ(seen.all[i].failure.code(), pg::sqlstate::unique_violation);
}

// All of them stand.
TEST_P(observer, is_told_which_of_a_pipeline_could_not_be_read) {
    auto const db = connected({.observer = &seen});
    auto const body = [&]() -> task<> {
        co_await as_result(db->pipeline(pg::execute("select 1"), pg::query_one<int>("select 'text'")));
    };
    run(body());
    ASSERT_EQ(seen.all.size(), 2u);
    EXPECT_EQ(seen.all[0].event.failure, nullptr);
    EXPECT_EQ(seen.all[1].failure.code(), coda::errc::type_mismatch);
}

// What a stream was made of may be gone by then.
TEST_P(observer, is_told_of_a_stream_whose_statement_has_gone) {
    auto const db = connected({.observer = &seen});
    auto const begin = [&]() -> task<coda::stream<int>> {
        auto const sql =
            std::make_unique<std::string>("select n from generate_series(1, 10) n -- long enough to be on the heap");
        auto rows = db->stream<int>(*sql);
        co_await rows.next();
        co_return std::move(rows);
    };
    auto const body = [&]() -> task<> {
        auto rows = co_await begin();
        while (co_await rows.next()) {}
    };
    run(body());
    ASSERT_EQ(seen.all.size(), 1u);
    EXPECT_EQ(seen.all[0].sql, "select n from generate_series(1, 10) n -- long enough to be on the heap");
    EXPECT_EQ(seen.all[0].event.rows, 10u);
}

TEST_P(observer, is_told_of_a_stream_that_cannot_be_read) {
    auto const db = connected({.observer = &seen});
    auto const body = [&]() -> task<> {
        auto rows = db->stream<int>("select 'text'");
        co_await as_result(rows.next());
    };
    run(body());
    ASSERT_EQ(seen.all.size(), 1u);
    EXPECT_EQ(seen.all[0].failure.code(), coda::errc::type_mismatch);
}

TEST_P(observer, is_told_of_a_stream_when_it_ends_or_is_left) {
    auto const db = connected({.observer = &seen});
    auto const read = [&](int most) -> task<> {
        auto rows = db->stream<int>("select n from generate_series(1, 10) n");
        for (int i = 0; i < most; ++i)
            if (!co_await rows.next()) break;
    };
    auto const body = [&]() -> task<> {
        co_await read(20);
        co_await read(3);
    };
    run(body());
    ASSERT_EQ(seen.all.size(), 2u);
    EXPECT_EQ(seen.all[0].event.rows, 10u);
    EXPECT_EQ(seen.all[0].event.failure, nullptr);
    EXPECT_GE(seen.all[1].event.rows, 3u);
    EXPECT_EQ(seen.all[1].failure.code(), coda::errc::cancelled);
}

TEST_P(observer, is_told_of_transactions) {
    auto const db = connected({.observer = &seen});
    auto const inner = [](pg::transaction& tx) -> task<> { co_await tx.execute("select 2"); };
    auto const outer = [&](pg::transaction& tx) -> task<> {
        co_await tx.execute("select 1");
        co_await tx.savepoint(inner);
    };
    auto const body = [&]() -> task<> { co_await db->transaction(outer); };
    run(body());
    EXPECT_THAT(seen.texts(),
                ElementsAre("begin", "select 1", "savepoint coda_1", "select 2", "release savepoint coda_1", "commit"));
}

// It would warn of a rollback outside a transaction.
TEST_P(observer, is_told_nothing_of_a_reset) {
    auto const db = connected({.observer = &seen});
    auto const body = [&]() -> task<> {
        co_await db->query("select 1");
        co_await db->reset();
        co_await db->query("select 2");
    };
    run(body());
    EXPECT_THAT(seen.texts(), ElementsAre("select 1", "select 2"));
    EXPECT_THAT(seen.notices, ElementsAre());
}

TEST_P(observer, is_told_what_the_server_says_unasked) {
    auto const db = connected({.observer = &seen});
    auto const body = [&]() -> task<> {
        co_await db->execute("do $$ begin raise notice 'take %', 'note'; raise warning using message = 'mind', "
                             "errcode = '01ABC'; end $$");
    };
    run(body());
    EXPECT_THAT(seen.notices, ElementsAre("NOTICE 00000: take note", "WARNING 01ABC: mind"));
}

// Of a group each by itself, and nothing of its fence.
TEST_P(observer, is_told_of_grouped_statements_each_and_of_those_that_are_sent_again_once) {
    for (std::size_t const cache : {256u, 0u}) {
        pg::connection_options const watched{.statement_cache = cache, .observer = &seen};
        pg::client db(loop(), server().uri(), {.connections = 1, .connection = watched});
        auto const ask = [&](int n) -> task<> {
            auto const r = co_await as_result(db.reads().query_one<std::int32_t>("select 10 / $1::int4", n));
            EXPECT_EQ(r.has_value(), n != 0);
        };
        auto const body = [&]() -> task<> {
            co_await db.connect();
            auto const all = [&](scope& s) -> task<> {
                for (int n = 0; n < 32; ++n) s.spawn(ask(n));
                co_return;
            };
            co_await coda::with_scope(all);
            co_await db.close();
        };
        run(body());
        EXPECT_EQ(seen.all.size(), 32u);
        std::set<std::string> parameters;
        for (auto const& n : seen.all) {
            EXPECT_EQ(n.sql, "select 10 / $1::int4");
            EXPECT_EQ(n.event.failure != nullptr, n.parameters == "$1 = 0");
            if (cache == 0) EXPECT_EQ(n.event.use, pg::statement_use::unprepared);
            parameters.insert(n.parameters);
        }
        EXPECT_EQ(parameters.size(), 32u);
        seen.all.clear();
    }
}

TEST_P(observer, is_told_of_all_that_a_client_has_lost_with_a_connection) {
    coda::test::fault_proxy proxy(server().where());
    pg::connection_options const watched{.max_in_flight = 2, .observer = &seen};
    pg::client db(loop(), server().uri_at(proxy.port()), {.connections = 1, .connection = watched});
    auto const key = server().fresh_key();
    server().lock(key);
    auto const ask = [&](std::string sql) -> task<> { co_await as_result(db.execute(sql)); };
    auto const body = [&](scope& s) -> task<> {
        co_await db.connect();
        s.spawn(ask(fmt::format("select pg_advisory_xact_lock({})", key)));
        co_await until([&] { return server().waiting_for(key) == 1; });
        auto const sent = proxy.stats().to_server.received;
        s.spawn(ask("select 'in flight'"));
        s.spawn(ask("select 'in the queue'"));
        co_await until([&] { return proxy.stats().to_server.received > sent; });
        EXPECT_TRUE(seen.all.empty());
        EXPECT_EQ(server().terminate_all(), 1);
    };
    run(coda::with_scope(body));
    ASSERT_EQ(seen.all.size(), 3u);
    auto const of = [&](std::string_view text) {
        return *std::ranges::find_if(seen.all, [&](auto const& n) { return n.sql.find(text) != n.sql.npos; });
    };
    auto const running = of("pg_advisory_xact_lock");
    EXPECT_EQ(running.failure.code(), pg::sqlstate::admin_shutdown);
    EXPECT_EQ(running.failure.outcome(), outcome::unknown);
    EXPECT_EQ(running.event.use, pg::statement_use::prepared);
    EXPECT_GT(running.event.server, 0s);
    auto const in_flight = of("in flight");
    EXPECT_EQ(in_flight.failure.code(), coda::errc::connection_lost);
    EXPECT_EQ(in_flight.failure.outcome(), outcome::unknown);
    EXPECT_EQ(in_flight.event.use, pg::statement_use::prepared);
    EXPECT_GT(in_flight.event.server, 0s);
    auto const queued = of("in the queue");
    EXPECT_EQ(queued.failure.code(), coda::errc::connection_lost);
    EXPECT_EQ(queued.failure.outcome(), outcome::not_sent);
    EXPECT_EQ(queued.event.use, pg::statement_use::not_sent);
    EXPECT_EQ(queued.event.server, 0s);
    auto const after = [&]() -> task<> {
        co_await db.execute("select 'in flight'");
        co_await db.close();
    };
    run(after());
    ASSERT_EQ(seen.all.size(), 4u);
    EXPECT_EQ(seen.all[3].event.failure, nullptr);
    EXPECT_EQ(seen.all[3].event.use, pg::statement_use::prepared) << "on the new connection";
}

TEST_P(observer, is_told_why_a_server_leaves_a_client) {
    coda::test::own_postgres own;
    own.start();
    pg::client db(loop(), own.uri(), {.connections = 1, .connection = {.observer = &seen}});
    coda::test::postgres_session look(own.uri());
    auto const running = [&] {
        return look.count("select count(*) from pg_stat_activity where wait_event = 'PgSleep'") == 1;
    };
    auto const body = [&](scope& s) -> task<> {
        auto asks = s.spawn(as_result(db.execute("select pg_sleep(3600)")));
        co_await until(running);
        own.signal(SIGQUIT);
        co_await asks.join();
        own.join();
    };
    run(coda::with_scope(body));
    EXPECT_THAT(seen.notices, ElementsAre("WARNING 57P01: terminating connection due to immediate shutdown command"));
    ASSERT_EQ(seen.all.size(), 1u);
    EXPECT_EQ(seen.all[0].failure.code(), coda::errc::connection_lost);
    EXPECT_EQ(seen.all[0].failure.outcome(), outcome::unknown);
}

// By each of its connections, and nobody else's: whose statement it was and where that ran.
TEST_P(observer, is_told_what_the_server_says_to_a_clients_statements) {
    auto const function = server().fresh_name();
    server().ask("create function " + function +
                 "(n text) returns int language plpgsql as $$ begin raise notice '% by %', n, pg_backend_pid(); "
                 "return pg_backend_pid(); end $$");
    auto const sql = "select " + function + "($1)";
    auto const talks = [&](notes& told, std::string name) -> task<> {
        pg::client db(loop(), server().uri(), {.connections = 3, .connection = {.observer = &told}});
        std::set<std::int32_t> backends;
        std::size_t asked = 0;
        auto const asks = [&]() -> task<> {
            while (backends.size() < 3) {
                auto const whose = fmt::format("{} {}", name, ++asked);
                auto const backend = co_await db.query_one<std::int32_t>(sql, whose);
                EXPECT_THAT(told.notices, Contains(fmt::format("NOTICE 00000: {} by {}", whose, backend)).Times(1));
                backends.insert(backend);
            }
        };
        auto const all = [&](scope& s) -> task<> {
            for (int i = 0; i < 60; ++i) s.spawn(asks());
            co_return;
        };
        co_await coda::with_scope(all);
        EXPECT_EQ(told.notices.size(), asked);
        EXPECT_EQ(told.all.size(), asked);
        co_await db.close();
    };
    notes others;
    auto const body = [&]() -> task<> { co_await coda::when_all(talks(seen, "mine"), talks(others, "another's")); };
    run(body());
    server().ask("drop function " + function + "(text)");
}

} // namespace postgres_observer_test
