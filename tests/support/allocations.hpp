// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>

// What the program takes from the heap through operator new. A test that includes this has the global operators
// replaced, in its whole executable, by ones that count and that can be made to fail.
namespace coda::test {

// Allocations made by this thread so far.
std::size_t allocations() noexcept;

// Allocations of all threads that were not given back.
long live_allocations() noexcept;

// While it lives, one allocation of this thread fails with std::bad_alloc: the one after `passing` others, and, where
// asked for, all that follow.
class failing_allocation {
public:
    enum class then { succeed, fail };
    explicit failing_allocation(std::size_t passing, then after = then::succeed) noexcept;
    ~failing_allocation();
    failing_allocation(failing_allocation const&) = delete;
    failing_allocation& operator=(failing_allocation const&) = delete;

    // Whether it came to that.
    bool happened() const noexcept;
};

} // namespace coda::test
