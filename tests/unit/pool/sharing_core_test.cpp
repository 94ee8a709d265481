// SPDX-License-Identifier: BSL-1.0
#include <coda/pool/detail/sharing_core.hpp>

#include <gtest/gtest.h>

namespace pool_sharing_core_test {

using coda::detail::should_open_another;

TEST(should_open_another, opens_the_first_at_once_and_only_one_then) {
    EXPECT_TRUE(should_open_another(0, 0, 4, 0));
    EXPECT_FALSE(should_open_another(0, 1, 4, 0));
    EXPECT_FALSE(should_open_another(0, 2, 4, 0));
}

TEST(should_open_another, not_while_one_is_idle) { EXPECT_FALSE(should_open_another(1, 0, 4, 0)); }

TEST(should_open_another, when_all_are_busy) {
    EXPECT_TRUE(should_open_another(1, 0, 4, 1));
    EXPECT_TRUE(should_open_another(3, 0, 4, 5));
}

TEST(should_open_another, one_under_way_counts_against_the_load) {
    EXPECT_FALSE(should_open_another(1, 1, 4, 1));
    EXPECT_TRUE(should_open_another(1, 1, 4, 2));
}

TEST(should_open_another, never_beyond_the_limit) {
    EXPECT_FALSE(should_open_another(4, 0, 4, 1000));
    EXPECT_FALSE(should_open_another(3, 1, 4, 1000));
    EXPECT_FALSE(should_open_another(1, 0, 1, 1000));
}

TEST(should_open_another, at_most_two_at_once) {
    EXPECT_TRUE(should_open_another(1, 1, 100, 1000));
    EXPECT_FALSE(should_open_another(1, 2, 100, 1000));
}

} // namespace pool_sharing_core_test
