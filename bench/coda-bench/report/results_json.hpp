// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "measure/machine.hpp"
#include "report/findings.hpp"
#include "report/row.hpp"

#include <boost/json/object.hpp>

#include <span>

namespace coda::bench {

/// results.json, as docs/benchmarks.md describes it.
[[nodiscard]] boost::json::object results_json(machine const& m, std::span<row const> rows, findings const& f);

/// The whole text with lines that a person can read and a diff can compare: one row a line.
[[nodiscard]] std::string pretty(boost::json::object const& results);

} // namespace coda::bench
