// SPDX-License-Identifier: BSL-1.0
#include "types_test.hpp"

#include <limits>

namespace postgres_types_scalar_test {

namespace pg = coda::pg;
using testing::HasSubstr;

using a_scalar = coda::test::on_postgres_types;
CODA_ON_EVERY_LOOP(a_scalar);

TEST_P(a_scalar, is_the_same_on_the_server) {
    using i16 = std::numeric_limits<std::int16_t>;
    using i32 = std::numeric_limits<std::int32_t>;
    using i64 = std::numeric_limits<std::int64_t>;
    same("bool", true, "true");
    same("bool", false, "false");
    same("int2", i16::min(), "-32768");
    same("int2", i16::max(), "32767");
    same("int4", i32::min(), "-2147483648");
    same("int4", i32::max(), "2147483647");
    same("int8", std::int64_t{i64::min()}, "-9223372036854775808");
    same("int8", std::int64_t{i64::max()}, "9223372036854775807");
    same("oid", pg::oid{0xffffffff}, "4294967295");
    same("\"char\"", 'x', "x");
    same("float4", 0.1f, "0.1");
    same("float4", std::numeric_limits<float>::denorm_min(), "1e-45");
    same("float8", 0.1, "0.1");
    same("float8", std::numeric_limits<double>::max(), "1.7976931348623157e+308");
    same("float8", std::numeric_limits<double>::denorm_min(), "5e-324");
    same("float8", -std::numeric_limits<double>::infinity(), "-Infinity");
    same("float8", -0.0, "-0");
    same("float8", std::numeric_limits<double>::quiet_NaN(), "NaN");
    same("float4", std::numeric_limits<float>::quiet_NaN(), "NaN");
    same("float4", -std::numeric_limits<float>::infinity(), "-Infinity");
    std::string const text = "\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80 ' \\ \n";
    same("text", text, text);
    same("varchar", std::string("x"), "x");
    same("name", std::string("x"), "x");
    same("json", std::string(R"({"a":  1})"), R"({"a":  1})");
    same("jsonb", std::string(R"({"a": 1})"), R"({"a": 1})");
    same("xml", std::string("<a/>"), "<a/>");
    same("bytea", std::vector{std::byte{0}, std::byte{0xff}}, "\\x00ff");
    boost::uuids::uuid id{};
    for (std::uint8_t i = 0; i < 16; ++i) id.data[i] = static_cast<std::uint8_t>(0xf0 + i);
    same("uuid", id, "f0f1f2f3-f4f5-f6f7-f8f9-fafbfcfdfeff");
    same("bit(3)", pg::bit_string::parse("101").value(), "101");
    same("varbit", pg::bit_string::parse("101100111").value(), "101100111");
    same("varbit", pg::bit_string(), "");
}

// char(n) is filled with spaces, which its cast to text drops.
TEST_P(a_scalar, of_fixed_length_comes_with_its_spaces) {
    EXPECT_EQ(got<std::string>("select 'ab'::char(4)").value(), "ab  ");
}

TEST_P(a_scalar, of_numeric_keeps_every_digit) {
    for (std::string const text :
         {"0", "0.00", "-12.50", "1", "9999", "10000", "100000000", "0.0001", "0.00001",
          "123456789012345678901234567890.000000000000000001", "-0.1", "NaN", "Infinity", "-Infinity"}) {
        auto const n = pg::numeric::parse(text).value();
        same("numeric", n, text);
        same("numeric", std::string(text), text);
        auto const back = got<pg::numeric>("select $1", n).value();
        EXPECT_EQ(back.to_string(), text) << "its scale, too";
    }
    auto const most = fmt::format("{}.{}", std::string(131'072, '9'), std::string(16'383, '9'));
    auto const there = got<pg::numeric>("select $1::numeric", most).value();
    EXPECT_TRUE(there.to_string() == most);
    auto const smallest = pg::numeric::parse("1e-16383").value();
    same("numeric", smallest, smallest.to_string());
    same("numeric(10,2)", pg::numeric::parse("12345678.90").value(), "12345678.90");
}

// The server computes with what it was sent, so it understood it.
TEST_P(a_scalar, of_numeric_is_sent_up_to_the_largest) {
    auto const most = fmt::format("{}.{}", std::string(131'072, '9'), std::string(16'383, '9'));
    auto const sent = got<std::string>("select $1::text", pg::numeric::parse(most).value());
    EXPECT_TRUE(sent.has_value()) << sent.error().message();
    if (sent.has_value()) EXPECT_TRUE(*sent == most);
}

TEST_P(a_scalar, of_a_network_is_the_same_on_the_server) {
    for (auto const* text : {"192.168.0.1/24", "0.0.0.0/0", "::/0", "2001:db8::1/64"})
        same("inet", pg::inet::parse(text).value(), text);
    // Its cast to text shows the whole prefix.
    same("inet", pg::inet::parse("10.1.2.3").value(), "10.1.2.3/32");
    same("inet", pg::inet::parse("::ffff:1.2.3.4").value(), "::ffff:1.2.3.4/128");
    for (auto const* text : {"10.0.0.0/8", "0.0.0.0/0", "2001:db8::/32"})
        same("cidr", pg::cidr::parse(text).value(), text);
    same("macaddr", pg::macaddr::parse("08:00:2b:01:02:03").value(), "08:00:2b:01:02:03");
    same("macaddr8", pg::macaddr8::parse("08:00:2b:01:02:03:04:05").value(), "08:00:2b:01:02:03:04:05");
    for (auto const* text :
         {"192.168.0.1", "2001:db8::1", "::", "1::", "::ffff:1.2.3.4", "1:2:3:4:5:6:7:8", "0:0:1::"}) {
        auto const shown = got<std::string>("select host($1)", pg::inet::parse(text).value()).value();
        EXPECT_EQ(pg::inet::parse(text)->to_string(), shown);
    }
}

TEST_P(a_scalar, of_the_catalogues_is_read_as_it_is) {
    using row = std::tuple<std::string, pg::oid, char, bool, std::int16_t, pg::oid, std::optional<std::string>>;
    auto const catalogue =
        rows("select typname, oid, typtype, typbyval, typlen, typinput, typdefault from pg_type where typisdefined");
    EXPECT_GT(catalogue.value().as<row>().size(), 100u);
    EXPECT_EQ(got<std::vector<std::int16_t>>("select '1 2'::int2vector").value(), (std::vector<std::int16_t>{1, 2}));
    EXPECT_EQ(got<std::vector<pg::oid>>("select '1 2'::oidvector").value(), (std::vector<pg::oid>{1, 2}));
    EXPECT_EQ(got<pg::oid>("select 'pg_class'::regclass").value(), 1259u);
}

// What the driver calls a type, and takes for the type of its arrays, is what this server has.
TEST_P(a_scalar, has_the_name_and_the_array_that_the_server_says) {
    for (auto const& t : pg::detail::built_in_types) {
        using row = std::tuple<std::string, pg::oid, std::string>;
        auto const [name, array, array_name] =
            got<row>("select format_type(oid, null), typarray, format_type(typarray, null) from pg_type where oid = $1",
                     t.number)
                .value();
        EXPECT_EQ(name, t.name);
        EXPECT_EQ(array, t.array) << name;
        EXPECT_EQ(array_name, pg::type_name(t.array));
    }
}

TEST_P(a_scalar, that_is_null_or_of_another_type_is_named_in_the_error) {
    auto const wrong = got<pg::numeric>("select 1.5::float8 as price");
    EXPECT_EQ(wrong.error().code(), coda::errc::type_mismatch);
    EXPECT_THAT(wrong.error().message(), HasSubstr("\"price\": asked for numeric, the server sent double precision"));
    auto const null = got<pg::interval>("select null::interval as age");
    EXPECT_EQ(null.error().code(), pg::errc::unexpected_null);
    EXPECT_THAT(null.error().message(), HasSubstr("\"age\""));
    EXPECT_EQ(got<std::optional<pg::interval>>("select $1::interval", std::optional<pg::interval>()).value(),
              std::nullopt);
}

TEST_P(a_scalar, inside_of_a_domain_is_read_as_what_the_domain_is_of) {
    auto const name = server().fresh_name();
    server().ask("create domain " + name + " as int4 check (value > 0)");
    EXPECT_EQ(got<std::int32_t>("select $1::" + name, 7).value(), 7);
    auto const refused = got<std::int32_t>("select $1::" + name, -7);
    EXPECT_EQ(refused.error().code(), pg::sqlstate::check_violation);
    // Inside of an array it is sent under its own number.
    auto const sql = "select array[1,2]::" + name + "[]";
    EXPECT_TRUE(is_refused<std::vector<std::int32_t>>(sql));
    using number = pg::unchecked<std::int32_t>;
    EXPECT_EQ(got<std::vector<number>>(sql).value(), (std::vector<number>{{1}, {2}}));
    EXPECT_EQ(got<std::string>("select ($1::" + name + "[])::text", std::vector<number>{{1}, {2}}).value(), "{1,2}");
    server().ask("drop domain " + name);
}

} // namespace postgres_types_scalar_test
