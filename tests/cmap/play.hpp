// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "case.hpp"

#include <optional>

namespace coda::cmap {

// Plays a case with a coda::pool, in virtual time, and says what was not as it expects; nothing when all was. Throws
// `malformed` where an operation cannot be done at all.
std::optional<std::string> play(test_case const& c);

} // namespace coda::cmap
