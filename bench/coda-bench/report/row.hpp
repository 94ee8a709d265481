// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "campaign.hpp"
#include "measure/statistics.hpp"
#include "plan.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace coda::bench {

/// A cell's rounds in one line: medians over the rounds, unless said otherwise.
struct row {
    cell what;
    std::vector<std::optional<sample>> rounds; ///< as they were measured
    std::vector<std::string> failures{};

    std::uint64_t operations = 0; ///< of all rounds
    double seconds = 0;           ///< of all rounds
    estimate ops_per_second{};
    estimate cpu_us_per_op{};
    double p50_us = 0;
    double p99_us = 0;
    double p999_us = 0;
    double switches_per_op = 0;
    std::uint64_t rss_kib = 0;
    std::uint64_t errors = 0; ///< of all rounds
    std::string first_error{};
    double steal = 0; ///< the worst round's
    double run_queue = 0;

    /// What one more waiting request costs in memory: the peak above that of the same client with one in
    /// flight, divided by the number in flight. Nothing without such a row to compare with.
    std::optional<double> bytes_per_waiter{};
};

/// A row for each series, in the same order.
[[nodiscard]] std::vector<row> summarise(std::span<series const> all);

/// A figure of a measurement.
using figure = double measurement::*;

/// How `a` compares with `b`: the estimate of the quotient of that figure, and whether it may be quoted.
struct ratio {
    estimate of;
    meaning is = meaning::too_few_rounds;
};

/// Compares two rows round by round. Stolen time invalidates every figure but processor time.
[[nodiscard]] ratio compare(row const& a, row const& b, figure f);

} // namespace coda::bench
