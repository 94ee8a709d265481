// SPDX-License-Identifier: BSL-1.0
#include <coda/postgres/codec/chrono.hpp>

#include <limits>

namespace coda::pg {

namespace {

template <class I>
inline constexpr I highest = std::numeric_limits<I>::max();
template <class I>
inline constexpr I lowest = std::numeric_limits<I>::min();

// One number that counts from 2000 on, as one that counts from 1970 on. What would collide with an infinity, or is
// beyond it, is out of range.
template <class Wire>
bool read_count(bytes from, std::int64_t epoch, std::int64_t& to) noexcept {
    decoder parts(from);
    Wire count = 0;
    if (!parts.read(count) || !parts.at_end()) return false;
    if (count == highest<Wire> || count == lowest<Wire>) {
        to = count > 0 ? highest<std::int64_t> : lowest<std::int64_t>;
        return true;
    }
    return !__builtin_add_overflow(std::int64_t{count}, epoch, &to) && to != highest<std::int64_t>;
}

template <class Wire>
void write_count(std::int64_t value, std::int64_t epoch, std::int64_t first, std::int64_t end, char const* why,
                 encoder& to) {
    if (value == highest<std::int64_t> || value == lowest<std::int64_t>)
        return to.append_integer(value > 0 ? highest<Wire> : lowest<Wire>);
    std::int64_t count = 0;
    if (__builtin_sub_overflow(value, epoch, &count) || count < first || count >= end) return to.refuse(why);
    to.append_integer(static_cast<Wire>(count));
}

bool is_in_day(std::int64_t microseconds) noexcept {
    return microseconds >= 0 && microseconds <= detail::day_in_microseconds;
}

constexpr char const* beyond_a_day = "is a time of day that is not between 0 and 24 hours";

} // namespace

namespace detail {

bool read_date(bytes from, std::int64_t& days) noexcept {
    return read_count<std::int32_t>(from, epoch_days.count(), days);
}

bool read_timestamp(bytes from, std::int64_t& microseconds) noexcept {
    return read_count<std::int64_t>(from, epoch_microseconds, microseconds);
}

void write_date(std::int64_t days, encoder& to) {
    write_count<std::int32_t>(days, epoch_days.count(), first_date, end_of_dates,
                              "is a date that PostgreSQL does not have: 4713 BC to 5874897", to);
}

void write_timestamp(std::int64_t microseconds, encoder& to) {
    write_count<std::int64_t>(microseconds, epoch_microseconds, first_timestamp, end_of_timestamps,
                              "is a time that PostgreSQL does not have: 4713 BC to 294276", to);
}

} // namespace detail

bool codec<time_of_day>::decode(bytes from, oid sent, time_of_day& to) noexcept {
    decoder parts(from);
    std::int64_t count = 0;
    if (!reads(sent) || !parts.read(count) || !parts.at_end() || !is_in_day(count)) return false;
    to.since_midnight = std::chrono::microseconds(count);
    return true;
}

void codec<time_of_day>::encode(time_of_day value, encoder& to) {
    if (!is_in_day(value.since_midnight.count())) return to.refuse(beyond_a_day);
    to.append_integer(std::int64_t{value.since_midnight.count()});
}

// The wire has seconds west of Greenwich.
bool codec<time_of_day_tz>::decode(bytes from, oid sent, time_of_day_tz& to) noexcept {
    decoder parts(from);
    std::int64_t count = 0;
    std::int32_t west = 0;
    if (!reads(sent) || !parts.read(count) || !parts.read(west) || !parts.at_end() || !is_in_day(count)) return false;
    if (west <= -detail::end_of_offsets || west >= detail::end_of_offsets) return false;
    to = {std::chrono::microseconds(count), std::chrono::seconds(-west)};
    return true;
}

void codec<time_of_day_tz>::encode(time_of_day_tz value, encoder& to) {
    auto const east = value.utc_offset.count();
    if (!is_in_day(value.since_midnight.count())) return to.refuse(beyond_a_day);
    if (east <= -detail::end_of_offsets || east >= detail::end_of_offsets)
        return to.refuse("is a time of day 16 hours or more away from UTC");
    to.append_integer(std::int64_t{value.since_midnight.count()});
    to.append_integer(static_cast<std::int32_t>(-east));
}

bool codec<interval>::decode(bytes from, oid sent, interval& to) noexcept {
    decoder parts(from);
    std::int64_t time = 0;
    interval read;
    if (!reads(sent) || !parts.read(time) || !parts.read(read.days) || !parts.read(read.months) || !parts.at_end())
        return false;
    read.time = std::chrono::microseconds(time);
    to = read;
    return true;
}

void codec<interval>::encode(interval const& value, encoder& to) {
    to.append_integer(std::int64_t{value.time.count()});
    to.append_integer(value.days);
    to.append_integer(value.months);
}

} // namespace coda::pg
