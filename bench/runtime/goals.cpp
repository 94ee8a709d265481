// SPDX-License-Identifier: BSL-1.0
#include "goals.hpp"

#include <fmt/format.h>

namespace bench {

namespace {

struct goal {
    enum class bound { at_least, at_most };
    char const* what;
    char const* benchmark;
    char const* counter;
    goal::bound bound;
    double limit;
    char const* unit;
};

constexpr auto at_least = goal::bound::at_least;
constexpr auto at_most = goal::bound::at_most;

constexpr goal goals[] = {
    {"awaiting a ready child, times cheaper than asio::awaitable", "child", "ratio", at_least, 2.5, "x"},
    {"resuming through the loop, times cheaper than asio::awaitable", "resume", "ratio", at_least, 2.5, "x"},
    {"heap allocations per awaited child", "child", "coda_allocs", at_most, 0, ""},
    {"heap allocations per resumption", "resume", "coda_allocs", at_most, 0, ""},
    {"heap allocations per operation", "operation_ready", "coda_allocs", at_most, 0, ""},
    {"heap allocations per error as a result", "operation_error", "coda_allocs", at_most, 0, ""},
    {"heap allocations per with_timeout", "with_timeout", "coda_allocs", at_most, 0, ""},
    {"heap allocations per when_all", "when_all_of_two", "coda_allocs", at_most, 0, ""},
    {"arming and disarming a timer with 100,000 armed", "arm_and_disarm", "coda_ns", at_most, 40, "ns"},
    {"the same with 1,000 timeouts in flight", "arm_and_disarm_with_1000_in_flight", "coda_ns", at_most, 40, "ns"},
    {"memory of a sleeping task", "sleeping_tasks", "coda_bytes", at_most, 1024, "bytes"},
    {"posting from another thread", "post_from_threads/1", "million_per_s", at_least, 3, "million/s"},
};

finding judge_one(goal const& g, measurements const& measured) {
    finding f{fmt::format("{} ({} {}{})", g.what, g.bound == at_least ? "at least" : "at most", g.limit,
                          *g.unit == 'x' ? "x" : ""),
              0, g.unit, verdict::not_measured};
    auto const benchmark = measured.find(g.benchmark);
    if (benchmark == measured.end()) return f;
    auto const counter = benchmark->second.find(g.counter);
    if (counter == benchmark->second.end()) return f;
    f.value = counter->second;
    bool const met = g.bound == at_least ? f.value >= g.limit : f.value <= g.limit;
    f.verdict = met ? verdict::met : verdict::missed;
    return f;
}

} // namespace

std::vector<finding> judge(measurements const& measured) {
    std::vector<finding> findings;
    for (goal const& g : goals) findings.push_back(judge_one(g, measured));
    return findings;
}

} // namespace bench
