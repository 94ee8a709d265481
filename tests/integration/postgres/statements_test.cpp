// SPDX-License-Identifier: BSL-1.0
#include "on_postgres.hpp"

#include <boost/describe/class.hpp>

#include <cmath>
#include <limits>

namespace coda_statements_test {

struct account {
    std::int64_t id = 0;
    std::string owner;
    std::optional<std::int32_t> cents;
};
BOOST_DESCRIBE_STRUCT(account, (), (id, owner, cents))

// Counts how many were read.
struct counted {
    std::int32_t value = 0;
    static inline std::int64_t read = 0;
};

} // namespace coda_statements_test

template <>
struct coda::pg::codec<coda_statements_test::counted> {
    static constexpr oid type = codec<std::int32_t>::type;
    static bool decode(bytes from, oid sent, coda_statements_test::counted& to) {
        ++coda_statements_test::counted::read;
        return codec<std::int32_t>::decode(from, sent, to.value);
    }
    static void encode(coda_statements_test::counted const& value, encoder& to) {
        codec<std::int32_t>::encode(value.value, to);
    }
};

namespace postgres_statements_test {

namespace pg = coda::pg;
using coda::as_result;
using coda::outcome;
using coda::task;
using coda::test::gives;
using coda_statements_test::account;
using testing::HasSubstr;

using a_statement = coda::test::on_postgres;
CODA_ON_EVERY_LOOP(a_statement);

template <class T>
void expect_failure(coda::result<T> const& r, coda::error_code code) {
    ASSERT_TRUE(r.has_error());
    EXPECT_EQ(r.error().code(), code) << r.error().message();
    EXPECT_EQ(r.error().outcome(), outcome::completed);
}

// A number may be the parameter of one that is read as numbers.
TEST_P(a_statement, of_a_type_takes_parameters_of_the_same) {
    pg::client db(loop(), server().uri());
    auto const body = [&]() -> task<> {
        auto const one = co_await db.query<int>("select $1", 1);
        auto const two = co_await db.read<int>("select $1", 2);
        auto const [three] = co_await db.pipeline(pg::query<int>("select $1", 3));
        EXPECT_EQ(one.at(0) + two.at(0) + three.at(0), 6);
        auto const rows = co_await db.query("select $1", 4);
        EXPECT_EQ(rows.get<int>(0, 0).value(), 4);
        co_await db.close();
    };
    run(body());
}

TEST_P(a_statement, keeps_the_views_of_its_result_when_its_connection_has_gone) {
    pg::result_set kept;
    auto const body = [&]() -> task<> {
        auto db = std::make_unique<pg::connection>(loop(), server().uri());
        co_await db->connect();
        kept = co_await db->query("select repeat('x', 5000), '\\x0102'::bytea");
        co_await db->query("select repeat('y', 100000)");
    };
    run(body());
    EXPECT_EQ(kept[0][0].as<std::string_view>(), std::string(5000, 'x'));
    EXPECT_EQ(kept[0][1].as<pg::bytes>().size(), 2u);
}

TEST_P(a_statement, of_truth_values_gives_a_vector_of_them) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        auto const few = co_await db->query<bool>("select n % 2 = 0 from generate_series(1, 3) n");
        EXPECT_EQ(few, (std::vector<bool>{false, true, false}));
        auto const many = co_await db->query<bool>("select n % 3 = 0 from generate_series(1, 10000) n");
        EXPECT_EQ(many.size(), 10'000u);
        EXPECT_EQ(std::ranges::count(many, true), 3'333);
    };
    run(body());
}

// A large result is read in parts, between which others run.
TEST_P(a_statement, of_many_rows_does_not_hold_up_the_others_while_it_is_read) {
    auto db = connected();
    using coda_statements_test::counted;
    bool done = false;
    std::int64_t most = 0;
    auto const others = [&]() -> task<> {
        while (!done) {
            auto const before = counted::read;
            co_await coda::yield();
            most = std::max(most, counted::read - before);
        }
    };
    auto const body = [&](coda::scope& s) -> task<> {
        s.spawn(others());
        auto const rows = co_await db->query<counted>("select generate_series(1, 100000)");
        done = true;
        EXPECT_EQ(rows.size(), 100'000u);
        EXPECT_EQ(rows.front().value, 1);
        EXPECT_EQ(rows.back().value, 100'000);
        auto const narrow = co_await as_result(db->query<std::int16_t>("select generate_series(1, 100000)"));
        EXPECT_EQ(narrow.error().code(), coda::errc::type_mismatch);
    };
    run(coda::with_scope(body));
    EXPECT_GT(most, 0);
    EXPECT_LT(most, 5'000);
}

TEST_P(a_statement, gives_back_every_value_of_every_type) {
    auto db = connected();
    auto const same = [&]<class T>(char const* sql, std::vector<T> const& values) {
        auto const body = [&]() -> task<> {
            for (T const& v : values) {
                T const back = co_await db->query_one<T>(sql, v);
                if constexpr (std::is_floating_point_v<T>)
                    EXPECT_TRUE(back == v || (std::isnan(back) && std::isnan(v))) << sql << v;
                else
                    EXPECT_EQ(back, v) << sql;
            }
        };
        run(body());
    };
    using i16 = std::numeric_limits<std::int16_t>;
    using i32 = std::numeric_limits<std::int32_t>;
    using i64 = std::numeric_limits<std::int64_t>;
    using f = std::numeric_limits<float>;
    using d = std::numeric_limits<double>;
    same("select $1::bool", std::vector<bool>{true, false});
    same("select $1::int2", std::vector<std::int16_t>{i16::min(), -1, 0, 1, i16::max()});
    same("select $1::int4", std::vector<std::int32_t>{i32::min(), -1, 0, 1, i32::max()});
    same("select $1::int8", std::vector<std::int64_t>{i64::min(), -1, 0, 1, i64::max()});
    same("select $1::oid", std::vector<pg::oid>{0, 1, 0xffffffff});
    same("select $1::float4",
         std::vector<float>{f::lowest(), f::denorm_min(), -0.0f, f::max(), f::infinity(), f::quiet_NaN()});
    same("select $1::float8",
         std::vector<double>{d::lowest(), d::denorm_min(), 0.1, d::max(), -d::infinity(), d::quiet_NaN()});
    same("select $1::text", std::vector<std::string>{"", "'", "\\", "a\nb", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80",
                                                     std::string(100'000, 'x')});
    same("select $1::json", std::vector<std::string>{R"({"a": [1, null]})"});
    std::vector<std::byte> every;
    for (int i = 0; i < 256; ++i) every.push_back(static_cast<std::byte>(i));
    std::vector<std::vector<std::byte>> const blocks{{}, every, std::vector<std::byte>(100'000)};
    same("select $1::bytea", blocks);
    using maybe = std::optional<std::int32_t>;
    same("select $1::int4", std::vector<maybe>{std::nullopt, 5});
    using maybe_text = std::optional<std::string>;
    same("select $1::text", std::vector<maybe_text>{std::nullopt, "", "x"});
}

TEST_P(a_statement, sends_values_that_the_server_reads_alike) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        std::vector<std::byte> const block(1, std::byte{0xab});
        auto const text = co_await db->query_one<std::string>(
            "select concat_ws(',', $1::int2, $2::int4, $3::int8, $4::float8, $5::bool, $6::bytea, $7::text, $8::int4 "
            "is null)",
            std::int16_t{-1}, 2, std::int64_t{3'000'000'000}, 0.5, true, block, "t", static_cast<char const*>(nullptr));
        EXPECT_EQ(text, "-1,2,3000000000,0.5,t,\\xab,t,t");
    };
    run(body());
}

TEST_P(a_statement, gives_structs_tuples_and_scalars) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        char const* const sql =
            "select * from (values (1::int8, 'a', 5), (2, 'b', null)) as t(id, owner, cents) order by id";
        auto const accounts = co_await db->query<account>(sql);
        EXPECT_EQ(accounts.size(), 2u);
        EXPECT_EQ(accounts.at(1).owner, "b");
        EXPECT_EQ(accounts.at(0).cents, 5);
        EXPECT_EQ(accounts.at(1).cents, std::nullopt);
        using row = std::tuple<std::int64_t, std::string, std::optional<std::int32_t>>;
        auto const rows = co_await db->query<row>(sql);
        EXPECT_EQ(rows.at(0), row(1, "a", 5));
        auto const numbers = co_await db->query<std::int32_t>("select generate_series(1, 3)");
        EXPECT_EQ(numbers, (std::vector{1, 2, 3}));
        auto const none = co_await db->query_optional<std::int32_t>("select 1 where false");
        EXPECT_EQ(none, std::nullopt);
        expect_failure(co_await as_result(db->query_one<std::int32_t>("select 1 where false")), pg::errc::no_rows);
        expect_failure(co_await as_result(db->query_one<std::int32_t>("select 1 union select 2")),
                       pg::errc::several_rows);
        expect_failure(co_await as_result(db->query_optional<std::int32_t>("select 1 union select 2")),
                       pg::errc::several_rows);
        expect_failure(co_await as_result(db->query_one<std::int32_t>("select null::int4")), pg::errc::unexpected_null);
        expect_failure(co_await as_result(db->query_one<std::int32_t>("select 'x'::text")), coda::errc::type_mismatch);
        expect_failure(co_await as_result(db->query_one<account>("select 1::int8 as id")), pg::errc::no_such_column);
    };
    run(body());
}

TEST_P(a_statement, names_what_cannot_be_a_parameter) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        for (auto const& name : {std::string("select"), std::string("Upper case"), std::string("\"\"; -- '$1"),
                                 std::string("größe"), std::string(63, 'x')}) {
            auto const table = pg::ident("pg_temp", name);
            co_await db->execute("create table " + table + " (" + pg::ident(name) + " int)");
            co_await db->execute("insert into " + table + " values ($1)", 7);
            co_await gives(db->query_value<std::int32_t>("select " + pg::ident(name) + " from " + table), 7);
            co_await gives(
                db->query_value<std::string>("select relname::text from pg_class where oid = $1::regclass", table),
                name);
            co_await db->execute("drop table " + table);
        }
    };
    run(body());
}

TEST_P(a_statement, gives_the_only_value) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        co_await gives(db->query_value<std::int32_t>("select $1::int4 + 1", 1), 2);
        co_await gives(db->query_value<std::optional<std::string>>("select null::text"), std::nullopt);
        expect_failure(co_await as_result(db->query_value<std::int32_t>("select 1 where false")), pg::errc::no_rows);
        expect_failure(co_await as_result(db->query_value<std::int32_t>("values (1), (2)")), pg::errc::several_rows);
        expect_failure(co_await as_result(db->query_value<std::int32_t>("select 1, 2")), coda::errc::type_mismatch);
        auto const [a, b] = co_await db->pipeline(pg::query_value<std::int32_t>("select 1"),
                                                  pg::query_value<std::string>("select $1::text", "b"));
        EXPECT_EQ(a, 1);
        EXPECT_EQ(b, "b");
    };
    run(body());
}

TEST_P(a_statement, tells_how_many_rows_it_affected) {
    auto db = connected();
    auto const table = server().fresh_name();
    auto const body = [&]() -> task<> {
        co_await db->execute("create temp table " + table + "(id int)");
        co_await gives(db->execute("insert into " + table + " select generate_series(1, 10)"), 10u);
        co_await gives(db->execute("update " + table + " set id = id where id > $1", 7), 3u);
        co_await gives(db->execute("delete from " + table), 10u);
        co_await gives(db->execute("delete from " + table), 0u);
        co_await gives(db->execute("set work_mem = '1MB'"), 0u);
    };
    run(body());
}

TEST_P(a_statement, may_be_empty) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        for (auto const* sql : {"", "  ", ";", "-- nothing"}) {
            auto const rows = co_await db->query(sql);
            EXPECT_EQ(rows.size(), 0u);
            EXPECT_EQ(rows.columns(), 0u);
        }
        co_await gives(db->query_one<std::int32_t>("select 1"), 1);
    };
    run(body());
}

TEST_P(a_statement, that_fails_tells_every_field_that_the_server_sent) {
    auto db = connected();
    auto const table = server().fresh_name();
    auto const body = [&]() -> task<> {
        co_await db->execute("create temp table " + table +
                             "(id int constraint positive check (id > 0), u int unique)");
        auto const r = co_await as_result(db->execute("insert into " + table + " values ($1, 2)", -1));
        expect_failure(r, pg::sqlstate::check_violation);
        auto const* const e = r.error().details<pg::server_error>();
        EXPECT_NE(e, nullptr);
        if (e == nullptr) co_return;
        EXPECT_EQ(e->severity, "ERROR");
        EXPECT_EQ(e->code, "23514");
        EXPECT_THAT(e->primary, HasSubstr("violates check constraint"));
        EXPECT_THAT(e->detail, HasSubstr("(-1, 2)"));
        EXPECT_EQ(e->table, table);
        EXPECT_EQ(e->constraint, "positive");
        EXPECT_THAT(e->schema, HasSubstr("pg_temp"));
        EXPECT_FALSE(e->file.empty());
        EXPECT_FALSE(e->line.empty());
        EXPECT_FALSE(e->routine.empty());
        EXPECT_THAT(r.error().message(), testing::Not(HasSubstr("-1"))) << "values stay in the detail";

        auto const misspelt = co_await as_result(db->query("selekt 1"));
        expect_failure(misspelt, pg::sqlstate::syntax_error);
        EXPECT_EQ(misspelt.error().details<pg::server_error>()->position, "1");
        auto const inner = co_await as_result(db->execute("do $$ begin perform 1/0; end $$"));
        expect_failure(inner, pg::make_sqlstate("22012"));
        EXPECT_THAT(inner.error().details<pg::server_error>()->where, HasSubstr("PL/pgSQL"));
        auto const hinted = co_await as_result(db->query("select lenght('x')"));
        EXPECT_FALSE(hinted.error().details<pg::server_error>()->hint.empty());
        expect_failure(co_await as_result(db->query("select * from missing")), pg::sqlstate::undefined_table);
        expect_failure(co_await as_result(db->query("select missing")), pg::sqlstate::undefined_column);
        expect_failure(co_await as_result(db->query("select $1::int4", "x")), pg::make_sqlstate("22P02"));
        expect_failure(co_await as_result(db->query("select $1 + 1")), pg::make_sqlstate("08P01"));
        co_await gives(db->query_one<std::int32_t>("select 1"), 1);
    };
    run(body());
}

TEST_P(a_statement, with_several_commands_is_refused_whole) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        expect_failure(co_await as_result(db->query("select 1; select 2")), pg::sqlstate::syntax_error);
        co_await gives(db->query_one<std::int32_t>("select 1;"), 1);
    };
    run(body());
}

