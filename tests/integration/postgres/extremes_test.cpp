// SPDX-License-Identifier: BSL-1.0
// Statements and results that are as large, or as odd, as PostgreSQL lets them be.
#include "on_postgres.hpp"

#include <sys/mman.h>

namespace postgres_extremes_test {

namespace pg = coda::pg;
using coda::as_result;
using coda::outcome;
using coda::task;
using coda::test::gives;
using testing::HasSubstr;

class an_extreme_statement : public coda::test::on_postgres {
protected:
    // So many zero bytes, which take no memory until somebody writes to them.
    class zeroes {
    public:
        explicit zeroes(std::size_t size)
            : size_(size), at_(mmap(nullptr, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)) {
            if (at_ == MAP_FAILED) coda::test::throw_errno("mmap");
        }
        ~zeroes() { munmap(at_, size_); }
        zeroes(zeroes const&) = delete;
        zeroes& operator=(zeroes const&) = delete;
        pg::bytes all() const noexcept { return {static_cast<std::byte const*>(at_), size_}; }

    private:
        std::size_t size_;
        void* at_;
    };

    // On a connection and on a client, with statements that are prepared and that are not.
    template <class Body>
    void every_way(Body body) {
        for (std::size_t const cache : {256u, 0u}) {
            auto own = connected({.statement_cache = cache});
            run(body(*own));
            pg::client shared(loop(), server().uri(), {.connections = 1, .connection = {.statement_cache = cache}});
            run(body(shared));
            auto const close = [&]() -> task<> { co_await shared.close(); };
            run(close());
        }
    }

