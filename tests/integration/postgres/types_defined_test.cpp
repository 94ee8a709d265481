// SPDX-License-Identifier: BSL-1.0
// Domains, enums and composites in each other, and as a database may have changed them.
#include "types_test.hpp"

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

namespace coda_types_defined_test {

enum class level : signed char { low = -3, mid = 0, high = 100, HIGH = 101 };
BOOST_DESCRIBE_ENUM(level, low, mid, high, HIGH)

struct leaf {
    std::optional<std::int32_t> number;
    std::optional<std::string> text;
    friend bool operator==(leaf const&, leaf const&) = default;
};
BOOST_DESCRIBE_STRUCT(leaf, (), (number, text))

struct branch {
    std::optional<leaf> first;
    std::optional<std::vector<std::optional<leaf>>> leaves;
    std::optional<level> height;
    friend bool operator==(branch const&, branch const&) = default;
};
BOOST_DESCRIBE_STRUCT(branch, (), (first, leaves, height))

// One of each kind, all of which may be NULL.
using of_all = std::tuple<std::optional<bool>, std::optional<coda::pg::numeric>, std::optional<std::chrono::sys_days>,
                          std::optional<coda::pg::interval>, std::optional<boost::uuids::uuid>,
                          std::optional<coda::pg::inet>, std::optional<coda::pg::bit_string>,
                          std::optional<std::vector<std::byte>>, std::optional<coda::pg::range<std::int32_t>>,
                          std::optional<coda::pg::multirange<std::int64_t>>, std::optional<std::vector<double>>>;

} // namespace coda_types_defined_test

namespace postgres_types_defined_test {

namespace pg = coda::pg;
using namespace coda_types_defined_test;

class a_defined_value : public coda::test::on_postgres_types {
protected:
    void SetUp() override {
        on_postgres_types::SetUp();
        if (IsSkipped() || HasFatalFailure()) return;
        schema_ = server().fresh_name();
        server().ask(fmt::format(
            "create schema {0}; set search_path to {0};"
            "create domain price as numeric(8, 2) check (value >= 0); create domain code as text check (value ~ "
            "'^[a-z]*$');"
            "create domain short_code as code check (length(value) < 4); create domain ints as int4[];"
            "create domain present as int4 not null; create type level as enum ('low', 'mid', 'high', 'HIGH', 'a b');"
            "create domain upper_level as level check (value > 'mid'); create domain years as int4range;"
            "create type leaf as (number int4, text text); create domain green as leaf check ((value).number > 0);"
            "create type branch as (first leaf, leaves leaf[], height level); create type nothing as ();"
            "create type tagged as (price price, codes code[]);"
            "create type of_all as (a bool, b numeric, c date, d interval, e uuid, f inet, g varbit, h bytea, i "
            "int4range, "
            "j int8multirange, k float8[]); create type levels as range (subtype = level); reset search_path",
            schema_));
        ran("set search_path to " + schema_).value();
    }
    void TearDown() override {
        if (!schema_.empty()) server().ask("drop schema " + schema_ + " cascade");
        on_postgres_types::TearDown();
    }

