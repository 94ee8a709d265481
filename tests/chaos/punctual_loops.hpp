// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/punctuality.hpp"

#include <coda/runtime.hpp>

#include <algorithm>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

namespace coda::chaos {

/// Whether the loops of a storm came to turn when they should have. For any thread.
class punctual_loops {
public:
    explicit punctual_loops(std::size_t loops) : loops_(loops) {}

    /// Loop `at` came to what was due at `planned`; its thread had wanted to run for `waited` since its last beat.
    void beat(std::size_t at, time_point planned, duration waited) {
        std::lock_guard const lock(mutex_);
        auto& l = loops_[at];
        auto const now = std::chrono::steady_clock::now();
        l.kept.beat(planned, now, waited);
        if (waited > duration()) l.waits.push_back({l.last, now, waited});
        if (l.waits.size() > most_remembered) l.waits.pop_front();
        l.last = now;
    }
    /// The longest delay of loop `at` in that time; nothing before a beat of its has come since.
    std::optional<duration> late_between(std::size_t at, time_point from, time_point to) const {
        std::lock_guard const lock(mutex_);
        auto const& l = loops_[at];
        if (l.last < to) return {};
        return l.kept.late_between(from, to);
    }
    /// Of all loops, as far as is known now.
    duration longest_late_between(time_point from, time_point to) const {
        duration most{};
        for (std::size_t at = 0; at < loops_.size(); ++at) most = std::max(most, late_before(at, from, to));
        return most;
    }
    /// For how long all of them together waited for a processor in that time.
    duration waited_between(time_point from, time_point to) const {
        std::lock_guard const lock(mutex_);
        duration all{};
        for (auto const& l : loops_)
            for (auto const& w : l.waits)
                if (w.from < to && w.to > from) all += w.waited;
        return all;
    }
    /// Of one, as far as is known now.
    duration late_before(std::size_t at, time_point from, time_point to) const {
        std::lock_guard const lock(mutex_);
        return loops_[at].kept.late_between(from, to);
    }
    /// Of all loops; nothing before a beat of each has come since.
    std::optional<duration> late_between(time_point from, time_point to) const {
        duration most{};
        for (std::size_t at = 0; at < loops_.size(); ++at) {
            auto const late = late_between(at, from, to);
            if (!late) return {};
            most = std::max(most, *late);
        }
        return most;
    }
    /// Of all loops the longest delay, and the longest that was not for want of a processor.
    duration longest() const {
        std::lock_guard const lock(mutex_);
        duration most{};
        for (auto const& l : loops_) most = std::max<duration>(most, l.kept.longest());
        return most;
    }
    duration longest_held() const {
        std::lock_guard const lock(mutex_);
        duration most{};
        for (auto const& l : loops_) most = std::max<duration>(most, l.kept.longest_held());
        return most;
    }

private:
    static constexpr std::size_t most_remembered = 1000;

    struct wait {
        time_point from;
        time_point to;
        duration waited;
    };
    struct one {
        test::punctuality kept;
        std::deque<wait> waits;
        time_point last{}; // its last beat
    };

    mutable std::mutex mutex_;
    std::vector<one> loops_;
};

} // namespace coda::chaos
