// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "goals.hpp"

namespace bench {

// Runs the benchmarks that the options ask for, prints them and then the goals, and gives the program's exit code: with
// --check 1 when a goal was missed or, without a filter, not measured.
int run(int argc, char** argv, std::span<goal const> goals);

} // namespace bench
