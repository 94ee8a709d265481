// SPDX-License-Identifier: BSL-1.0
#include "chaos/tally.hpp"

#include <gtest/gtest.h>

namespace chaos_tally_test {

using coda::chaos::share_of;
using coda::chaos::tally;

TEST(tally, shares_are_at_least_what_was_asked_for_together) {
    for (std::uint64_t total = 1; total < 50; ++total)
        for (std::size_t runs = 1; runs < 5; ++runs) {
            EXPECT_GE(share_of(total, runs) * runs, total);
            EXPECT_LT(share_of(total, runs) * runs, total + runs);
        }
    EXPECT_EQ(share_of(~std::uint64_t{0}, 2), std::uint64_t{1} << 63);
}

TEST(tally, store_that_was_skipped_does_not_count_as_passed) {
    tally t;
    t.passed("postgres");
    t.passed("postgres");
    t.skipped("redis", 2);
    EXPECT_EQ(t.closing_line(), "2 passed, 0 failed, 2 skipped: postgres passed, redis SKIPPED");
    EXPECT_EQ(t.exit_status(), 0);
}

TEST(tally, one_failure_fails_the_store_and_all) {
    tally t;
    t.failed("redis");
    t.passed("redis");
    t.passed("mongo");
    EXPECT_EQ(t.closing_line(), "2 passed, 1 failed, 0 skipped: redis FAILED, mongo passed");
    EXPECT_EQ(t.exit_status(), 1);
}

TEST(tally, nothing_tried_is_no_success) {
    tally t;
    t.skipped("mongo", 1);
    EXPECT_EQ(t.exit_status(), 77);
}

} // namespace chaos_tally_test
