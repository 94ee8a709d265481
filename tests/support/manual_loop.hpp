// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/loop.hpp>
#include <coda/runtime/run.hpp>

#include <algorithm>
#include <functional>
#include <stdexcept>
#include <utility>

namespace coda::test {

// A loop without I/O whose clock stands still until nothing is ready, and then jumps to the next timer: tests of timing
// are exact and take no time. When nothing is ready and no timer is armed, nothing can ever happen: `run` throws.
class manual_loop final : public loop {
public:
    // `each_turn` is called before each turn. What it throws, `run` throws: a bound for what might never end.
    explicit manual_loop(std::function<void()> each_turn = [] {}) : each_turn_(std::move(each_turn)) {}
    ~manual_loop() override { detach_all(); }

    // How far the clock has moved since the start.
    duration elapsed() const noexcept { return clock_ - time_point(); }
    // Moves the clock by hand, as if the running code had taken that long. Seen at the next reading of the clock.
    void advance(duration d) noexcept { clock_ += d; }

private:
    time_point read_clock() noexcept override { return clock_; }
    void request_turn() noexcept override { turn_due_ = true; }
    void wake() noexcept override { turn_due_ = true; }
    void set_backend_timer(time_point when) noexcept override { timer_ = when; }
    void stop_backend() noexcept override {}
    std::unique_ptr<coda::detail::watch_backend> watch(int, fd_watch&) override { return std::make_unique<no_watch>(); }

    void run_backend() override {
        while (!stopped()) {
            each_turn_();
            if (std::exchange(turn_due_, false)) {
                turn();
            } else if (timer_ != no_deadline) {
                clock_ = std::max(clock_, std::exchange(timer_, no_deadline));
                backend_timer_fired();
            } else {
                throw std::logic_error("everything waits and nothing will happen");
            }
        }
    }

    // Never ready: there is no I/O here (a signal's descriptor is watched by every run).
    struct no_watch final : coda::detail::watch_backend {
        void want(readiness) noexcept override {}
    };

    std::function<void()> each_turn_;
    time_point clock_{};
    time_point timer_ = no_deadline;
    bool turn_due_ = false;
};

} // namespace coda::test
