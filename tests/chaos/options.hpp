// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace coda::chaos {

/// What scripts/chaos is told.
struct options {
    std::vector<std::string> stores{"postgres", "redis", "mongo"};
    std::vector<std::string> loops{"asio", "ev"};
    std::uint64_t seed = 0;
    std::uint64_t storm = 0; ///< the only one; 0: all
    std::uint64_t operations = 0;
    double seconds = 0;
    std::size_t callers = 32;
    bool verbose = false;
};

/// Reads the arguments into `o`. The exit status where the program is to end here: it has said why.
std::optional<int> read(options& o, int argc, char** argv);

} // namespace coda::chaos
