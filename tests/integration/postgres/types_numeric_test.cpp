// SPDX-License-Identifier: BSL-1.0
#include "types_test.hpp"

#include <charconv>
#include <cmath>

namespace postgres_types_numeric_test {

namespace pg = coda::pg;

using a_number = coda::test::on_postgres_types;
CODA_ON_EVERY_LOOP(a_number);

class a_numeric : public coda::test::on_postgres_types {
protected:
    // All of `sql`, which gives a numeric and its text, are what their text says, and understood by the server so.
    void expect_all_same(std::string const& sql, std::size_t count) {
        auto const there = rows(sql).value();
        ASSERT_EQ(there.size(), count);
        std::vector<pg::numeric> all;
        std::vector<std::string> texts;
        for (auto const row : there) {
            auto const& n = all.emplace_back(row[0].as<pg::numeric>());
            auto const& text = texts.emplace_back(row[1].as<std::string>());
            EXPECT_TRUE(n.to_string() == text) << text.substr(0, 100);
            EXPECT_TRUE(row[0].as<std::string>() == text) << text.substr(0, 100);
            EXPECT_TRUE(pg::numeric::parse(text) == n) << text.substr(0, 100);
        }
        auto const back = rows("select $1::numeric[]::text[], $1", all).value();
        EXPECT_TRUE(back[0][0].as<std::vector<std::string>>() == texts) << sql;
        EXPECT_TRUE(back[0][1].as<std::vector<pg::numeric>>() == all) << sql;
    }
};
CODA_ON_EVERY_LOOP(a_numeric);

TEST_P(a_numeric, is_the_same_at_every_place_of_the_point) {
    for (auto const* digits : {"1", "-12345.678", "9999.9999", "10000.0001", "0.5"})
        expect_all_same(fmt::format("select n, n::text from (select case when e < 0 then {0} / power(10::numeric, -e) "
                                    "else {0} * power(10::numeric, e) end as n from generate_series(-60, 60) e) x",
                                    digits),
                        121);
}

TEST_P(a_numeric, is_the_same_with_every_scale) {
    expect_all_same("select n, n::text from (select round(1234567.891, s) as n from generate_series(-8, 40) s) x", 49);
    expect_all_same("select n, n::text from (select round(0::numeric, s) as n from generate_series(0, 40) s) x", 41);
    for (auto const* type : {"numeric(3,0)", "numeric(8,2)", "numeric(1000,1000)", "numeric(1000,0)", "numeric(20,9)"})
        expect_all_same(fmt::format("select n, n::text from (select 0.1::{0} as n) x", type), 1);
}

TEST_P(a_numeric, is_the_same_with_any_digits) {
    rows("select setseed(0.5)").value();
    expect_all_same("select n, n::text from (select ((random() - 0.5) * 10 ^ (random() * 40 - 20))::numeric * "
                    "(random() * 1e15)::numeric as n from generate_series(1, 2000)) x",
                    2'000);
    expect_all_same("select n, n::text from (select factorial(i) / 7.0 as n from generate_series(0, 300) i) x", 301);
}

TEST_P(a_numeric, at_its_ends_is_the_same) {
    expect_all_same("select n, n::text from (values ('NaN'::numeric), ('Infinity'), ('-Infinity'), ('0'), "
                    "('1e131071'), ('-1e131071'), ('1e-16383'), ('-1e-16383'), ('1e131071' + '1e-16383'::numeric)) "
                    "x(n)",
                    9);
    for (auto const* beyond : {"1e131072", "1e-16384", "-1e131072"}) EXPECT_FALSE(pg::numeric::parse(beyond)) << beyond;
}

// Where it fits the server's number of that type is the same.
TEST_P(a_numeric, is_the_integer_and_the_double_that_the_server_makes_of_it) {
    auto const whole = rows("select n::numeric, n from (select (1::int8 << i) + d as n from generate_series(0, 62) i, "
                            "generate_series(-1, 1) d union values (-9223372036854775808), (9223372036854775807)) x");
    for (auto const row : whole.value()) {
        auto const n = row[1].as<std::int64_t>();
        EXPECT_EQ(row[0].as<pg::numeric>().to_int64(), n);
        EXPECT_EQ(row[0].as<pg::numeric>(), pg::numeric(n));
    }
    for (auto const* sql : {"select 9223372036854775808::numeric", "select -9223372036854775809::numeric",
                            "select 1e30::numeric", "select 1.5", "select 'NaN'::numeric"})
        EXPECT_EQ(one<pg::numeric>(sql).to_int64(), std::nullopt) << sql;
    rows("select setseed(0.25)").value();
    auto const doubles = rows("select n, n::float8 from (select (random() - 0.5)::numeric * power(10::numeric, i) as n "
                              "from generate_series(-300, 300) i) x");
    for (auto const row : doubles.value())
        EXPECT_EQ(row[0].as<pg::numeric>().to_double(), row[1].as<double>()) << row[0].as<std::string>();
}

TEST_P(a_numeric, is_ordered_as_the_server_orders) {
    auto const sorted = rows("select n from (values ('NaN'::numeric), ('Infinity'), ('-Infinity'), ('0'), ('-0.1'), "
                             "('0.1'), ('0.10001'), ('99999'), ('1e100'), ('-1e100'), ('10000'), ('9999.9')) x(n) "
                             "order by n");
    auto const all = sorted.value().as<pg::numeric>();
    ASSERT_EQ(all.size(), 12u);
    for (std::size_t i = 1; i < all.size(); ++i) EXPECT_LT(all[i - 1], all[i]);
}

TEST_P(a_numeric, that_the_columns_type_has_no_room_for_is_the_servers_error) {
    EXPECT_EQ(rows("select $1::numeric(4,2)", pg::numeric(100)).error().code(), pg::make_sqlstate("22003"));
    EXPECT_EQ(one<std::string>("select $1::numeric(4,2)::text", pg::numeric::parse("1.005").value()), "1.01");
    EXPECT_EQ(one<pg::numeric>("select $1::numeric(2,-3)", pg::numeric(12'345)).to_string(), "12000");
    EXPECT_TRUE(is_refused<pg::numeric>("select 1::int8"));
    EXPECT_TRUE(is_refused<std::int64_t>("select 1::numeric"));
    EXPECT_TRUE(is_refused<double>("select 1.5::numeric"));
}

TEST_P(a_number, that_is_whole_is_the_same_in_every_bit) {
    auto const expect_all = [&]<class T>(char const* type, T) {
        std::vector<T> all;
        for (std::size_t i = 0; i < sizeof(T) * 8; ++i) {
            auto const bit = static_cast<T>(std::make_unsigned_t<T>(1) << i);
            all.insert(all.end(), {bit, static_cast<T>(~bit)});
        }
        auto const sql =
            fmt::format("select array_agg(v order by i, k), array_agg(v::text order by i, k) from (select i, "
                        "k, case k when 0 then (1::{0} << i)::{0} else ~(1::{0} << i)::{0} end as v from "
                        "generate_series(0, {1}) i, generate_series(0, 1) k) x",
                        type, sizeof(T) * 8 - 1);
        EXPECT_EQ(one<std::vector<T>>(sql), all) << type;
        auto const texts = one<std::vector<std::string>>(fmt::format("select $1::{}[]::text[]", type), all);
        for (std::size_t i = 0; i < all.size(); ++i) EXPECT_EQ(texts.at(i), std::to_string(all[i]));
    };
    expect_all("int2", std::int16_t());
    expect_all("int4", std::int32_t());
    expect_all("int8", std::int64_t());
}

TEST_P(a_number, is_read_as_a_wider_one_and_never_as_a_narrower_one) {
    EXPECT_EQ(one<std::int32_t>("select '-32768'::int2"), -32'768);
    EXPECT_EQ(one<std::int64_t>("select '-32768'::int2"), -32'768);
    EXPECT_EQ(one<std::int64_t>("select '-2147483648'::int4"), -2'147'483'648);
    EXPECT_EQ(one<double>("select 0.1::float4"), static_cast<double>(0.1f));
    EXPECT_TRUE(is_refused<std::int16_t>("select 1::int4"));
    EXPECT_TRUE(is_refused<std::int32_t>("select 1::int8"));
    EXPECT_TRUE(is_refused<float>("select 1::float8"));
    EXPECT_TRUE(is_refused<pg::oid>("select 1::int4"));
    EXPECT_EQ(rows("select $1::int4::int2", 32'768).error().code(), pg::make_sqlstate("22003"));
    for (auto const* type : {"regclass", "regtype", "regproc", "xid", "cid", "oid"})
        EXPECT_EQ(one<pg::oid>(fmt::format("select '4294967295'::{}", type)), 0xffffffff) << type;
}

TEST_P(a_number, with_a_floating_point_is_the_same_at_every_power) {
    std::vector<double> doubles;
    for (int e = -1074; e < 1024; ++e) doubles.push_back(std::ldexp(1, e));
    EXPECT_TRUE(one<std::vector<double>>(
                    "select array_agg(2::float8 ^ e order by e) from generate_series(-1074, 1023) e") == doubles);
    std::vector<float> floats;
    for (int e = -149; e < 128; ++e) floats.push_back(std::ldexp(1.0f, e));
    EXPECT_TRUE(one<std::vector<float>>("select array_agg((2::float8 ^ e)::float4 order by e) from "
                                        "generate_series(-149, 127) e") == floats);
    auto const shown = rows("select $1::float8[]::text[], $2::float4[]::text[]", doubles, floats).value();
    auto const read = []<class T>(std::string const& text, T v) {
        std::from_chars(text.data(), text.data() + text.size(), v);
        return v;
    };
    auto const wide = shown[0][0].as<std::vector<std::string>>(), narrow = shown[0][1].as<std::vector<std::string>>();
    for (std::size_t i = 0; i < doubles.size(); ++i) EXPECT_EQ(read(wide.at(i), 0.0), doubles[i]);
    for (std::size_t i = 0; i < floats.size(); ++i) EXPECT_EQ(read(narrow.at(i), 0.0f), floats[i]);
}

} // namespace postgres_types_numeric_test
