// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/context.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace coda::detail {

// How many calls ended, and how many of them badly, in the last `length` of time, to a tenth of it: in ten slices, the
// oldest of which goes as time does. Adding and asking are O(1).
class failure_window {
public:
    explicit failure_window(duration length) noexcept : slice_(std::max(length / slices, duration(1))) {}

    void add(time_point now, bool failed) noexcept {
        if (now >= end_) advance(now);
        auto& s = ring_[static_cast<std::size_t>(at_ % slices)];
        ++s.calls;
        ++sum_.calls;
        s.failures += failed ? 1 : 0;
        sum_.failures += failed ? 1 : 0;
    }
    void clear() noexcept {
        ring_ = {};
        sum_ = {};
    }

    // In the window that ended when something was last added.
    std::size_t calls() const noexcept { return sum_.calls; }
    std::size_t failures() const noexcept { return sum_.failures; }

private:
    static constexpr std::int64_t slices = 10;
    struct counts {
        std::size_t calls = 0;
        std::size_t failures = 0;
    };

    void advance(time_point now) noexcept;

    duration slice_;
    std::array<counts, slices> ring_{};
    counts sum_;
    std::int64_t at_ = 0;                // which slice of all time is the newest
    time_point end_ = time_point::min(); // when it is over
};

} // namespace coda::detail
