// SPDX-License-Identifier: BSL-1.0
#include "support/allocations.hpp"
#include "wire.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace postgres_numeric_test {

using coda::pg::numeric;
using coda::test::decoded;
using coda::test::encoded;
using coda::test::raw;
using coda::test::refuses_other_lengths;
using coda::test::round_trip;
namespace pg = coda::pg;

std::string shown(std::string_view text) {
    auto const n = numeric::parse(text);
    return n ? n->to_string() : "none";
}

TEST(numeric, shows_what_was_written) {
    for (auto const* text : {"0",
                             "1",
                             "-1",
                             "9999",
                             "10000",
                             "10001",
                             "100000000",
                             "0.1",
                             "0.0001",
                             "0.00001",
                             "-0.5",
                             "12.50",
                             "0.00",
                             "1000000000000000000000000000000",
                             "123456789.987654321",
                             "10000.0001",
                             "-99999.99999",
                             "NaN",
                             "Infinity",
                             "-Infinity",
                             "0.000000000000000000000000000001"})
        EXPECT_EQ(shown(text), text);
}

TEST(numeric, reads_every_way_to_write_a_number) {
    EXPECT_EQ(shown("+1"), "1");
    EXPECT_EQ(shown("007"), "7");
    EXPECT_EQ(shown("1."), "1");
    EXPECT_EQ(shown(".5"), "0.5");
    EXPECT_EQ(shown("-0"), "0");
    EXPECT_EQ(shown("-0.00"), "0.00");
    EXPECT_EQ(shown("1e3"), "1000");
    EXPECT_EQ(shown("1E+3"), "1000");
    EXPECT_EQ(shown("1.5e-3"), "0.0015");
    EXPECT_EQ(shown("1.50e1"), "15.0");
    EXPECT_EQ(shown("0e-5"), "0.00000");
    EXPECT_EQ(shown("nan"), "NaN");
    EXPECT_EQ(shown("inf"), "Infinity");
    EXPECT_EQ(shown("-INFINITY"), "-Infinity");
}

TEST(numeric, is_nothing_else) {
    for (auto const* text : {"", "-", "+", ".", "e5", "1e", "1e+", "1e+-5", "1.2.3", "0x10", " 1", "1 ", "--1", "1,000",
                             "-nan", "infinit", "1e1000000"})
        EXPECT_EQ(shown(text), "none") << text;
}

