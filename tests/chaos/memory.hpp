// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>

namespace coda::chaos {

/// What the program has from the heap now.
std::size_t allocated_bytes() noexcept;

} // namespace coda::chaos