    static std::string placeholders(std::size_t count) {
        std::string list = "$1::int4";
        for (std::size_t i = 2; i <= count; ++i) list += fmt::format(",${}", i);
        return list;
    }
};
CODA_ON_EVERY_LOOP(an_extreme_statement);

TEST_P(an_extreme_statement, has_up_to_65535_parameters) {
    auto const body = [&](auto& db) -> task<> {
        pg::arguments values;
        for (std::int32_t i = 0; i < 65'535; ++i) values.add(i);
        auto const sql = "select sum(v)::int8 from (values (" + placeholders(10) + ")) t(v)";
        auto const all = "select sum(v)::int8 from unnest(array[" + placeholders(65'535) + "]) t(v)";
        co_await gives(db.template query_one<std::int64_t>(all, values), std::int64_t{65'534} * 65'535 / 2);
        co_await gives(db.template query_one<std::int64_t>(all, values), std::int64_t{65'534} * 65'535 / 2, "prepared");
        values.add(1);
        auto const one_more = co_await as_result(db.query(all, values));
        EXPECT_EQ(one_more.error().code(), coda::errc::invalid_argument);
        EXPECT_EQ(one_more.error().outcome(), outcome::not_sent);
        EXPECT_THAT(one_more.error().message(), HasSubstr("65536 parameters; PostgreSQL takes at most 65535"));
        co_await gives(db.template query_one<std::int32_t>("select 1"), 1, "the connection is as it was");
    };
    every_way(body);
}

TEST_P(an_extreme_statement, has_parameters_of_all_kinds_whose_number_comes_at_run_time) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        pg::arguments none;
        co_await gives(db->query_one<std::int32_t>("select 1", none), 1);
        pg::arguments values;
        values.add(std::int32_t{7});
        values.add("text");
        values.add(std::string("more"));
        values.add(std::string_view("and more").substr(0, 3));
        values.add(std::optional<std::int64_t>());
        values.add(static_cast<char const*>(nullptr));
        values.add("");
        values.add(true);
        values.add(2.5);
        values.add(std::vector<std::byte>(3));
        values.add(std::vector<std::int32_t>{1, 2});
        EXPECT_EQ(values.size(), 11u);
        auto const text = co_await db->query_one<std::string>("select concat_ws('|', $1, $2::text, $3::text, $4::text, "
                                                              "$5 is null, $6::text is null, $7::text = '', $8, $9, "
                                                              "length($10), $11)",
                                                              values);
        EXPECT_EQ(text, "7|text|more|and|t|t|t|t|2.5|3|{1,2}");
        pg::arguments bad;
        bad.add(1);
        bad.add(std::string("a\0b", 3));
        bad.add(2);
        auto const refused = co_await as_result(db->query("select $1, $2::text, $3", bad));
        EXPECT_EQ(refused.error().code(), coda::errc::invalid_argument);
        EXPECT_THAT(refused.error().message(), HasSubstr("$2"));
    };
    run(body());
}

TEST_P(an_extreme_statement, of_a_gigabyte_is_refused_before_anything_is_sent) {
    auto db = connected();
    zeroes const gigabyte(std::size_t{1} << 30);
    auto const body = [&]() -> task<> {
        auto const r = co_await as_result(db->query("select length($1::bytea)", gigabyte.all()));
        EXPECT_EQ(r.error().code(), coda::errc::invalid_argument);
        EXPECT_EQ(r.error().outcome(), outcome::not_sent);
        EXPECT_THAT(r.error().message(), HasSubstr("$1"));
        EXPECT_THAT(r.error().message(), HasSubstr("less than 1 GB"));
        EXPECT_FALSE(db->needs_reset()) << "nothing was sent";
        // The same asked of the server: its word, as an error of the statement alone.
        auto const theirs = co_await as_result(db->query("select length(repeat('x', 1073741823)::bytea)"));
        EXPECT_TRUE(theirs.has_error());
        if (theirs.has_error()) EXPECT_EQ(theirs.error().outcome(), outcome::completed) << theirs.error().message();
        co_await gives(db->query_one<std::int32_t>("select 1"), 1);
    };
    run(body());
}

// Wherever it stands, and so are many that make one together.
TEST_P(an_extreme_statement, of_a_gigabyte_in_any_form_is_refused) {
    auto db = connected();
    auto const table = server().fresh_name();
    zeroes const gigabyte(std::size_t{1} << 30);
    zeroes const most_of_one(600'000'000);
    auto const refused = [](auto const& r, char const* what) {
        EXPECT_EQ(r.error().code(), coda::errc::invalid_argument) << what;
        EXPECT_EQ(r.error().outcome(), outcome::not_sent) << what;
        EXPECT_THAT(r.error().message(), HasSubstr(what));
    };
    auto const body = [&]() -> task<> {
        pg::arguments values;
        values.add(1);
        values.add(gigabyte.all());
        refused(co_await as_result(db->query("select $1, length($2::bytea)", values)), "$2");
        std::vector<pg::bytes> const inside{gigabyte.all()};
        refused(co_await as_result(db->query("select $1::bytea[]", inside)), "$1");
        refused(co_await as_result(db->query("select $1::bytea, $2::bytea", most_of_one.all(), most_of_one.all())),
                "$2");
        auto const flight = co_await as_result(
            db->pipeline(pg::execute("select 1"), pg::execute("select length($1::bytea)", gigabyte.all())));
        refused(flight, "$1");
        EXPECT_EQ(flight.error().template details<pg::batch_error>()->index, 1u);
        EXPECT_FALSE(db->needs_reset()) << "nothing was sent";
        server().ask("create table " + table + " (n int, b bytea)");
        std::vector<std::tuple<int, pg::bytes>> const sets{{1, {}}, {2, gigabyte.all()}};
        auto const many = co_await as_result(db->execute_many("insert into " + table + " values ($1, $2)", sets));
        EXPECT_EQ(many.error().code(), coda::errc::invalid_argument);
        EXPECT_EQ(many.error().details<pg::batch_error>()->index, 1u);
        EXPECT_EQ(server().count("select count(*) from " + table), 0);
        co_await gives(db->query_one<std::int32_t>("select 1"), 1);
        server().ask("drop table " + table);
    };
    run(body());
}

TEST_P(an_extreme_statement, has_a_text_of_a_megabyte) {
    auto const body = [&](auto& db) -> task<> {
        std::string const sql = "select '" + std::string(1'000'000, 'x') + "'::text";
        for (int i = 0; i < 3; ++i) { // prepared, too
            auto const text = co_await db.template query_one<std::string>(sql);
            EXPECT_EQ(text.size(), 1'000'000u);
        }
        std::string const comment = "select 1 -- " + std::string(1'000'000, 'x');
        co_await gives(db.template query_one<std::int32_t>(comment), 1);
    };
    every_way(body);
}

TEST_P(an_extreme_statement, reads_and_writes_1600_columns) {
    auto const table = server().fresh_name();
    auto const body = [&](auto& db) -> task<> {
        std::string columns;
        pg::arguments values;
        for (std::int32_t i = 0; i < 1600; ++i) {
            columns += fmt::format("{}c{} int", i == 0 ? "" : ",", i);
            values.add(i);
        }
        server().ask("create table " + table + "(" + columns + ")");
        co_await gives(db.execute("insert into " + table + " values (" + placeholders(1600) + ")", values), 1u);
        for (int i = 0; i < 2; ++i) {
            pg::result_set const rows = co_await db.query("select * from " + table);
            EXPECT_EQ(rows.columns(), 1600u);
            EXPECT_EQ(rows[0]["c1599"].as<std::int32_t>(), 1599);
        }
        auto const more = co_await as_result(db.execute("alter table " + table + " add one_more int"));
        EXPECT_EQ(more.error().code(), pg::make_sqlstate("54011"));
        server().ask("drop table " + table);
    };
    every_way(body);
}

TEST_P(an_extreme_statement, gives_100000_rows) {
    auto const body = [&](auto& db) -> task<> {
        pg::result_set const rows =
            co_await db.query("select i, repeat('x', i % 100) as text, case when i % 2 = 0 then i end as maybe from "
                              "generate_series(1, 100000) i");
        EXPECT_EQ(rows.size(), 100'000u);
        std::int64_t sum = 0;
        for (pg::row_view row : rows) {
            auto const i = row[0].as<std::int32_t>();
            sum += i;
            if (row["text"].as<std::string_view>().size() != static_cast<std::size_t>(i % 100)) ADD_FAILURE() << i;
            if (row["maybe"].is_null() != (i % 2 != 0)) ADD_FAILURE() << i;
        }
        EXPECT_EQ(sum, std::int64_t{100'000} * 100'001 / 2);
    };
    every_way(body);
}

TEST_P(an_extreme_statement, may_be_empty) {
    auto db = connected();
    pg::client shared(loop(), server().uri());
    auto const body = [&]() -> task<> {
        for (auto const* nothing : {"", " ", ";", "-- nothing", "/* nothing */"})
            for (int i = 0; i < 2; ++i) {
                auto const rows = co_await db->query(nothing);
                EXPECT_EQ(rows.size(), 0u) << nothing;
                EXPECT_EQ(rows.columns(), 0u) << nothing;
                co_await gives(shared.execute(nothing), 0u);
                auto const one = co_await as_result(db->query_one<std::int32_t>(nothing));
                EXPECT_TRUE(one.has_error()) << nothing;
            }
        co_await gives(db->query_one<std::int32_t>("select 1"), 1);
        co_await shared.close();
    };
    run(body());
}

TEST_P(an_extreme_statement, may_have_rows_without_columns) {
    auto const body = [&](auto& db) -> task<> {
        for (int i = 0; i < 2; ++i) {
            pg::result_set const one = co_await db.query("select");
            EXPECT_EQ(one.size(), 1u);
            EXPECT_EQ(one.columns(), 0u);
            pg::result_set const many = co_await db.query("select from generate_series(1, 1000)");
            EXPECT_EQ(many.size(), 1000u);
            EXPECT_EQ(many.columns(), 0u);
            auto const value = co_await as_result(db.template query_one<std::int32_t>("select"));
            EXPECT_TRUE(value.has_error());
            if (value.has_error()) EXPECT_EQ(value.error().outcome(), outcome::completed);
        }
    };
    every_way(body);
}

// By name the first of them is found, by place each.
TEST_P(an_extreme_statement, may_have_columns_of_the_same_name) {
    auto const body = [&](auto& db) -> task<> {
        pg::result_set const rows = co_await db.query("select 1 as x, 'two' as x, 3 as x");
        EXPECT_EQ(rows.columns(), 3u);
        EXPECT_EQ(rows[0]["x"].as<std::int32_t>(), 1);
        EXPECT_EQ(rows[0][1].as<std::string>(), "two");
        EXPECT_EQ(rows[0][2].as<std::int32_t>(), 3);
        using three = std::tuple<std::int32_t, std::string, std::int32_t>;
        auto const all = co_await db.template query_one<three>("select 1 as x, 'two' as x, 3 as x");
        EXPECT_EQ(all, three(1, "two", 3));
    };
    every_way(body);
}

TEST_P(an_extreme_statement, with_a_text_that_is_no_utf8_is_the_servers_to_refuse) {
    auto const body = [&](auto& db) -> task<> {
        for (auto const* text : {"\xff", "a\xc3", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xc0\x80"}) {
            auto const parameter = co_await as_result(db.query("select $1::text", text));
            EXPECT_EQ(parameter.error().code(), pg::make_sqlstate("22021"));
            EXPECT_EQ(parameter.error().outcome(), outcome::completed);
            auto const sql = co_await as_result(db.query(fmt::format("select '{}'", text)));
            EXPECT_EQ(sql.error().code(), pg::make_sqlstate("22021"));
            co_await gives(db.template query_one<std::string>("select $1::text", "\xc3\xa4"), "\xc3\xa4");
        }
    };
    every_way(body);
}

} // namespace postgres_extremes_test
