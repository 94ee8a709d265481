// SPDX-License-Identifier: BSL-1.0
#include "heartbeat.hpp"

#include <coda/runtime.hpp>

#include <algorithm>
#include <chrono>
#include <ctime>
#include <utility>
#include <vector>

namespace coda::bench {

namespace {

using namespace std::chrono_literals;
using milliseconds = std::chrono::duration<double, std::milli>;

double quantile(std::vector<double> const& sorted, double q) {
    return sorted[static_cast<std::size_t>(q * static_cast<double>(sorted.size() - 1))];
}

double processor_time() {
    timespec used{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    return static_cast<double>(used.tv_sec) * 1e3 + static_cast<double>(used.tv_nsec) / 1e6;
}

} // namespace

lateness lateness_beside(loop& l, std::function<task<>()> const& work, int beats) {
    std::vector<double> late;
    double busiest = 0;
    auto const beat = [&]() -> task<> {
        auto due = loop::clock::now();
        double used = processor_time();
        for (int i = 0; i < beats; ++i) {
            due += 10ms;
            co_await sleep_until(due);
            auto const now = loop::clock::now();
            late.push_back(milliseconds(now - due).count());
            double const used_now = processor_time();
            busiest = std::max(busiest, used_now - std::exchange(used, used_now));
            due = std::max(due, now - 10ms); // one long delay is not many
        }
    };
    auto const body = [&](scope& s) -> task<> {
        auto working = s.spawn(work());
        co_await beat();
        co_await working.cancel();
    };
    l.run(with_scope(body));
    std::ranges::sort(late);
    return {quantile(late, 0.5), quantile(late, 0.99), late.back(), busiest};
}

} // namespace coda::bench
