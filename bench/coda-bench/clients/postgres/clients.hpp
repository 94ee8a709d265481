// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "measure/meter.hpp"
#include "plan.hpp"

namespace coda::bench::postgres {

// See client::run.
void run_raw(plan const& p, meter& m);
void run_coda(plan const& p, meter& m);

} // namespace coda::bench::postgres
