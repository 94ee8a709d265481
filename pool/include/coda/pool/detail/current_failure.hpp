// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/error.hpp>

namespace coda::detail {

// The exception being handled as an error: what a user's type throws is a failure of the connection, not of those who
// look after it.
error current_failure() noexcept;

} // namespace coda::detail
