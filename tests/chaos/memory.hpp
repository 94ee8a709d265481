// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>

namespace coda::chaos {

/// What the program has from the heap now.
std::size_t allocated_bytes() noexcept;

/// Stacks of fibers that it has now, which are not of the heap: each has a page below it that must not be touched, and
/// is smaller than a thread's.
std::size_t fiber_stacks();

} // namespace coda::chaos
