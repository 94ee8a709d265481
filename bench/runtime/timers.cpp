// SPDX-License-Identifier: BSL-1.0
// What a deadline costs that never comes: arming and disarming a timer with 100,000 armed.
#include "batch.hpp"

#include <coda/runtime.hpp>

#include <deque>
#include <random>

namespace {

using namespace std::chrono_literals;
using bench::cost;
using coda::task;
using coda::timer;

struct idle_timer : timer {
    idle_timer() noexcept : timer([](timer&) noexcept {}) {}
};

class armed_timers {
public:
    explicit armed_timers(coda::loop& l) : loop_(l), timers_(100'000) {
        for (auto& t : timers_) loop_.arm(t, soon());
    }
    // As timeouts of requests come: each a little later than the ones before, within a range.
    coda::time_point soon() { return loop_.now() + 1h + std::chrono::microseconds(random_() % 30'000'000); }
    idle_timer& any() { return timers_[random_() % timers_.size()]; }

private:
    coda::loop& loop_;
    std::deque<idle_timer> timers_;
    std::mt19937 random_{1};
};

// The moments are made before: making them is not what is measured.
std::vector<coda::time_point> moments(armed_timers& timers, int n) {
    std::vector<coda::time_point> all;
    for (int i = 0; i < n; ++i) all.push_back(timers.soon());
    return all;
}

task<cost> arms_and_disarms(coda::loop& loop, armed_timers& timers, int n) {
    auto const when = moments(timers, n);
    idle_timer t;
    bench::stopwatch const watch(n);
    for (auto const& w : when) {
        loop.arm(t, w);
        loop.disarm(t);
    }
    co_return watch.stop();
}

// A thousand requests in flight: each timer is disarmed when a thousand others were armed after it.
task<cost> arms_and_disarms_in_flight(coda::loop& loop, armed_timers& timers, int n) {
    auto const when = moments(timers, n);
    std::deque<idle_timer> in_flight(1000);
    bench::stopwatch const watch(n);
    for (std::size_t i = 0; i < when.size(); ++i) {
        auto& t = in_flight[i % in_flight.size()];
        loop.disarm(t);
        loop.arm(t, when[i]);
    }
    co_return watch.stop();
}

task<cost> moves_any(coda::loop& loop, armed_timers& timers, int n) {
    auto const when = moments(timers, n);
    std::vector<idle_timer*> which;
    for (int i = 0; i < n; ++i) which.push_back(&timers.any());
    bench::stopwatch const watch(n);
    for (std::size_t i = 0; i < when.size(); ++i) loop.arm(*which[i], when[i]);
    co_return watch.stop();
}

void measure(benchmark::State& state, task<cost> (*batch)(coda::loop&, armed_timers&, int)) {
    coda::asio_loop loop;
    armed_timers timers(loop);
    bench::measure(state, [&](int n) { return loop.run(batch(loop, timers, n)); });
}

void arm_and_disarm(benchmark::State& s) { measure(s, arms_and_disarms); }
void arm_and_disarm_with_1000_in_flight(benchmark::State& s) { measure(s, arms_and_disarms_in_flight); }
void move_any_of_100000(benchmark::State& s) { measure(s, moves_any); }

BENCHMARK(arm_and_disarm)->UseManualTime();
BENCHMARK(arm_and_disarm_with_1000_in_flight)->UseManualTime();
BENCHMARK(move_any_of_100000)->UseManualTime();

} // namespace