// The error comes at the Sync, after the rows.
TEST_P(a_statement, that_violates_a_deferred_constraint_fails) {
    auto db = connected();
    auto const table = server().fresh_name();
    auto const body = [&]() -> task<> {
        co_await db->execute("create temp table " + table + "(id int unique deferrable initially deferred)");
        auto const insert = "insert into " + table + " values ($1) returning id";
        auto first = db->query_one<std::int32_t>(insert, 1);
        auto second = db->query_one<std::int32_t>(insert, 1);
        auto third = db->query_one<std::int32_t>(insert, 2);
        auto const [a, b, c] = co_await coda::when_all(as_result(std::move(first)), as_result(std::move(second)),
                                                       as_result(std::move(third)));
        EXPECT_EQ(a.value(), 1);
        expect_failure(b, pg::sqlstate::unique_violation);
        EXPECT_EQ(c.value(), 2);
        expect_failure(co_await as_result(db->query_one<std::int32_t>(insert, 2)), pg::sqlstate::unique_violation);
        co_await gives(db->query_one<std::int64_t>("select count(*) from " + table), 2);
    };
    run(body());
}

TEST_P(a_statement, that_cannot_be_sent_is_refused_before_anything_is) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        std::string const zero("a\0b", 3);
        auto const text = co_await as_result(db->query("select $1::text", zero));
        EXPECT_EQ(text.error().code(), coda::errc::invalid_argument);
        EXPECT_EQ(text.error().outcome(), outcome::not_sent);
        auto const sql = co_await as_result(db->query(std::string_view("select 1\0", 9)));
        EXPECT_EQ(sql.error().code(), coda::errc::invalid_argument);
        EXPECT_FALSE(db->needs_reset()) << "nothing was sent";
        co_await gives(db->query_one<std::int32_t>("select 1"), 1);
    };
    run(body());
}

