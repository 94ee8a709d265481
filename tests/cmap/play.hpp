// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "case.hpp"

#include <chrono>
#include <optional>

namespace coda::cmap {

// Plays a case with a coda::pool, in virtual time, and says what was not as it expects; nothing when all was. That it
// does not end, or takes longer than `real_time`, is not as expected. Throws `malformed` where an operation cannot be
// done at all.
std::optional<std::string> play(test_case const& c, std::chrono::seconds real_time);

} // namespace coda::cmap
