// SPDX-License-Identifier: BSL-1.0
#include <coda/retry/detail/gradient_limit.hpp>

#include <algorithm>
#include <cmath>
#include <utility>

namespace coda::detail {

namespace {
constexpr std::size_t enough_samples = 10;
constexpr double smoothing = 0.2;         // how much of the way to what one window says
constexpr double steepest = 0.5;          // no window says less than half
constexpr double after_drops = 0.9;       // of the limit
constexpr double to_find_baseline = 0.25; // of the limit, while it is measured
} // namespace

gradient_limit::gradient_limit(options const& o) noexcept : options_(o), limit_(static_cast<double>(o.initial)) {}

void gradient_limit::sample(time_point now, duration latency, std::size_t in_flight) noexcept {
    sum_ += static_cast<double>(latency.count());
    ++samples_;
    most_in_flight_ = std::max(most_in_flight_, in_flight);
    count(now);
}

void gradient_limit::dropped(time_point now) noexcept {
    ++drops_;
    count(now);
}

void gradient_limit::count(time_point now) noexcept {
    if (end_ == time_point::min()) end_ = now + options_.window;
    if (now >= end_ && samples_ + drops_ >= enough_samples) end_window(now);
}

void gradient_limit::end_window(time_point now) noexcept {
    double const latency = samples_ > 0 ? sum_ / static_cast<double>(samples_) : 0;
    bool const used = static_cast<double>(most_in_flight_) * 2 >= limit_; // else nothing is known about more
    bool const dropping = drops_ > 0;
    end_ = now + options_.window;
    sum_ = 0;
    samples_ = drops_ = most_in_flight_ = 0;

    if (dropping) // what was to be measured would be something else
        return set((std::exchange(measuring_, 0) > 0 ? limit_before_ : limit_) * after_drops);
    if (measuring_ > 0) {
        if (--measuring_ == 0) end_measuring(now, latency);
        return;
    }
    if (now >= baseline_until_) return begin_measuring();
    if (baseline_ == 0 || latency < baseline_) baseline_ = latency; // 0: too short for the clock, so far
    double const allowed = baseline_ * static_cast<double>(options_.tolerance_percent) / 100;
    double const gradient = latency > 0 ? std::clamp(allowed / latency, steepest, 1.0) : 1.0;
    double const wanted = limit_ * gradient + std::sqrt(limit_);
    if (wanted > limit_ && !used) return;
    set(limit_ + (wanted - limit_) * smoothing);
}

// What was the least may have been of other times: a server may have become slower. With fewer calls it shows anew,
// when those that waited there before have ended.
void gradient_limit::begin_measuring() noexcept {
    limit_before_ = limit_;
    measuring_ = 2;
    set(limit_ * to_find_baseline);
}

void gradient_limit::end_measuring(time_point now, double latency) noexcept {
    baseline_ = latency;
    baseline_until_ = now + options_.baseline_for;
    set(limit_before_);
}

void gradient_limit::set(double limit) noexcept {
    limit_ = std::clamp(limit, static_cast<double>(options_.least), static_cast<double>(options_.most));
}

} // namespace coda::detail
