// SPDX-License-Identifier: BSL-1.0
#include "wire.hpp"

#include <gtest/gtest.h>

namespace postgres_range_test {

namespace pg = coda::pg;
using coda::test::decoded;
using coda::test::encoded;
using coda::test::raw;
using coda::test::refuses_other_lengths;
using coda::test::round_trip;

using int_range = pg::range<std::int32_t>;

TEST(range, is_empty_unless_it_is_made_otherwise) {
    EXPECT_TRUE(int_range().empty());
    EXPECT_FALSE(int_range::all().empty());
    EXPECT_NE(int_range(), int_range::all());
    auto const r = int_range::from_to(1, 5);
    EXPECT_EQ(r.lower()->value, 1);
    EXPECT_TRUE(r.lower()->inclusive);
    EXPECT_FALSE(r.upper()->inclusive);
}

TEST(codec_of_ranges, keeps_bounds_and_which_of_them_belong_to_it) {
    using bound = int_range::bound;
    for (auto const& r : {int_range(), int_range::all(), int_range::from_to(1, 5), int_range::closed(-1, 1),
                          int_range::from(3), int_range::before(-3), int_range(bound{1, false}, bound{2, true}),
                          int_range(bound{1, false}, std::nullopt)}) {
        EXPECT_EQ(round_trip(r), r);
        EXPECT_TRUE(refuses_other_lengths(r));
    }
    EXPECT_EQ(encoded(int_range()), raw({1}));
    EXPECT_EQ(encoded(int_range::all()), raw({24}));
    EXPECT_EQ(encoded(int_range::from_to(1, 5)), raw({2, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 5}));
    auto const numbers = pg::range<pg::numeric>::closed(1, 2);
    EXPECT_EQ(round_trip(numbers), numbers);
}

TEST(codec_of_ranges, is_of_the_type_that_its_bounds_tell) {
    static_assert(pg::codec<int_range>::type == pg::type::int4range);
    static_assert(pg::codec<pg::range<std::chrono::sys_days>>::type == pg::type::daterange);
    static_assert(pg::codec<pg::range<double>>::type == pg::type::any, "there is none that is built in");
    static_assert(pg::codec<pg::multirange<pg::numeric>>::type == pg::type::nummultirange);
    using wide = pg::range<std::int64_t>;
    EXPECT_EQ(decoded<wide>(encoded(int_range::from(-1)), pg::type::int4range), wide::from(-1));
    EXPECT_FALSE(pg::codec<int_range>::reads(pg::type::int8range));
    EXPECT_FALSE(pg::codec<int_range>::reads(pg::type::int4));
    auto const own = pg::range<double>::from(0.5);
    EXPECT_EQ(round_trip(own, pg::type::first_user_defined), own);
}

TEST(codec_of_ranges, refuses_what_is_none) {
    EXPECT_FALSE(decoded<int_range>(raw({1, 0}))) << "empty with something in it";
    EXPECT_FALSE(decoded<int_range>(raw({32}))) << "unknown flags";
    EXPECT_FALSE(decoded<int_range>(raw({16, 0xff, 0xff, 0xff, 0xff}))) << "a bound that is NULL";
    EXPECT_FALSE(decoded<int_range>(raw({16, 0, 0, 0, 2, 0, 1}))) << "a bound of another length";
}

TEST(codec_of_multiranges, keeps_every_range) {
    using m = pg::multirange<std::int32_t>;
    for (auto const& v : {m{}, m{{int_range::from_to(1, 2)}},
                          m{{int_range::before(0), int_range::from_to(1, 2), int_range::from(9)}}}) {
        EXPECT_EQ(round_trip(v), v);
        EXPECT_TRUE(refuses_other_lengths(v));
    }
    EXPECT_FALSE(decoded<m>(raw({0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1, 1}))) << "4 billion ranges in 5 bytes";
}

} // namespace postgres_range_test
