// SPDX-License-Identifier: BSL-1.0
#include "wire.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace postgres_chrono_test {

namespace pg = coda::pg;
using namespace std::chrono;
using coda::test::decoded;
using coda::test::encoded;
using coda::test::local_timestamp;
using coda::test::raw;
using coda::test::round_trip;
using coda::test::timestamp;
using coda::test::try_encoded;

template <class I>
std::vector<std::byte> wire(I value) {
    pg::encoder to;
    to.append_integer(value);
    return {to.appended().begin(), to.appended().end()};
}

constexpr std::int64_t last_microsecond = std::numeric_limits<std::int64_t>::max();

TEST(codec_of_dates, counts_from_the_year_2000) {
    EXPECT_EQ(encoded(sys_days(2000y / 1 / 1)), raw({0, 0, 0, 0}));
    EXPECT_EQ(encoded(sys_days(1999y / 12 / 31)), raw({0xff, 0xff, 0xff, 0xff}));
    EXPECT_EQ(encoded(2000y / 1 / 2), raw({0, 0, 0, 1}));
    for (sys_days const d :
         {sys_days(1970y / 1 / 1), sys_days(2024y / 2 / 29), sys_days(-4713y / 11 / 24), sys_days(32767y / 12 / 31)})
        EXPECT_EQ(round_trip(d), d);
    for (year_month_day const d : {2024y / 2 / 29, -4713y / 11 / 24, 32767y / 12 / 31, 0y / 1 / 1})
        EXPECT_EQ(round_trip(d), d);
}

TEST(codec_of_dates, has_the_ends_of_the_range_and_nothing_beyond) {
    auto const last = sys_days(days(10957 + 2'145'031'948)); // 5874897-12-31
    EXPECT_EQ(round_trip(last), last);
    EXPECT_FALSE(try_encoded(last + days(1)));
    EXPECT_FALSE(try_encoded(sys_days(-4713y / 11 / 23)));
    EXPECT_FALSE(try_encoded(sys_days::max() - days(1)));
    EXPECT_FALSE(try_encoded(sys_days::min() + days(1)));
    EXPECT_FALSE(try_encoded(2023y / 2 / 29));
    EXPECT_FALSE(decoded<year_month_day>(encoded(last))) << "std::chrono::year ends at 32767";
}

TEST(codec_of_dates, infinity_is_the_end_of_the_type) {
    EXPECT_EQ(encoded(sys_days::max()), raw({0x7f, 0xff, 0xff, 0xff}));
    EXPECT_EQ(encoded(sys_days::min()), raw({0x80, 0, 0, 0}));
    EXPECT_EQ(round_trip(sys_days::max()), sys_days::max());
    EXPECT_EQ(round_trip(sys_days::min()), sys_days::min());
    EXPECT_FALSE(decoded<year_month_day>(encoded(sys_days::max())));
}

template <class T>
class codec_of_timestamps : public testing::Test {};
using timestamps = testing::Types<timestamp, local_timestamp>;
TYPED_TEST_SUITE(codec_of_timestamps, timestamps);

TYPED_TEST(codec_of_timestamps, counts_microseconds_from_the_year_2000) {
    TypeParam const start(sys_days(2000y / 1 / 1).time_since_epoch());
    EXPECT_EQ(encoded(start), wire(std::int64_t{0}));
    EXPECT_EQ(encoded(start - microseconds(1)), wire(std::int64_t{-1}));
    for (auto const& t :
         {start, TypeParam(), start + microseconds(123'456'789'012'345), start - hours(24 * 365 * 3000)})
        EXPECT_EQ(round_trip(t), t);
}

TYPED_TEST(codec_of_timestamps, has_the_ends_of_the_range_and_nothing_beyond) {
    TypeParam const first(sys_days(-4713y / 11 / 24).time_since_epoch());
    EXPECT_EQ(round_trip(first), first);
    EXPECT_FALSE(try_encoded(first - microseconds(1)));
    TypeParam const last(microseconds(last_microsecond - 1)); // in 294247
    EXPECT_EQ(round_trip(last), last);
    EXPECT_FALSE(try_encoded(TypeParam::min() + microseconds(1)));
    // PostgreSQL's last 30 years are not in the range of the C++ type.
    EXPECT_FALSE(decoded<TypeParam>(wire(last_microsecond - 946'684'800'000'000)));
    EXPECT_FALSE(decoded<TypeParam>(wire(std::int64_t{9'223'371'331'199'999'999})));
}

TYPED_TEST(codec_of_timestamps, infinity_is_the_end_of_the_type) {
    EXPECT_EQ(encoded(TypeParam::max()), wire(last_microsecond));
    EXPECT_EQ(round_trip(TypeParam::max()), TypeParam::max());
    EXPECT_EQ(round_trip(TypeParam::min()), TypeParam::min());
}

TEST(codec_of_timestamps, with_and_without_time_zone_are_two_types) {
    EXPECT_EQ(decoded<timestamp>(wire(std::int64_t{0}), pg::type::timestamp), std::nullopt);
    EXPECT_EQ(decoded<local_timestamp>(wire(std::int64_t{0}), pg::type::timestamptz), std::nullopt);
}

TEST(codec_of_time_of_day, is_from_0_to_24_hours) {
    for (microseconds const t : {microseconds(0), microseconds(1), microseconds(hours(24))})
        EXPECT_EQ(round_trip(pg::time_of_day{t}), pg::time_of_day{t});
    EXPECT_FALSE(try_encoded(pg::time_of_day{microseconds(-1)}));
    EXPECT_FALSE(try_encoded(pg::time_of_day{hours(24) + microseconds(1)}));
    EXPECT_FALSE(decoded<pg::time_of_day>(wire(std::int64_t{-1})));
    EXPECT_FALSE(decoded<pg::time_of_day>(wire(std::int64_t{86'400'000'001})));
}

TEST(codec_of_time_of_day, with_an_offset_counts_it_positive_in_the_east) {
    pg::time_of_day_tz const t{hours(1), hours(2)};
    EXPECT_EQ(encoded(t), raw({0, 0, 0, 0, 0xd6, 0x93, 0xa4, 0, 0xff, 0xff, 0xe3, 0xe0}));
    EXPECT_EQ(round_trip(t), t);
    pg::time_of_day_tz const west{hours(24), seconds(-57'599)};
    EXPECT_EQ(round_trip(west), west);
    EXPECT_FALSE(try_encoded(pg::time_of_day_tz{hours(1), hours(16)}));
    EXPECT_FALSE(try_encoded(pg::time_of_day_tz{hours(25), hours(1)}));
    EXPECT_FALSE(decoded<pg::time_of_day_tz>(raw({0, 0, 0, 0, 0, 0, 0, 0, 0x80, 0, 0, 0})));
}

TEST(codec_of_interval, keeps_months_days_and_time_apart) {
    using i32 = std::numeric_limits<std::int32_t>;
    for (pg::interval const& i : {pg::interval{}, pg::interval{1, -2, microseconds(3)},
                                  pg::interval{i32::max(), i32::min(), microseconds::max()}})
        EXPECT_EQ(round_trip(i), i);
    EXPECT_EQ(encoded(pg::interval{1, 2, microseconds(3)}), raw({0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 2, 0, 0, 0, 1}));
}

} // namespace postgres_chrono_test
