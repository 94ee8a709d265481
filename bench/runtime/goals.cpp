// SPDX-License-Identifier: BSL-1.0
#include "goals.hpp"

#include <fmt/format.h>

namespace bench {

namespace {

finding judge_one(goal const& g, measurements const& measured) {
    finding f{fmt::format("{} ({} {}{})", g.what, g.bound == goal::at_least ? "at least" : "at most", g.limit,
                          *g.unit == 'x' ? "x" : ""),
              0, g.unit, verdict::not_measured};
    auto const benchmark = measured.find(g.benchmark);
    if (benchmark == measured.end()) return f;
    auto const counter = benchmark->second.find(g.counter);
    if (counter == benchmark->second.end()) return f;
    f.value = counter->second;
    bool const met = g.bound == goal::at_least ? f.value >= g.limit : f.value <= g.limit;
    f.verdict = met ? verdict::met : verdict::missed;
    return f;
}

} // namespace

std::vector<finding> judge(std::span<goal const> goals, measurements const& measured) {
    std::vector<finding> findings;
    for (goal const& g : goals) findings.push_back(judge_one(g, measured));
    return findings;
}

bool print(std::span<finding const> findings, bool all_wanted) {
    fmt::print("\nGoals\n");
    bool missed = false;
    for (auto const& f : findings) {
        missed |= f.verdict == verdict::missed || (all_wanted && f.verdict == verdict::not_measured);
        if (f.verdict == verdict::not_measured)
            fmt::print("  not measured                 {}\n", f.goal);
        else
            fmt::print("  {:<6} {:>10.2f} {:<10} {}\n", f.verdict == verdict::met ? "met" : "MISSED", f.value, f.unit,
                       f.goal);
    }
    return !missed;
}

} // namespace bench
