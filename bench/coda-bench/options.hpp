// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "plan.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace coda::bench {

/// A product of choices: one cell for each combination that its client can be asked for.
struct matrix {
    std::vector<std::string> stores{};    ///< empty: the first there is
    std::vector<std::string> workloads{}; ///< empty: the store's first
    std::vector<std::string> clients{};   ///< empty: all of the store
    std::vector<std::string> loops{"asio"};
    std::vector<std::uint32_t> connections{}; ///< empty: the store's usual number
    std::vector<std::uint32_t> concurrency{1, 16, 64, 256, 1000};
    std::vector<double> latencies_ms{0};
};

/// What will be measured, and what was asked for but will not be, with the reasons.
struct selection {
    std::vector<cell> cells;
    std::vector<std::string> left_out;
};

/// The cells of a matrix, clients next to each other, so that a round compares them under the same
/// conditions. A combination that a client cannot do is left out, with its reason; one that only
/// repeats another (sync uses one connection whatever is asked) is dropped in silence.
[[nodiscard]] selection select(matrix const& m);

/// Adds the cells of `more` that `to` does not have.
void append(selection& to, selection const& more);

/// What the command line asks for.
struct options {
    selection what;
    std::map<std::string, std::string> uris;    ///< of the servers that are needed and known, by their names
    std::map<std::string, std::string> lacking; ///< stores asked for that have no server, with a text that says so
    bool skips_lacking = false;                 ///< whether to go on without them
    double seconds = 2;                         ///< a measurement's window
    std::uint32_t rounds = 3;                   ///< measurements of each cell
    double budget_seconds = 0;                  ///< no round is begun that would end later than this; 0: no such limit
    std::string json_path;
    std::string html_path;
    std::string command; ///< the command line, without the URI
};

/// Nothing to measure: print `text` (to standard error unless `exit_code` is 0) and end.
struct leave {
    int exit_code;
    std::string text;
};

/// Takes the stores that have no server out of the selection, and notes that.
void leave_out_lacking(options& o);

/// Reads the command line and the environment (each server's variables). A bad option ends with exit code 2
/// and a text that names it.
[[nodiscard]] std::variant<options, leave> parse_options(int argc, char const* const* argv);

} // namespace coda::bench
