// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/context.hpp>

#include <cstddef>

namespace coda::detail {

// How many calls a server should be given at once, found from how long they take: when they take longer than they do
// without a queue, there is a queue, and the limit goes down by that gradient; else it goes up by its square root.
// After the idea of Netflix's concurrency-limits. How long they take without a queue is measured at the beginning and
// from time to time, with a quarter of the calls for two windows. Decides once in each window; knows no clock.
class gradient_limit {
public:
    struct options {
        std::size_t initial;
        std::size_t least;
        std::size_t most;
        duration window;
        duration baseline_for;
        std::size_t tolerance_percent;
    };
    explicit gradient_limit(options const& o) noexcept;

    std::size_t limit() const noexcept { return static_cast<std::size_t>(limit_); }
    // How long a call takes without a queue, as it looks now; zero while that is not known.
    duration baseline() const noexcept { return duration(static_cast<duration::rep>(baseline_)); }

    // A call has ended that took `latency`; there were `in_flight` with it.
    void sample(time_point now, duration latency, std::size_t in_flight) noexcept;
    // One has failed as it does where there are too many.
    void dropped(time_point now) noexcept;

private:
    void count(time_point now) noexcept;
    void end_window(time_point now) noexcept;
    void begin_measuring() noexcept;
    void end_measuring(time_point now, double latency) noexcept;
    void set(double limit) noexcept;

    options options_;
    double limit_;
    double baseline_ = 0; // in ns
    time_point baseline_until_ = time_point::min();
    double limit_before_ = 0; // it was measured
    int measuring_ = 0;       // windows left of that
    // The window.
    time_point end_ = time_point::min();
    double sum_ = 0; // of the latencies, in ns
    std::size_t samples_ = 0;
    std::size_t drops_ = 0;
    std::size_t most_in_flight_ = 0;
};

} // namespace coda::detail
