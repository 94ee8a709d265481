// SPDX-License-Identifier: BSL-1.0
#include "types_test.hpp"

#include <coda/postgres/json.hpp>

#include <boost/json/src.hpp> // its own package cannot be installed beside an older Boost

namespace postgres_types_json_test {

namespace pg = coda::pg;
namespace json = boost::json;

using a_json_value = coda::test::on_postgres_types;
CODA_ON_EVERY_LOOP(a_json_value);

TEST_P(a_json_value, is_the_same_on_the_server) {
    for (std::string const text :
         {R"({"a": [1, null, true, "x"], "b": {}})", "null", "\"\xc3\xa4\"", "[]", "-1.5", "9223372036854775807"})
        same("jsonb", json::parse(text), text);
    auto const plain = got<json::value>("select '{\"a\":  1}'::json").value();
    EXPECT_EQ(plain, json::parse(R"({"a": 1})"));
    std::vector<json::value> const both{json::value(1), json::parse("{}")};
    EXPECT_EQ(got<std::vector<json::value>>("select $1", both).value(), both);
    EXPECT_EQ(got<std::string>("select ($1::jsonb -> 'k')::text", json::parse(R"({"k": [2]})")).value(), "[2]");
}

TEST_P(a_json_value, of_every_kind_is_the_same_in_both_types) {
    for (auto const* text : {"{}", "[]", "\"\"", "0", "-1", "true", "false", "null", "[[[]]]", "9223372036854775807",
                             "18446744073709551615", "-9223372036854775808", "0.1", "-1.5e-7", "1.7976931348623157e308",
                             "5e-324", "[1, \"1\", 1.5, null]", R"({"": {"a": [{}, {"b": [null]}]}})",
                             R"("\u00e4\ud83d\ude00\"\\\/\b\f\n\r\t\u0001")"}) {
        auto const value = json::parse(text);
        EXPECT_EQ(one<json::value>("select $1::jsonb", text), value) << text;
        EXPECT_EQ(one<json::value>("select $1::json", text), value) << text;
        EXPECT_TRUE(one<bool>("select $1 = $2::jsonb", value, text)) << text;
        EXPECT_EQ(one<std::optional<json::value>>("select $1::json", value), value) << text;
    }
    EXPECT_EQ(one<json::value>("select '{\"a\": 1, \"a\": 2}'::json"), json::parse(R"({"a": 2})")) << "the last one";
    EXPECT_EQ(one<std::optional<json::value>>("select null::jsonb"), std::nullopt);
    EXPECT_TRUE(one<std::optional<json::value>>("select 'null'::jsonb").value().is_null()) << "is no NULL";
    EXPECT_TRUE(one<std::optional<json::value>>("select '1'::jsonb -> 'none'") == std::nullopt);
    using maybes = std::vector<std::optional<json::value>>;
    maybes const some{json::value(nullptr), std::nullopt, json::parse("[1]")};
    EXPECT_EQ(one<maybes>("select $1", some), some);
    EXPECT_EQ(one<std::string>("select $1::text", some), "{\"null\",NULL,[1]}");
    EXPECT_EQ(one<maybes>("select array['{}', null]::json[]"), (maybes{json::parse("{}"), std::nullopt}));
}

TEST_P(a_json_value, of_any_depth_that_boost_json_reads_is_the_same) {
    auto const nested = [](std::size_t depth) {
        return fmt::format("{}{}", std::string(depth, '['), std::string(depth, ']'));
    };
    EXPECT_EQ(one<json::value>("select $1::jsonb", nested(32)), json::parse(nested(32)));
    EXPECT_TRUE(is_refused<json::value>("select '" + nested(33) + "'::jsonb"));
    json::value deep = nullptr;
    for (int i = 0; i < 100; ++i) deep = json::array{std::move(deep)};
    EXPECT_EQ(one<std::int32_t>("select length($1::jsonb::text)", deep), 204) << "sent it is";
    json::array many;
    for (int i = 0; i < 100'000; ++i) many.emplace_back(i);
    EXPECT_EQ(one<std::int64_t>("select sum(v::int8)::int8 from jsonb_array_elements_text($1) v", json::value(many)),
              4'999'950'000);
    EXPECT_TRUE(one<json::value>("select jsonb_agg(i order by i) from generate_series(0, 99999) i") == many);
}

TEST_P(a_json_value, that_boost_json_cannot_hold_is_an_error) {
    EXPECT_TRUE(is_refused<json::value>("select repeat('[', 40)::text || repeat(']', 40)")) << "a text";
    EXPECT_TRUE(is_refused<json::value>("select (repeat('[', 40) || repeat(']', 40))::jsonb")) << "too deep";
    EXPECT_TRUE(is_refused<json::value>("select 1"));
}

// Every bit of a double counts, both ways.
TEST_P(a_json_value, that_is_a_double_is_the_same_double) {
    rows("select setseed(0.5)").value();
    auto const there = rows("select to_jsonb(d), d from (select (random() - 0.5) * 10.0::float8 ^ (i % 600 - 300) as d "
                            "from generate_series(1, 3000) i) x");
    std::vector<json::value> values;
    std::vector<double> doubles;
    for (auto const row : there.value()) {
        doubles.push_back(row[1].as<double>());
        values.push_back(row[0].as<json::value>());
        EXPECT_EQ(values.back().to_number<double>(), doubles.back()) << row[0].as<std::string>().substr(0, 40);
    }
    EXPECT_EQ(one<std::int64_t>("select count(*) from unnest($1::jsonb[], $2::float8[]) x(v, d) where v::float8 <> d",
                                std::vector<json::value>(doubles.begin(), doubles.end()), doubles),
              0);
}

// jsonb keeps it as a numeric, json as it was written.
TEST_P(a_json_value, that_is_beyond_a_double_is_an_error) {
    for (auto const* text : {"1e400", "-1e400", "[1, {\"a\": 1e309}]"})
        for (auto const* type : {"json", "jsonb"})
            EXPECT_TRUE(is_refused<json::value>(fmt::format("select '{}'::{}", text, type))) << text << ' ' << type;
    EXPECT_EQ(one<std::string>("select '1e400'::json"), "1e400") << "as a text it is read";
}

TEST_P(a_json_value, that_json_does_not_have_is_refused_unsent) {
    constexpr double inf = std::numeric_limits<double>::infinity();
    json::value const inside = json::array{1, json::object{{"a", -inf}}};
    for (auto const& v : {json::value(inf), json::value(std::numeric_limits<double>::quiet_NaN()), inside}) {
        auto const refused = rows("select $1", v);
        EXPECT_EQ(refused.error().code(), coda::errc::invalid_argument);
        EXPECT_EQ(refused.error().outcome(), coda::outcome::not_sent);
    }
    // A zero byte is a character of JSON, and none of PostgreSQL's.
    json::value const zero = json::string("a\0b", 3);
    EXPECT_EQ(rows("select $1", zero).error().code(), pg::make_sqlstate("22P05"));
    EXPECT_TRUE(is_refused<json::value>("select '1'::text"));
    EXPECT_TRUE(is_refused<std::string>("select '1'::jsonpath"));
}

} // namespace postgres_types_json_test
