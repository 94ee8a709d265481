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
    using i32 = std::numeric_limits<std::int32_t>;
    constexpr auto longest = microseconds(std::numeric_limits<std::int64_t>::max());
    same("interval", pg::interval{-1, 1, -microseconds(1)}, "-1 mons +1 day -00:00:00.000001");
    same("interval", pg::interval{1, -1, microseconds(1)}, "1 mon -1 days +00:00:00.000001");
    same("interval", pg::interval{i32::max(), i32::max(), longest},
         "178956970 years 7 mons 2147483647 days 2562047788:00:54.775807");
    same("interval", pg::interval{i32::min(), i32::min(), -longest},
         "-178956970 years -8 mons -2147483648 days -2562047788:00:54.775807");
    same("interval", pg::interval{0, 0, hours(-24)}, "-24:00:00");
    same("interval", pg::interval{12, 0, {}}, "1 year");
    // To the server a month is 30 days, and these are the same; here they are not.
    EXPECT_TRUE(one<bool>("select $1 = $2", pg::interval{.months = 1}, pg::interval{.days = 30}));
    EXPECT_NE((pg::interval{.months = 1}), (pg::interval{.days = 30}));
    EXPECT_EQ(
        got<sys_days>("select ($1::date + $2)::date", sys_days(2024y / 1 / 31), pg::interval{.months = 1}).value(),
        sys_days(2024y / 2 / 29));
}

