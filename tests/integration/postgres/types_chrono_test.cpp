// SPDX-License-Identifier: BSL-1.0
#include "types_test.hpp"

namespace postgres_types_chrono_test {

namespace pg = coda::pg;
using namespace std::chrono;
using moment = sys_time<microseconds>;
using local = local_time<microseconds>;

using a_time = coda::test::on_postgres_types;
CODA_ON_EVERY_LOOP(a_time);

TEST_P(a_time, of_a_day_is_the_same_on_the_server) {
    same("date", sys_days(2000y / 1 / 1), "2000-01-01");
    same("date", sys_days(1969y / 12 / 31), "1969-12-31");
    same("date", sys_days(2024y / 2 / 29), "2024-02-29");
    same("date", sys_days(0y / 3 / 1), "0001-03-01 BC");
    same("date", sys_days(-4713y / 11 / 24), "4714-11-24 BC");
    same("date", sys_days(days(10957 + 2'145'031'948)), "5874897-12-31");
    same("date", sys_days::max(), "infinity");
    same("date", sys_days::min(), "-infinity");
    same("date", 2024y / 2 / 29, "2024-02-29");
    same("date", 32767y / 12 / 31, "32767-12-31");
    EXPECT_TRUE(is_refused<year_month_day>("select '32768-01-01'::date"));
    EXPECT_TRUE(is_refused<year_month_day>("select 'infinity'::date"));
}

TEST_P(a_time, without_zone_is_the_same_on_the_server) {
    auto const at = [](year_month_day d) { return local(local_days(d).time_since_epoch()); };
    same("timestamp", at(2000y / 1 / 1), "2000-01-01 00:00:00");
    same("timestamp", local(), "1970-01-01 00:00:00");
    same("timestamp", at(1999y / 12 / 31) + hours(23) + minutes(59) + seconds(59) + microseconds(999'999),
         "1999-12-31 23:59:59.999999");
    same("timestamp", at(-4713y / 11 / 24), "4714-11-24 00:00:00 BC");
    same("timestamp", local::max() - microseconds(1), "294247-01-10 04:00:54.775806");
    same("timestamp", local::max(), "infinity");
    same("timestamp", local::min(), "-infinity");
    EXPECT_TRUE(is_refused<local>("select '294276-12-31 23:59:59.999999'::timestamp")) << "beyond the C++ type";
}

TEST_P(a_time, with_zone_is_a_moment_whatever_the_session_shows) {
    ran("set time zone 'Asia/Kolkata'").value();
    moment const start(sys_days(2000y / 1 / 1));
    same("timestamptz", start, "2000-01-01 05:30:00+05:30");
    ran("set time zone 'UTC'").value();
    same("timestamptz", start + microseconds(1), "2000-01-01 00:00:00.000001+00");
    same("timestamptz", moment::max(), "infinity");
    same("timestamptz", moment::min(), "-infinity");
    auto const before = floor<microseconds>(system_clock::now());
    auto const now = got<moment>("select clock_timestamp()").value();
    EXPECT_LT(abs(now - before), minutes(1));
}

TEST_P(a_time, of_day_is_the_same_on_the_server) {
    same("time", pg::time_of_day{}, "00:00:00");
    same("time", pg::time_of_day{hours(23) + microseconds(1)}, "23:00:00.000001");
    same("time", pg::time_of_day{hours(24)}, "24:00:00");
    same("timetz", pg::time_of_day_tz{hours(1), hours(2)}, "01:00:00+02");
    same("timetz", pg::time_of_day_tz{hours(1), -minutes(210)}, "01:00:00-03:30");
    same("timetz", pg::time_of_day_tz{hours(24), seconds(57'599)}, "24:00:00+15:59:59");
}

TEST_P(a_time, span_is_the_same_on_the_server) {
    same("interval", pg::interval{}, "00:00:00");
    same("interval", pg::interval{.months = 14, .days = -3, .time = hours(4)}, "1 year 2 mons -3 days +04:00:00");
    same("interval", pg::interval{.time = -microseconds(1)}, "-00:00:00.000001");
    same("interval", pg::interval{.days = std::numeric_limits<std::int32_t>::max()}, "2147483647 days");
    same("interval", pg::interval{.months = std::numeric_limits<std::int32_t>::min()}, "-178956970 years -8 mons");
    same("interval", pg::interval{.time = microseconds::max() - microseconds(54'775'807)}, "2562047788:00:00");
    EXPECT_EQ(
        got<sys_days>("select ($1::date + $2)::date", sys_days(2024y / 1 / 31), pg::interval{.months = 1}).value(),
        sys_days(2024y / 2 / 29));
}

TEST_P(a_time, that_postgres_does_not_have_is_refused_unsent) {
    auto const refused = ran("select $1", sys_days(-4713y / 11 / 23));
    EXPECT_EQ(refused.error().code(), coda::errc::invalid_argument);
    EXPECT_EQ(refused.error().outcome(), coda::outcome::not_sent);
    auto const early = ran("select $1", moment::min() + microseconds(1));
    EXPECT_EQ(early.error().code(), coda::errc::invalid_argument);
}

} // namespace postgres_types_chrono_test
