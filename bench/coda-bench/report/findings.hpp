// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "report/row.hpp"

#include <span>
#include <string>
#include <string_view>
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

/// What the rows of one store say.
struct chapter {
    std::string store;
    std::string headline;
    std::vector<std::string> sentences; ///< further conclusions, for and against coroutines
    std::vector<comparison> comparisons;
};

/// What the rows say, computed from nothing but them. The rows must outlive it.
struct findings {
    std::vector<chapter> chapters; ///< one a store, in the order of the rows

    /// The first chapter's; where there are several, it says which store's.
    [[nodiscard]] std::string headline() const;

    /// Everything else that the chapters say; where there are several, each says which store's.
    [[nodiscard]] std::vector<std::string> sentences() const;

    [[nodiscard]] std::vector<comparison> comparisons() const;
};

/// A store as people call it.
[[nodiscard]] std::string title_of(std::string_view store);

/// Draws the conclusions. Rows of one store stand together.
[[nodiscard]] findings conclude(std::span<row const> rows);

/// A ratio in words: "2.4", "between 2 and 5", or nothing when it may not be quoted.
[[nodiscard]] std::string quote(ratio const& r);

} // namespace coda::bench