TEST_P(a_statement, is_not_disturbed_by_notices_and_notifications) {
    auto db = connected();
    auto const channel = server().fresh_name();
    auto const body = [&]() -> task<> {
        co_await db->execute("listen " + channel);
        for (int i = 0; i < 50; ++i) {
            server().ask("notify " + channel + ", 'from outside'");
            co_await db->execute("notify " + channel);
            co_await db->execute("do $$ begin raise notice 'noise'; raise warning 'more'; end $$");
            co_await gives(db->query_one<std::int32_t>("select $1::int4", i), i);
        }
        // While nothing is in flight.
        server().ask("notify " + channel + ", 'idle'");
        co_await coda::sleep_for(std::chrono::milliseconds(1));
        co_await gives(db->query_one<std::int32_t>("select 1"), 1);
    };
    run(body());
}

TEST_P(a_statement, that_copies_is_refused_by_a_client_unsent) {
    pg::client db(loop(), server().uri(), {.connections = 1});
    auto const body = [&]() -> task<> {
        for (auto const* sql : {"copy pg_class to stdout", "/* a */ Copy (select 1) to STDOUT with csv",
                                "copy pg_class(oid) from  -- b\n stdin"}) {
            auto copy = db.execute(sql);
            auto other = db.query_one<std::int32_t>("select 7");
            auto const both = co_await coda::when_all(as_result(std::move(copy)), as_result(std::move(other)));
            auto const& refused = std::get<0>(both);
            EXPECT_EQ(refused.error().code(), pg::errc::copy_refused) << sql;
            EXPECT_EQ(refused.error().outcome(), outcome::not_sent) << sql;
            EXPECT_EQ(std::get<1>(both).value(), 7);
        }
        auto const by_server = co_await as_result(db.execute("copy pg_class to '/no such/place of stdout'"));
        EXPECT_EQ(by_server.error().outcome(), outcome::completed) << by_server.error().message();
        co_await db.close();
    };
    run(body());
}

