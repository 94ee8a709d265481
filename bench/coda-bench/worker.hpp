// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "measure/child_process.hpp"
#include "plan.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <variant>

namespace coda::bench {

/// Why a measurement could not be made.
struct failure {
    std::string why;
};

/// One measurement and how the machine was while it was made.
struct sample {
    measurement found;
    double steal = 0;     ///< share of all processor time that the hypervisor gave to others
    double run_queue = 0; ///< tasks running or ready to run on the whole machine, mean
};

/// Makes one measurement in a process of its own, so that its memory, processor time and context
/// switches are nobody else's. Calls `every_tenth` about ten times a second meanwhile.
[[nodiscard]] std::variant<sample, failure> measure(plan const& p, std::function<void()> const& every_tenth);

/// What that process does: reads a plan from standard input, carries it out, prints the measurement.
/// @return the process's exit code
int work_as_child();

} // namespace coda::bench
