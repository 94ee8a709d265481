// SPDX-License-Identifier: BSL-1.0
#include "punctuality.hpp"

#include <algorithm>
#include <fstream>
#include <string>

namespace coda::test {

namespace {

constexpr std::size_t most_remembered = 1000;

} // namespace

void punctuality::beat(time_point planned, time_point actual, duration waited) {
    auto const late = actual - planned;
    longest_ = std::max(longest_, late);
    held_ = std::max(held_, late - std::min(late, waited));
    if (late < least) return;
    delays_.push_back({planned, actual});
    if (delays_.size() > most_remembered) delays_.pop_front();
}

punctuality::duration punctuality::late_between(time_point from, time_point to) const noexcept {
    duration most{};
    for (auto const& d : delays_)
        if (d.from < to && d.to > from) most = std::max(most, d.to - d.from);
    return most;
}

// "some avg10=0.00 avg60=0.00 avg300=0.00 total=12345"
std::chrono::microseconds machine_was_short_of_processors() {
    std::ifstream file("/proc/pressure/cpu");
    std::string line;
    std::getline(file, line);
    auto const at = line.rfind("total=");
    return std::chrono::microseconds(line.starts_with("some") && at != line.npos ? std::stoll(line.substr(at + 6)) : 0);
}

std::chrono::nanoseconds waited_for_processor() {
    std::ifstream file("/proc/thread-self/schedstat");
    long long running = 0;
    long long waiting = 0;
    file >> running >> waiting;
    return std::chrono::nanoseconds(file ? waiting : 0);
}

} // namespace coda::test