TEST(numeric, has_as_many_digits_as_postgres_and_no_more) {
    auto const most = fmt::format("{}.{}", std::string(131'072, '9'), std::string(16'383, '9'));
    EXPECT_EQ(shown(most), most);
    EXPECT_EQ(shown(fmt::format("1{}", std::string(131'072, '0'))), "none");
    EXPECT_EQ(shown("1e131072"), "none");
    EXPECT_EQ(shown("1e131071"), fmt::format("1{}", std::string(131'071, '0')));
    EXPECT_EQ(shown(fmt::format("0.{}", std::string(16'384, '1'))), "none");
    EXPECT_EQ(shown("1e-16384"), "none");
    EXPECT_EQ(shown("1e-16383"), fmt::format("0.{}1", std::string(16'382, '0')));
}

TEST(numeric, is_every_integer) {
    using i64 = std::numeric_limits<std::int64_t>;
    for (std::int64_t const v :
         {i64::min(), i64::min() + 1, std::int64_t{-10'000}, std::int64_t{-1}, std::int64_t{0}, std::int64_t{1},
          std::int64_t{9'999}, std::int64_t{10'000}, std::int64_t{100'000'000}, i64::max()}) {
        EXPECT_EQ(numeric(v).to_string(), std::to_string(v));
        EXPECT_EQ(numeric(v).to_int64(), v);
        EXPECT_EQ(numeric(v), numeric::parse(std::to_string(v)));
    }
    EXPECT_EQ(numeric(std::numeric_limits<std::uint64_t>::max()).to_string(), "18446744073709551615");
    EXPECT_EQ(numeric::parse("12.00")->to_int64(), 12);
}

TEST(numeric, that_is_no_integer_of_that_range_is_none) {
    for (auto const* text :
         {"0.5", "1.00001", "9223372036854775808", "-9223372036854775809", "1e30", "NaN", "Infinity"})
        EXPECT_EQ(numeric::parse(text)->to_int64(), std::nullopt) << text;
}

TEST(numeric, keeps_a_double) {
    using d = std::numeric_limits<double>;
    for (double const v : {0.0, 0.1, -1.5, 1e22, 1e23, 123456.789, d::min(), d::max(), d::lowest(), d::denorm_min(),
                           d::epsilon(), d::infinity(), -d::infinity()})
        EXPECT_EQ(numeric::from_double(v).to_double(), v);
    EXPECT_TRUE(std::isnan(numeric::from_double(d::quiet_NaN()).to_double()));
    EXPECT_EQ(numeric::from_double(0.1).to_string(), "0.1");
    EXPECT_EQ(numeric::parse("1e400")->to_double(), d::infinity());
    EXPECT_EQ(numeric::parse("-1e400")->to_double(), -d::infinity());
    EXPECT_EQ(numeric::parse("1e-400")->to_double(), 0.0);
}

TEST(numeric, is_compared_as_sql_compares) {
    std::vector<numeric> ascending;
    for (auto const* text : {"-Infinity", "-10000", "-1.5", "-1", "-0.00001", "0", "0.00001", "0.5", "1", "1.0001",
                             "9999", "10000", "1e20", "Infinity", "NaN"})
        ascending.push_back(numeric::parse(text).value());
    for (std::size_t i = 0; i < ascending.size(); ++i)
        for (std::size_t j = 0; j < ascending.size(); ++j) {
            EXPECT_EQ(ascending[i] < ascending[j], i < j)
                << ascending[i].to_string() << ' ' << ascending[j].to_string();
            EXPECT_EQ(ascending[i] == ascending[j], i == j);
        }
    EXPECT_EQ(numeric::parse("1.0"), numeric::parse("1.00"));
    EXPECT_EQ(-numeric(5), numeric(-5));
    EXPECT_EQ(-numeric(0), numeric(0));
    EXPECT_TRUE((-numeric::nan()).is_nan());
}

TEST(numeric, of_28_digits_is_kept_in_the_object) {
    auto const wire = encoded(numeric::parse("1234567890123456789012345678").value());
    auto const before = coda::test::allocations();
    numeric n;
    EXPECT_TRUE(pg::codec<numeric>::decode(wire, pg::type::numeric, n));
    EXPECT_EQ(coda::test::allocations() - before, 0u);
}

TEST(codec_of_numeric, keeps_value_and_scale) {
    for (auto const* text :
         {"0", "0.000", "-12.50", "12345678901234567890.00001", "1e-20", "NaN", "Infinity", "-Infinity"}) {
        auto const n = numeric::parse(text).value();
        EXPECT_EQ(round_trip(n).value().to_string(), n.to_string());
        EXPECT_TRUE(refuses_other_lengths(n));
    }
    EXPECT_EQ(encoded(numeric::parse("-12345.67").value()), raw({0, 3, 0, 1, 0x40, 0, 0, 2, 0, 1, 9, 41, 26, 44}));
    EXPECT_EQ(decoded<numeric>(encoded(numeric(1)), pg::type::int8), std::nullopt);
}

TEST(codec_of_numeric, refuses_what_no_server_sends) {
    EXPECT_TRUE(decoded<numeric>(raw({0, 1, 0, 0, 0, 0, 0, 0, 0x27, 0x0f})));
    EXPECT_FALSE(decoded<numeric>(raw({0, 1, 0, 0, 0, 0, 0, 0, 0x27, 0x10}))) << "a digit of 10000";
    EXPECT_FALSE(decoded<numeric>(raw({0, 1, 0, 0, 0x12, 0, 0, 0, 0, 1}))) << "a sign of its own";
    EXPECT_FALSE(decoded<numeric>(raw({0, 1, 0, 0, 0, 0, 0x40, 0, 0, 1}))) << "16384 digits after the point";
    EXPECT_FALSE(decoded<numeric>(raw({0, 2, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 1}))) << "no weight is so small";
    EXPECT_FALSE(decoded<numeric>(raw({0, 1, 0xff, 0xff, 0, 0, 0, 3, 0, 1}))) << "0.0001 with three of them";
    EXPECT_FALSE(decoded<numeric>(raw({0, 1, 0, 0, 0xc0, 0, 0, 0, 0, 1}))) << "NaN with digits";
    EXPECT_FALSE(decoded<numeric>(raw({0xff, 0xff, 0, 0, 0, 0, 0, 0}))) << "65535 digits that are not there";
}

TEST(codec_of_numeric, zeros_at_the_ends_are_no_digits) {
    auto const n = decoded<numeric>(raw({0, 3, 0, 1, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0})).value();
    EXPECT_EQ(n, numeric(0));
    EXPECT_EQ(n.to_string(), "0");
    EXPECT_EQ(decoded<numeric>(raw({0, 3, 0, 2, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0}))->to_string(), "50000");
}

TEST(codec_of_text, reads_a_numeric_as_sql_writes_it) {
    EXPECT_EQ(decoded<std::string>(encoded(numeric::parse("-12.50").value()), pg::type::numeric), "-12.50");
}

} // namespace postgres_numeric_test
