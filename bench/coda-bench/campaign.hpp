// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "options.hpp"
#include "worker.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace coda::bench {

/// All that was found out about one cell.
struct series {
    cell what;
    std::vector<std::optional<sample>> rounds; ///< one a round; nothing where it failed
    std::vector<std::string> failures;
};

/// Is told how a campaign goes on, to show it to someone.
class observer {
public:
    virtual ~observer() = default;
    /// A measurement begins; `position` of `total`, both over all rounds.
    virtual void begins(cell const& what, std::uint32_t round, std::size_t position, std::size_t total) = 0;
    /// About ten times a second while one is under way.
    virtual void goes_on() = 0;
    /// It has ended.
    virtual void ends(std::variant<sample, failure> const& how) = 0;
};

/// Whether another round fits: `spent` so far, `longest` round until now, `budget` for all (0: any).
[[nodiscard]] constexpr bool another_round_fits(std::chrono::duration<double> spent,
                                                std::chrono::duration<double> longest,
                                                std::chrono::duration<double> budget) {
    return budget.count() == 0 || spent + longest <= budget;
}

/// Measures every cell once a round, round after round: A B C, C B A, A B C. A slow minute of the machine
/// then strikes all cells alike, and a steady drift cancels out. Starts the latency proxies it needs.
/// @throws std::exception when a proxy cannot be started
[[nodiscard]] std::vector<series> run_campaign(options const& o, observer& watching);

} // namespace coda::bench