TEST_P(a_statement, that_copies_is_refused_and_costs_its_connection_only) {
    auto const db = connected();
    auto const table = server().fresh_name();
    auto const body = [&]() -> task<> {
        server().ask("create table " + table + "(id int)");
        for (auto const& sql : {"copy " + table + " from stdin", "copy " + table + " to stdout",
                                std::string("copy (select 1) to stdout")}) {
            auto copy = db->execute(sql);
            auto other = db->query_one<std::int32_t>("select 7");
            auto const [refused, neighbour] =
                co_await coda::when_all(as_result(std::move(copy)), as_result(std::move(other)));
            EXPECT_TRUE(refused.has_error()) << sql;
            EXPECT_EQ(refused.error().code(), pg::errc::copy_refused) << refused.error().message();
            // Behind it on the same connection: never another's rows.
            if (neighbour.has_value()) {
                EXPECT_EQ(*neighbour, 7);
            } else {
                EXPECT_EQ(neighbour.error().code(), coda::errc::connection_lost);
                EXPECT_EQ(neighbour.error().outcome(), outcome::unknown);
            }
            co_await db->connect();
            co_await gives(db->query_one<std::int32_t>("select 8"), 8);
        }
        EXPECT_EQ(server().ask("select count(*) from " + table), "0");
        server().ask("drop table " + table);
        co_await db->close();
    };
    run(body());
}

