// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/postgres/codec/trait.hpp>

#include <chrono>

/// Dates and times. PostgreSQL counts microseconds, in all of them, and so do these.
///
///     auto due = co_await db.query_one<std::chrono::sys_time<std::chrono::microseconds>>("select now() + $1",
///                                                                                       pg::interval{.months = 1});
/// "infinity" and "-infinity" are max() and min() of the time point.
namespace coda::pg {

/// time: of a day, without a date; from 0 to 24 hours, both included.
struct time_of_day {
    std::chrono::microseconds since_midnight{};
    friend auto operator<=>(time_of_day const&, time_of_day const&) = default;
};

/// timetz: such a time at a fixed offset from UTC, less than 16 hours; positive in the east.
struct time_of_day_tz {
    std::chrono::microseconds since_midnight{};
    std::chrono::seconds utc_offset{};
    friend bool operator==(time_of_day_tz const&, time_of_day_tz const&) = default;
};

/// interval: months, days and time are kept apart, because months and days are not all equally long. Compared by the
/// three, not as SQL does, to which 30 days are a month.
struct interval {
    std::int32_t months = 0;
    std::int32_t days = 0;
    std::chrono::microseconds time{};
    friend bool operator==(interval const&, interval const&) = default;
};

namespace detail {

// PostgreSQL's ranges (datatype/timestamp.h), from its own epoch on.
inline constexpr auto epoch_days = std::chrono::sys_days(std::chrono::year(2000) / 1 / 1).time_since_epoch();
inline constexpr std::int64_t epoch_microseconds = std::chrono::microseconds(epoch_days).count();
inline constexpr std::int64_t first_date = -2'451'545, end_of_dates = 2'145'031'949;
inline constexpr std::int64_t first_timestamp = -211'813'488'000'000'000, end_of_timestamps = 9'223'371'331'200'000'000;
inline constexpr std::int64_t day_in_microseconds = 86'400'000'000;
inline constexpr std::int32_t end_of_offsets = 16 * 3600;

// Days and microseconds since 1970; max and min are the infinities. False: not in the range of one or the other.
bool read_date(bytes from, std::int64_t& days) noexcept;
bool read_timestamp(bytes from, std::int64_t& microseconds) noexcept;
void write_date(std::int64_t days, encoder& to);
void write_timestamp(std::int64_t microseconds, encoder& to);

} // namespace detail

/// date.
template <>
struct codec<std::chrono::sys_days> {
    static constexpr oid type = type::date;
    static constexpr bool reads(oid sent) noexcept { return sent == type::date; }
    static bool decode(bytes from, oid sent, std::chrono::sys_days& to) noexcept {
        std::int64_t days = 0;
        if (!reads(sent) || !detail::read_date(from, days)) return false;
        to = std::chrono::sys_days(std::chrono::days(days));
        return true;
    }
    static void encode(std::chrono::sys_days value, encoder& to) {
        detail::write_date(value.time_since_epoch().count(), to);
    }
};

/// date, from the year -32767 to 32767; has no infinities.
template <>
struct codec<std::chrono::year_month_day> {
    static constexpr oid type = type::date;
    static constexpr bool reads(oid sent) noexcept { return sent == type::date; }
    static bool decode(bytes from, oid sent, std::chrono::year_month_day& to) noexcept {
        using namespace std::chrono;
        constexpr sys_days first = year::min() / 1 / 1, last = year::max() / 12 / 31;
        sys_days days;
        if (!codec<sys_days>::decode(from, sent, days) || days < first || days > last) return false;
        to = days;
        return true;
    }
    static void encode(std::chrono::year_month_day value, encoder& to) {
        if (!value.ok()) return to.refuse("is a date that no calendar has");
        codec<std::chrono::sys_days>::encode(value, to);
    }
};

/// timestamp, of no particular time zone.
template <>
struct codec<std::chrono::local_time<std::chrono::microseconds>> {
    using time = std::chrono::local_time<std::chrono::microseconds>;
    static constexpr oid type = type::timestamp;
    static constexpr bool reads(oid sent) noexcept { return sent == type::timestamp; }
    static bool decode(bytes from, oid sent, time& to) noexcept {
        std::int64_t count = 0;
        if (!reads(sent) || !detail::read_timestamp(from, count)) return false;
        to = time(std::chrono::microseconds(count));
        return true;
    }
    static void encode(time value, encoder& to) { detail::write_timestamp(value.time_since_epoch().count(), to); }
};

/// timestamptz, which is a moment: the server keeps no zone with it.
template <>
struct codec<std::chrono::sys_time<std::chrono::microseconds>> {
    using time = std::chrono::sys_time<std::chrono::microseconds>;
    static constexpr oid type = type::timestamptz;
    static constexpr bool reads(oid sent) noexcept { return sent == type::timestamptz; }
    static bool decode(bytes from, oid sent, time& to) noexcept {
        std::int64_t count = 0;
        if (!reads(sent) || !detail::read_timestamp(from, count)) return false;
        to = time(std::chrono::microseconds(count));
        return true;
    }
    static void encode(time value, encoder& to) { detail::write_timestamp(value.time_since_epoch().count(), to); }
};

/// Other clocks and units are not converted behind one's back.
template <class Clock, class Duration>
struct codec<std::chrono::time_point<Clock, Duration>> {
    static_assert(sizeof(Duration) == 0,
                  "a time point for PostgreSQL is a std::chrono::sys_time or local_time of microseconds: say "
                  "std::chrono::floor<std::chrono::microseconds>(t)");
};

template <>
struct codec<time_of_day> {
    static constexpr oid type = type::time;
    static constexpr bool reads(oid sent) noexcept { return sent == type::time; }
    static bool decode(bytes from, oid sent, time_of_day& to) noexcept;
    static void encode(time_of_day value, encoder& to);
};

template <>
struct codec<time_of_day_tz> {
    static constexpr oid type = type::timetz;
    static constexpr bool reads(oid sent) noexcept { return sent == type::timetz; }
    static bool decode(bytes from, oid sent, time_of_day_tz& to) noexcept;
    static void encode(time_of_day_tz value, encoder& to);
};

template <>
struct codec<interval> {
    static constexpr oid type = type::interval;
    static constexpr bool reads(oid sent) noexcept { return sent == type::interval; }
    static bool decode(bytes from, oid sent, interval& to) noexcept;
    static void encode(interval const& value, encoder& to);
};

} // namespace coda::pg