// Counted by the server's own arithmetic, not by its binary form.
TEST_P(a_time, is_counted_as_the_server_counts_over_the_whole_range) {
    auto const dates = rows("select d, d - date '1970-01-01' from (select date '4714-11-24 BC' + i * 1073741 as d from "
                            "generate_series(0, 1999) i union values (date '5874897-12-31'), ('1999-12-31')) x");
    ASSERT_EQ(dates.value().size(), 2'002u);
    std::vector<sys_days> all;
    std::vector<std::int32_t> counts;
    for (auto const row : *dates) {
        counts.push_back(row[1].as<std::int32_t>());
        all.push_back(row[0].as<sys_days>());
        EXPECT_EQ(all.back().time_since_epoch().count(), counts.back());
    }
    EXPECT_EQ(
        one<std::vector<std::int32_t>>("select array(select d - date '1970-01-01' from unnest($1::date[]) d)", all),
        counts);
    auto const expect_all = [&]<class T>(std::string const& type, T) {
        auto const there = rows(fmt::format("select t, (extract(epoch from t) * 1000000)::int8 from (select {0} "
                                            "'4714-11-24 00:00:00 BC' + i * interval '1000000:00:00.123457' as t from "
                                            "generate_series(0, 2561) i) x",
                                            type));
        ASSERT_EQ(there.value().size(), 2'562u);
        std::vector<T> moments;
        std::vector<std::int64_t> microseconds_of_them;
        for (auto const row : *there) {
            microseconds_of_them.push_back(row[1].template as<std::int64_t>());
            moments.push_back(row[0].template as<T>());
            EXPECT_EQ(moments.back().time_since_epoch().count(), microseconds_of_them.back());
        }
        EXPECT_EQ(one<std::vector<std::int64_t>>(
                      "select array(select (extract(epoch from t) * 1000000)::int8 from unnest($1) t)", moments),
                  microseconds_of_them);
    };
    expect_all("timestamp", local());
    expect_all("timestamptz", moment());
}

TEST_P(a_time, of_each_day_of_400_years_has_the_servers_year_month_and_day) {
    auto const days_of_them = rows("select d::date, extract(year from d)::int4, extract(month from d)::int4, "
                                   "extract(day from d)::int4 from generate_series('1800-01-01'::timestamp, "
                                   "'2200-12-31', '1 day') d");
    ASSERT_EQ(days_of_them.value().size(), 146'462u);
    std::size_t same_ones = 0;
    for (auto const row : *days_of_them) {
        year_month_day const day(year(row[1].as<std::int32_t>()),
                                 month(static_cast<unsigned>(row[2].as<std::int32_t>())),
                                 std::chrono::day(static_cast<unsigned>(row[3].as<std::int32_t>())));
        same_ones += row[0].as<year_month_day>() == day && row[0].as<sys_days>() == sys_days(day);
    }
    EXPECT_EQ(same_ones, days_of_them->size());
}

TEST_P(a_time, at_the_ends_of_the_servers_range_is_the_same_or_refused) {
    ran("set time zone 'UTC'").value();
    moment const first(sys_days(-4713y / 11 / 24));
    same("timestamptz", first, "4714-11-24 00:00:00+00 BC");
    same("timestamptz", moment::max() - microseconds(1), "294247-01-10 04:00:54.775806+00");
    for (auto const* beyond :
         {"294247-01-10 04:00:54.775807", "294247-01-10 04:00:54.775808", "294276-12-31 23:59:59.999999"}) {
        EXPECT_TRUE(is_refused<moment>(fmt::format("select '{}+00'::timestamptz", beyond))) << beyond;
        EXPECT_TRUE(is_refused<local>(fmt::format("select '{}'::timestamp", beyond))) << beyond;
        EXPECT_TRUE(is_refused<std::vector<moment>>(fmt::format("select array['{}+00'::timestamptz]", beyond)));
    }
    EXPECT_EQ(rows("select $1", first - microseconds(1)).error().code(), coda::errc::invalid_argument);
    EXPECT_EQ(one<moment>("select $1::timestamptz + interval '1 us'", moment::max()), moment::max());
    same("date", 1y / 1 / 1, "0001-01-01");
    same("date", 0y / 12 / 31, "0001-12-31 BC");
    same("date", -4713y / 11 / 24, "4714-11-24 BC");
    EXPECT_EQ(rows("select $1", 2023y / 2 / 29).error().code(), coda::errc::invalid_argument);
    EXPECT_EQ(rows("select $1", -4713y / 11 / 23).error().code(), coda::errc::invalid_argument);
}

TEST_P(a_time, of_day_is_the_same_at_every_offset) {
    std::vector<pg::time_of_day_tz> sent;
    std::vector<std::int32_t> offsets;
    for (std::int32_t east = -57'599; east < 57'600; east += 607) {
        sent.push_back({hours(24) - microseconds(1), seconds(east)});
        offsets.push_back(east);
    }
    sent.push_back({{}, seconds(57'599)});
    offsets.push_back(57'599);
    auto const back = rows("select array(select extract(timezone from t)::int4 from unnest($1::timetz[]) t), $1", sent);
    EXPECT_EQ(back.value()[0][0].as<std::vector<std::int32_t>>(), offsets);
    EXPECT_EQ((*back)[0][1].as<std::vector<pg::time_of_day_tz>>(), sent);
    same("timetz", pg::time_of_day_tz{{}, seconds(-57'599)}, "00:00:00-15:59:59");
    same("timetz", pg::time_of_day_tz{microseconds(1), seconds(-1)}, "00:00:00.000001-00:00:01");
    same("time", pg::time_of_day{hours(24) - microseconds(1)}, "23:59:59.999999");
    auto const times =
        rows("select t, (extract(epoch from t) * 1000000)::int8 from (select time '00:00' + i * interval "
             "'86.399999 s' as t from generate_series(0, 999) i) x");
    for (auto const row : times.value())
        EXPECT_EQ(row[0].as<pg::time_of_day>().since_midnight.count(), row[1].as<std::int64_t>());
    EXPECT_EQ(rows("select $1", pg::time_of_day{hours(25)}).error().code(), coda::errc::invalid_argument);
    EXPECT_EQ(rows("select $1", pg::time_of_day_tz{{}, hours(-16)}).error().code(), coda::errc::invalid_argument);
    EXPECT_TRUE(is_refused<pg::time_of_day>("select '01:00+02'::timetz"));
    EXPECT_TRUE(is_refused<pg::time_of_day_tz>("select '01:00'::time"));
}

TEST_P(a_time, span_is_what_the_server_computes_with) {
    auto const spans =
        rows("select s, extract(year from s)::int8 * 12 + extract(month from s)::int8, extract(day from "
             "s)::int8, ((extract(hour from s) * 3600 + extract(minute from s) * 60) * 1000000 + "
             "extract(microseconds from s))::int8 from (select make_interval(months => (i * 7919 - 3000000), "
             "days => 1000000 - i * 3001, secs => i * 12345.678901 - 5000000) as s from "
             "generate_series(0, 999) i) x");
    for (auto const row : spans.value()) {
        auto const s = row[0].as<pg::interval>();
        EXPECT_EQ(s.months, row[1].as<std::int64_t>());
        EXPECT_EQ(s.days, row[2].as<std::int64_t>());
        EXPECT_EQ(s.time.count(), row[3].as<std::int64_t>());
    }
    EXPECT_TRUE(one<bool>("select $1 = array_agg(s) from (select make_interval(months => -i, days => i) as s from "
                          "generate_series(1, 3) i) x",
                          std::vector<pg::interval>{{-1, 1, {}}, {-2, 2, {}}, {-3, 3, {}}}));
    EXPECT_EQ(one<std::string>("select (timestamptz '2024-01-31 00:00+00' + $1)::text", pg::interval{.months = 1})
                  .substr(0, 10),
              "2024-02-29");
}

TEST_P(a_time, that_postgres_does_not_have_is_refused_unsent) {
    auto const refused = ran("select $1", sys_days(-4713y / 11 / 23));
    EXPECT_EQ(refused.error().code(), coda::errc::invalid_argument);
    EXPECT_EQ(refused.error().outcome(), coda::outcome::not_sent);
    auto const early = ran("select $1", moment::min() + microseconds(1));
    EXPECT_EQ(early.error().code(), coda::errc::invalid_argument);
}

} // namespace postgres_types_chrono_test
