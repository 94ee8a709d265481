// SPDX-License-Identifier: BSL-1.0
#include "measure/statistics.hpp"

#include <gtest/gtest.h>

namespace bench_statistics_test {

using namespace coda::bench;
using values = std::vector<double>;

TEST(estimate, of_nothing_is_zero) {
    auto const e = estimate_of({});
    EXPECT_EQ(e.rounds, 0u);
    EXPECT_EQ(e.median, 0);
    EXPECT_EQ(e.spread(), 0);
}

TEST(estimate, median_is_the_middle_whatever_the_order) {
    auto const e = estimate_of(values{9, 1, 5});
    EXPECT_EQ(e.low, 1);
    EXPECT_EQ(e.median, 5);
    EXPECT_EQ(e.high, 9);
    EXPECT_EQ(e.rounds, 3u);
}

TEST(estimate, median_of_an_even_number_is_between_the_middle_two) {
    EXPECT_EQ(estimate_of(values{4, 1, 2, 100}).median, 3);
}

TEST(estimate, spread_is_the_range_as_a_share_of_the_median) {
    EXPECT_DOUBLE_EQ(estimate_of(values{90, 100, 120}).spread(), 0.3);
}

TEST(ratio_of, pairs_the_rounds_so_that_a_slow_round_cancels_out) {
    auto const r = ratio_of(values{200, 20, 210}, values{100, 10, 105});
    EXPECT_DOUBLE_EQ(r.low, 2);
    EXPECT_DOUBLE_EQ(r.high, 2);
}

TEST(ratio_of, leaves_out_rounds_that_would_divide_by_zero) {
    EXPECT_EQ(ratio_of(values{1, 2, 3}, values{1, 0, 1}).rounds, 2u);
}

TEST(judge, a_clear_and_steady_ratio_is_sound) {
    EXPECT_EQ(judge(estimate_of(values{1.9, 2, 2.1}), 0), meaning::sound);
    EXPECT_EQ(judge(estimate_of(values{0.49, 0.5, 0.51}), 0), meaning::sound);
}

TEST(judge, two_rounds_prove_nothing) { EXPECT_EQ(judge(estimate_of(values{2, 2}), 0), meaning::too_few_rounds); }

TEST(judge, stolen_time_invalidates_a_ratio) {
    auto const r = estimate_of(values{1.9, 2, 2.1});
    EXPECT_EQ(judge(r, most_steal), meaning::sound);
    EXPECT_EQ(judge(r, most_steal + 0.001), meaning::stolen);
}

TEST(judge, one_within_the_range_is_no_difference) {
    EXPECT_EQ(judge(estimate_of(values{0.9, 1.1, 1.2}), 0), meaning::no_difference);
}

TEST(judge, one_nearer_than_half_the_range_is_no_difference) {
    EXPECT_EQ(judge(estimate_of(values{1.05, 1.1, 1.2}), 0), meaning::no_difference);
    EXPECT_EQ(judge(estimate_of(values{0.8, 0.9, 0.95}), 0), meaning::no_difference);
    EXPECT_EQ(judge(estimate_of(values{1.1, 1.15, 1.2}), 0), meaning::sound);
}

TEST(judge, rounds_that_disagree_on_the_size_are_scattered) {
    EXPECT_EQ(judge(estimate_of(values{10, 12, 16}), 0), meaning::scattered);
}

TEST(judge, every_verdict_but_sound_has_a_reason) {
    EXPECT_TRUE(reason(meaning::sound).empty());
    for (auto m : {meaning::too_few_rounds, meaning::stolen, meaning::no_difference, meaning::scattered})
        EXPECT_FALSE(reason(m).empty());
}

} // namespace bench_statistics_test
