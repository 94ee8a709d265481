// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>

namespace bench {

// Calls of operator new on this thread so far: allocations per await are counted, not assumed.
std::size_t allocations() noexcept;

} // namespace bench
