// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "measure/meter.hpp"
#include "plan.hpp"

namespace coda::bench::all {

// See client::run.
void run_coda(plan const& p, meter& m);

} // namespace coda::bench::all
