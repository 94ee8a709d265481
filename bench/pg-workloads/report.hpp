// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "comparison.hpp"

#include <string>

namespace coda::bench {
struct machine;
}

namespace pg_workloads {

// For a terminal: a line for each client at each workload, with how ours compares.
std::string table_text(std::span<series const> all, std::span<comparison const> compared);

// Which are met: ahead in queries/s, so far as the goal says, and in processor time. `met`: all of them.
struct verdict {
    std::string text;
    bool met = false;
};
verdict judge(std::span<comparison const> compared);

// The same for a program, and each round's own figures.
std::string results_json(coda::bench::machine const& m, std::span<series const> all,
                         std::span<comparison const> compared);

} // namespace pg_workloads
