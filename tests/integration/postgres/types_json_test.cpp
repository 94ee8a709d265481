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

TEST_P(a_json_value, that_boost_json_cannot_hold_is_an_error) {
    EXPECT_TRUE(is_refused<json::value>("select repeat('[', 40)::text || repeat(']', 40)")) << "a text";
    EXPECT_TRUE(is_refused<json::value>("select (repeat('[', 40) || repeat(']', 40))::jsonb")) << "too deep";
    EXPECT_TRUE(is_refused<json::value>("select 1"));
}

} // namespace postgres_types_json_test
