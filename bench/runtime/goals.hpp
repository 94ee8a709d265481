// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <map>
#include <string>
#include <vector>

namespace bench {

// What was measured: by benchmark, by counter.
using measurements = std::map<std::string, std::map<std::string, double>>;

enum class verdict { met, missed, not_measured };

struct finding {
    std::string goal;
    double value = 0;
    std::string unit;
    bench::verdict verdict = verdict::not_measured;
};

// The runtime's speed goals, held against what was measured.
std::vector<finding> judge(measurements const&);

} // namespace bench
