// SPDX-License-Identifier: BSL-1.0
// What needs the heap of tests/support/allocations.hpp, which the thread sanitizer has replaced by its own; the rest is
// in loop_group_thread_test.cpp.
#include "support/allocations.hpp"

#include <coda/runtime/loop_group.hpp>

#include <gtest/gtest.h>

#include <new>

namespace runtime_loop_group_test {

TEST(loop_group_without_memory, is_a_bad_alloc) {
    bool failed = true;
    for (std::size_t nth = 0; failed; ++nth) {
        coda::test::failing_allocation const failing(nth);
        try {
            coda::loop_group const group({.loops = 2});
            EXPECT_FALSE(failing.happened());
        } catch (std::bad_alloc const&) {}
        failed = failing.happened();
    }
}

} // namespace runtime_loop_group_test
