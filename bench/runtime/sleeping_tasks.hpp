// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <optional>
#include <string_view>

namespace bench {

// The kinds of task that `--sleeping-tasks=KIND` measures, in a process that does nothing else: prints the bytes of
// resident memory that each of 10,000 of them takes. Gives the exit code, or nothing where `argument` is another.
std::optional<int> measure_sleeping_tasks(std::string_view argument);

} // namespace bench