    // As a column it is what the domain is of; in an array or a field it is of the domain itself.
    template <class T>
    void same_domain(char const* type, T const& value, std::string const& text) {
        using there = pg::unchecked<T>;
        EXPECT_TRUE(one<T>(fmt::format("select $1::text::{}", type), text) == value) << type;
        auto const sql = fmt::format("select $1::{0}, ($1::{0})::text, row($1::{0}), array(select $1::{0}), $2::{0}[], "
                                     "($2::{0}[])[1]::text",
                                     type);
        std::vector<std::optional<there>> const both{there(value), std::nullopt};
        auto const back = rows(sql, there(value), both);
        ASSERT_FALSE(back.has_error()) << type << ": " << back.error().message();
        auto const row = (*back)[0];
        EXPECT_TRUE(row[0].template as<T>() == value) << type;
        EXPECT_EQ(row[1].template as<std::string>(), text);
        EXPECT_TRUE(std::get<0>(row[2].template as<std::tuple<there>>()).value == value) << type;
        EXPECT_TRUE(row[3].template as<std::vector<there>>() == std::vector{there(value)}) << type;
        EXPECT_TRUE(row[4].template as<std::vector<std::optional<there>>>() == both) << type;
        EXPECT_EQ(row[5].template as<std::string>(), text);
        // An enum, a range or a composite is of a type of the database's own anyhow.
        if constexpr (!pg::detail::array<T>)
            EXPECT_EQ(row[3].template try_as<std::vector<T>>().has_error(),
                      !pg::detail::reads<T>(pg::type::first_user_defined))
                << type << ": is taken for what it is of";
    }

private:
    std::string schema_;
};
CODA_ON_EVERY_LOOP(a_defined_value);

TEST_P(a_defined_value, of_a_domain_is_of_the_type_below_it) {
    same_domain("price", pg::numeric::parse("12.50").value(), "12.50");
    same_domain("code", std::string("abc"), "abc");
    same_domain("short_code", std::string(), "");
    same_domain("ints", std::vector<std::int32_t>{1, -2}, "{1,-2}");
    same_domain("ints", std::vector<std::int32_t>(), "{}");
    same_domain("upper_level", level::high, "high");
    same_domain("years", pg::range<std::int32_t>::from_to(1, 3), "[1,3)");
    same_domain("green", leaf{1, "x"}, "(1,x)");
    EXPECT_EQ(one<std::int32_t>("select $1::present", 7), 7);
}

TEST_P(a_defined_value, that_the_domain_does_not_allow_is_the_servers_error) {
    using numbers = std::vector<pg::unchecked<pg::numeric>>;
    for (auto const& refused :
         {rows("select $1::price", pg::numeric(-1)), rows("select $1::price", pg::unchecked<pg::numeric>(-1)),
          rows("select $1::price[]", numbers{{1}, {-1}}), rows("select $1::code", "A"),
          rows("select $1::short_code", "abcd"), rows("select $1::short_code", pg::unchecked<std::string>("A")),
          rows("select $1::upper_level", level::low), rows("select $1::green", leaf{0, "x"})})
        EXPECT_EQ(refused.error().code(), pg::sqlstate::check_violation);
    EXPECT_EQ(rows("select $1::present", std::optional<std::int32_t>()).error().code(), pg::make_sqlstate("23502"));
    EXPECT_EQ(rows("select $1::price", pg::numeric(1'000'000)).error().code(), pg::make_sqlstate("22003"));
}

TEST_P(a_defined_value, of_an_enum_is_its_label_whatever_its_number) {
    for (auto const& [value, label] : {std::pair(level::low, "low"), std::pair(level::mid, "mid"),
                                       std::pair(level::high, "high"), std::pair(level::HIGH, "HIGH")}) {
        same("level", value, label);
        same("text", value, label);
    }
    EXPECT_TRUE(one<bool>("select $1 < $2::level", level::low, level::HIGH));
    EXPECT_TRUE(is_refused<level>("select 'a b'::level"));
    EXPECT_TRUE(is_refused<std::optional<level>>("select 'a b'::level"));
    EXPECT_TRUE(is_refused<std::vector<level>>("select array['low', 'a b']::level[]"));
    EXPECT_TRUE(is_refused<level>("select 'Low'::text"));
    EXPECT_TRUE(is_refused<level>("select 1"));
    EXPECT_EQ(rows("select $1::level", "none").error().code(), pg::make_sqlstate("22P02"));
    auto const span = pg::range<level>::closed(level::low, level::high);
    EXPECT_EQ(one<pg::range<level>>("select $1::levels", span), span);
    EXPECT_EQ(one<std::string>("select $1::levels::text", span), "[low,high]");
    server().ask("alter type " + one<std::string>("select current_schema()::text") +
                 ".level rename value 'low' to 'flat'");
    EXPECT_TRUE(is_refused<level>("select 'flat'::level"));
    EXPECT_EQ(rows("select $1::level", level::low).error().code(), pg::make_sqlstate("22P02"));
    same("level", level::mid, "mid");
}

TEST_P(a_defined_value, of_a_composite_may_be_null_at_every_depth) {
    using leaves = std::vector<std::optional<leaf>>;
    using maybe = std::optional<leaf>;
    same("leaf", maybe(leaf{1, "x"}), "(1,x)");
    same("leaf", maybe(leaf{std::nullopt, ""}), "(,\"\")");
    same("leaf", maybe(leaf{-1, "NULL"}), "(-1,NULL)");
    same("leaf", maybe(leaf{1, "\"\\(),"}), R"x((1,"""\\(),"))x");
    same("leaf[]", leaves{leaf{1, "a"}, std::nullopt, leaf{}}, "{\"(1,a)\",NULL,\"(,)\"}");
    using one_branch = std::optional<branch>;
    same("branch", one_branch(branch{}), "(,,)");
    same("branch", one_branch(branch{leaf{}, leaves{}, level::mid}), R"x(("(,)",{},mid))x");
    same("branch", one_branch(branch{std::nullopt, leaves{std::nullopt, leaf{2, "b"}}, std::nullopt}),
         R"x((,"{NULL,""(2,b)""}",))x");
    using bare = std::tuple<std::int32_t, std::string>;
    EXPECT_TRUE(is_refused<std::tuple<bare>>("select row(1, null)::leaf"));
    EXPECT_EQ(one<bare>("select row(1, 'x')::leaf"), bare(1, "x")) << "a tuple is as good";
    EXPECT_EQ(one<std::tuple<>>("select row()"), std::tuple<>());
    EXPECT_EQ(one<std::tuple<>>("select row()::nothing"), std::tuple<>());
    EXPECT_EQ(one<std::string>("select $1::nothing::text", std::tuple<>()), "()");
    EXPECT_EQ(one<std::vector<std::tuple<>>>("select array[row(), row()]::nothing[]").size(), 2u);
}

TEST_P(a_defined_value, of_a_composite_has_fields_of_every_type) {
    same("of_all", of_all(), "(,,,,,,,,,,)");
    of_all full;
    boost::uuids::uuid id{};
    id.data[15] = 1;
    full = {true,
            pg::numeric::parse("-0.50").value(),
            std::chrono::sys_days::max(),
            pg::interval{.months = -1},
            id,
            pg::inet::parse("::1/64").value(),
            pg::bit_string::parse("101").value(),
            std::vector<std::byte>(2),
            pg::range<std::int32_t>::from(3),
            pg::multirange<std::int64_t>{{pg::range<std::int64_t>::from_to(1, 2)}},
            std::vector<double>{0.5}};
    same(
        "of_all", full,
        R"x((t,-0.50,infinity,"-1 mons",00000000-0000-0000-0000-000000000001,::1/64,101,"\\x0000","[3,)","{[1,2)}",{0.5}))x");
    EXPECT_TRUE(one<of_all>("select row(true, -0.50, 'infinity'::date, '-1 mons'::interval, "
                            "'00000000-0000-0000-0000-000000000001'::uuid, '::1/64'::inet, '101'::varbit, "
                            "'\\x0000'::bytea, '[3,)'::int4range, '{[1,2)}'::int8multirange, array[0.5]::float8[])") ==
                full);
    using priced = std::tuple<pg::unchecked<pg::numeric>, std::vector<pg::unchecked<std::string>>>;
    priced const tag{pg::numeric::parse("1.50").value(), {{"a"}, {"b"}}};
    EXPECT_EQ(one<priced>("select $1::tagged", tag), tag);
    EXPECT_EQ(one<std::string>("select $1::tagged::text", tag), "(1.50,\"{a,b}\")");
    // Not without saying so: inside of it a domain comes under its own number.
    EXPECT_TRUE(
        (is_refused<std::tuple<std::tuple<pg::numeric, std::vector<std::string>>>>("select row(1, '{}')::tagged")));
}

TEST_P(a_defined_value, of_a_tables_row_is_a_composite) {
    rows("create temporary table trees (id int4, top leaf, gone int4)").value();
    rows("alter table trees drop column gone").value();
    rows("insert into trees values ($1, $2), (2, null)", 1, leaf{7, "seven"}).value();
    using tree = std::tuple<std::int32_t, std::optional<leaf>>;
    EXPECT_EQ(one<std::vector<tree>>("select array_agg(t order by id) from trees t"),
              (std::vector<tree>{{1, leaf{7, "seven"}}, {2, std::nullopt}}));
    EXPECT_EQ(one<std::string>("select $1::trees::text", tree(3, leaf{4, "d"})), "(3,\"(4,d)\")");
    rows("alter table trees add column late text default 'x'").value();
    EXPECT_TRUE(is_refused<std::tuple<tree>>("select t from trees t where id = 1"));
}

} // namespace postgres_types_defined_test
