// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "measure/usage.hpp"
#include "plan.hpp"

#include <coda/runtime/histogram.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace coda::bench {

using clock = std::chrono::steady_clock;

/// The stopwatch of one measurement: a warm-up, then a window in which completed operations count.
///
/// Operations report to a *lane*. A lane has one writer at a time (the loop's thread, or whichever
/// thread holds the lane's connection), so counting needs no lock. One thread calls `tick`.
///
///     meter m(plan, 1);
///     while (m.running()) { auto t = clock::now(); work(); auto now = clock::now();
///                           m.complete(0, t, now); m.tick(now); }
///     print(m.result());
class meter {
public:
    meter(plan const& p, std::size_t lanes);

    /// False once the window has closed or the run was given up. Any thread.
    [[nodiscard]] bool running() const noexcept { return phase_.load(std::memory_order_relaxed) != phase::over; }

    /// One operation has ended well. The lane's writer.
    void complete(std::size_t lane, clock::time_point started, clock::time_point ended) noexcept;

    /// One operation has failed or got a wrong reply. The lane's writer.
    void fail(std::size_t lane, std::string_view why);

    /// Moves from warm-up to window to end when it is time. One thread, often enough.
    void tick(clock::time_point now) noexcept {
        if (now >= next_tick_) advance(now);
    }

    /// When `tick` has something to decide next.
    [[nodiscard]] clock::time_point next_tick() const noexcept { return next_tick_; }

    /// Ends the run early, for instance because a connection is lost; `result` will throw `why`.
    /// Any thread.
    void give_up(std::string why);

    /// The figures. After every writer has stopped.
    /// @throws std::runtime_error after `give_up`
    [[nodiscard]] measurement result() const;

private:
    enum class phase : unsigned char { warm_up, window, over };

    struct alignas(64) lane {
        histogram latencies;
        std::atomic<std::uint64_t> completed = 0; // since the start, warm-up included
        std::uint64_t errors = 0;
        std::string first_error;
    };

    void advance(clock::time_point now) noexcept;
    [[nodiscard]] std::uint64_t completed() const noexcept;

    plan const& plan_;
    std::size_t lane_count_;
    std::unique_ptr<lane[]> lanes_;
    std::atomic<phase> phase_ = phase::warm_up;
    clock::time_point started_;
    clock::time_point next_tick_;
    clock::time_point opened_;
    clock::time_point closed_;
    usage used_before_;
    usage used_after_;
    std::uint64_t peak_kib_ = 0;
    std::atomic<bool> given_up_ = false;
    std::string why_;
};

} // namespace coda::bench
