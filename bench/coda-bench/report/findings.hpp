// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "report/row.hpp"

#include <span>
#include <string>
#include <vector>

namespace coda::bench {

/// One client against another in the same cell.
struct comparison {
    row const* ours;
    row const* theirs;
    ratio throughput; ///< operations per second, ours / theirs: above 1 is better
    ratio p50;        ///< median latency, ours / theirs: below 1 is better
    ratio cpu;        ///< client processor time per operation, ours / theirs: below 1 is better
};

/// What the rows say, computed from nothing but them. The rows must outlive it.
struct findings {
    std::string headline;
    std::vector<std::string> sentences; ///< further conclusions, for and against coroutines
    std::vector<comparison> comparisons;
};

/// Draws the conclusions.
[[nodiscard]] findings conclude(std::span<row const> rows);

/// A ratio in words: "2.4", "between 2 and 5", or nothing when it may not be quoted.
[[nodiscard]] std::string quote(ratio const& r);

} // namespace coda::bench
