// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

namespace bench {

// What was measured: by benchmark, by counter.
using measurements = std::map<std::string, std::map<std::string, double>>;

// What one benchmark's counter is to be.
struct goal {
    enum bound { at_least, at_most };
    char const* what;
    char const* benchmark;
    char const* counter;
    goal::bound bound;
    double limit;
    char const* unit;
};

enum class verdict { met, missed, not_measured };

struct finding {
    std::string goal;
    double value = 0;
    std::string unit;
    bench::verdict verdict = verdict::not_measured;
};

// The goals, held against what was measured.
std::vector<finding> judge(std::span<goal const> goals, measurements const&);

// Prints them. True when no goal was missed; one that was not measured is, where all were to be.
bool print(std::span<finding const> findings, bool all_wanted);

} // namespace bench