TEST_P(a_statement, carries_fifty_megabytes_each_way_beside_other_traffic) {
    pg::client db(loop(), server().uri(), {.connections = 2});
    constexpr std::size_t size = 50'000'000;
    auto const body = [&]() -> task<> {
        std::string big(size, 'x');
        big.back() = 'y';
        bool sent = false;
        bool done = false;
        int meanwhile = 0;
        auto const there_and_back = [&]() -> task<> {
            sent = true;
            auto const back = co_await db.query_one<std::string>("select $1::text", big);
            EXPECT_TRUE(back == big);
            done = true;
        };
        auto const traffic = [&]() -> task<> {
            int n = 0;
            while (!done) {
                bool const beside = sent;
                auto const got = co_await db.query_one<std::int32_t>("select $1::int4", ++n);
                EXPECT_EQ(got, n);
                meanwhile += beside && !done ? 1 : 0;
            }
        };
        co_await coda::when_all(db.query("select pg_sleep(0.01)"), db.query("select pg_sleep(0.01)")); // both are open
        EXPECT_EQ(db.open_connections(), 2u);
        co_await coda::when_all(there_and_back(), traffic());
        EXPECT_GT(meanwhile, 20);
        co_await db.close();
    };
    run(body());
}

TEST_P(a_statement, carries_many_rows_and_many_columns) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        auto const rows = co_await db->query<std::int64_t>("select generate_series(1, 200000)::int8");
        EXPECT_EQ(rows.size(), 200'000u);
        EXPECT_EQ(rows.back(), 200'000);
        std::string wide = "select 0";
        for (int i = 1; i < 1600; ++i) wide += fmt::format(", {}", i);
        auto const result = co_await db->query(wide);
        EXPECT_EQ(result.columns(), 1600u);
        EXPECT_EQ(result.get<std::int32_t>(0, 1599).value(), 1599);
    };
    run(body());
}

} // namespace postgres_statements_test
