// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "report/findings.hpp"
#include "report/row.hpp"

#include <span>
#include <string>

namespace coda::bench {

/// The summary that ends a run: a table of all rows, then the conclusions, as plain text of at most 100
/// columns.
[[nodiscard]] std::string summary_text(std::span<row const> rows, findings const& f);

} // namespace coda::bench
