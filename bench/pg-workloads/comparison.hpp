// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "measure/statistics.hpp"
#include "runner.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace pg_workloads {

// One client at one workload, round by round.
struct series {
    std::string workload;
    std::string client;
    std::vector<std::optional<sample>> rounds;
    std::string left_out; // why it does not do it; empty: it does
    std::vector<std::string> failures;

    void add(outcome const& o);
    // Medians and ranges over the rounds.
    coda::bench::estimate of(double sample::* figure) const;
};

// A ratio of ours to a peer's, in pairs of the same round, and whether it may be quoted.
struct ratio {
    coda::bench::estimate of;
    coda::bench::meaning is = coda::bench::meaning::too_few_rounds;
};

// Where we stand beside one peer: more queries are better, less processor time is.
struct comparison {
    std::string workload;
    std::string peer;
    ratio rate;
    ratio cpu;
    double goal = 1; // so many times their queries
    bool measured() const noexcept { return rate.of.rounds > 0; }
    bool ahead() const noexcept {
        return measured() && rate.of.median > 1 && rate.of.median >= goal && cpu.of.median < 1;
    }
};

inline constexpr char const* our_name = "coda"; // on the loop that is the default
inline constexpr char const* ours_on_libev = "coda-ev";

series const* find(std::span<series const> all, std::string const& workload, std::string const& client);

// Of ours with a peer's, which may not be there.
comparison compare(std::span<series const> all, std::string const& workload, std::string const& peer, double goal = 1);

// Who has failed, and whose answers are not those of the others: then no figure means anything.
std::vector<std::string> faults(std::span<series const> all);

} // namespace pg_workloads
