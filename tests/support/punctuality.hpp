// SPDX-License-Identifier: BSL-1.0
// Whether a loop came to turn when it should have: what is late on a machine that has no time for it is no fault of
// what is tested.
//
//     punctuality p;
//     p.beat(planned, actual, waited);          // from a task that sleeps for a few milliseconds, again and again
//     p.late_between(deadline, ended);          // the longest delay of the loop in that time
#pragma once

#include <chrono>
#include <deque>

namespace coda::test {

class punctuality {
public:
    using time_point = std::chrono::steady_clock::time_point;
    using duration = std::chrono::steady_clock::duration;

    /// Delays of less are not remembered.
    static constexpr duration least = std::chrono::milliseconds(10);

    /// The loop came at `actual` to what was due at `planned`; since the last beat its thread had wanted to run, and
    /// could not, for `waited`.
    void beat(time_point planned, time_point actual, duration waited);

    /// The longest delay that overlaps with this time.
    duration late_between(time_point from, time_point to) const noexcept;
    /// The longest delay that was not for want of a processor: something held the loop.
    duration longest_held() const noexcept { return held_; }
    /// The longest delay.
    duration longest() const noexcept { return longest_; }

private:
    struct delay {
        time_point from;
        time_point to;
    };
    std::deque<delay> delays_;
    duration longest_{};
    duration held_{};
};

/// For how long so far some task of the machine wanted a processor and had none (/proc/pressure/cpu); 0 where the
/// kernel does not tell.
std::chrono::microseconds machine_was_short_of_processors();

/// For how long the calling thread has been waiting for a processor so far (/proc/thread-self/schedstat).
std::chrono::nanoseconds waited_for_processor();

} // namespace coda::test
