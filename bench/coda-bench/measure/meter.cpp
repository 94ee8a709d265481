// SPDX-License-Identifier: BSL-1.0
#include "measure/meter.hpp"

#include <stdexcept>
#include <utility>

namespace coda::bench {
namespace {

using namespace std::chrono_literals;

// A client so slow that its first operations do not end within this starts its window anyway.
constexpr auto longest_warm_up = 10s;

clock::duration seconds(double s) {
    return std::chrono::duration_cast<clock::duration>(std::chrono::duration<double>(s));
}

double microseconds(std::chrono::nanoseconds ns) { return static_cast<double>(ns.count()) / 1e3; }

} // namespace

meter::meter(plan const& p, std::size_t lanes)
    : plan_(p),
      lane_count_(lanes),
      lanes_(std::make_unique<lane[]>(lanes)),
      started_(clock::now()),
      next_tick_(started_ + seconds(p.warm_up)) {}

void meter::complete(std::size_t index, clock::time_point started, clock::time_point ended) noexcept {
    auto& l = lanes_[index];
    auto const done = l.completed.load(std::memory_order_relaxed) + 1;
    l.completed.store(done, std::memory_order_relaxed);
    if (phase_.load(std::memory_order_relaxed) == phase::window) l.latencies.add(ended - started);
}

void meter::fail(std::size_t index, std::string_view why) {
    auto& l = lanes_[index];
    if (l.errors++ == 0) l.first_error = why;
}

// The window opens when the warm-up is over *and* as many operations have ended as are in flight, so
// that the burst of first operations is never part of it.
void meter::advance(clock::time_point now) noexcept {
    switch (phase_.load(std::memory_order_relaxed)) {
    case phase::warm_up:
        if (completed() < plan_.what.concurrency && now < started_ + longest_warm_up) {
            next_tick_ = now + 10ms;
            return;
        }
        opened_ = now;
        next_tick_ = now + seconds(plan_.seconds);
        used_before_ = usage::now();
        phase_.store(phase::window, std::memory_order_relaxed);
        return;
    case phase::window:
        phase_.store(phase::over, std::memory_order_relaxed);
        closed_ = now;
        used_after_ = usage::now();
        peak_kib_ = peak_rss_kib();
        [[fallthrough]];
    case phase::over: next_tick_ = clock::time_point::max(); return;
    }
}

void meter::give_up(std::string why) {
    if (!given_up_.exchange(true)) why_ = std::move(why);
    phase_.store(phase::over, std::memory_order_relaxed);
}

std::uint64_t meter::completed() const noexcept {
    std::uint64_t sum = 0;
    for (std::size_t i = 0; i < lane_count_; ++i) sum += lanes_[i].completed.load(std::memory_order_relaxed);
    return sum;
}

measurement meter::result() const {
    if (given_up_) throw std::runtime_error(why_);
    histogram all;
    measurement m;
    for (std::size_t i = 0; i < lane_count_; ++i) {
        auto const& l = lanes_[i];
        all.merge(l.latencies);
        m.errors += l.errors;
        if (m.first_error.empty()) m.first_error = l.first_error;
    }
    m.operations = all.count();
    m.seconds = std::chrono::duration<double>(closed_ - opened_).count();
    m.ops_per_second = static_cast<double>(m.operations) / m.seconds;
    m.p50_us = microseconds(all.quantile(0.5));
    m.p99_us = microseconds(all.quantile(0.99));
    m.p999_us = microseconds(all.quantile(0.999));
    m.max_us = microseconds(all.max());
    auto const operations = static_cast<double>(m.operations ? m.operations : 1);
    m.cpu_us_per_op = (used_after_.cpu_us - used_before_.cpu_us) / operations;
    m.switches_per_op = static_cast<double>(used_after_.context_switches - used_before_.context_switches) / operations;
    m.rss_kib = peak_kib_;
    return m;
}

} // namespace coda::bench
