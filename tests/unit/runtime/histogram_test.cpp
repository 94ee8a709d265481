// SPDX-License-Identifier: BSL-1.0
#include <coda/runtime/histogram.hpp>

#include <gtest/gtest.h>

namespace runtime_histogram_test {

using coda::histogram;
using namespace std::chrono_literals;

TEST(histogram, is_all_zeros_when_empty) {
    histogram const h;
    EXPECT_EQ(h.count(), 0u);
    EXPECT_EQ(h.max(), 0ns);
    EXPECT_EQ(h.quantile(0.5), 0ns);
}

TEST(histogram, one_duration_is_every_quantile) {
    histogram h;
    h.add(1234567ns);
    for (double q : {0.0, 0.5, 0.99, 1.0})
        EXPECT_NEAR(static_cast<double>(h.quantile(q).count()), 1234567, 1234567 * 0.016) << q;
    EXPECT_EQ(h.max(), 1234567ns);
}

TEST(histogram, small_durations_are_exact) {
    for (int ns = 0; ns < 64; ++ns) {
        histogram h;
        h.add(std::chrono::nanoseconds(ns));
        h.add(120s); // the longest is known exactly anyway
        EXPECT_EQ(h.quantile(0.5).count(), ns);
    }
}

TEST(histogram, quantiles_are_within_1_6_percent_at_every_magnitude) {
    for (std::int64_t ns = 64; ns < 120'000'000'000; ns += ns / 7 + 1) {
        histogram h;
        h.add(std::chrono::nanoseconds(ns));
        h.add(120s);
        auto const found = static_cast<double>(h.quantile(0.5).count());
        EXPECT_NEAR(found, static_cast<double>(ns), static_cast<double>(ns) * 0.016) << ns;
    }
}

TEST(histogram, quantiles_of_a_uniform_distribution) {
    histogram h;
    for (int us = 1; us <= 100'000; ++us) h.add(std::chrono::microseconds(us));
    EXPECT_EQ(h.count(), 100'000u);
    EXPECT_NEAR(static_cast<double>(h.quantile(0.5).count()), 50e6, 50e6 * 0.016);
    EXPECT_NEAR(static_cast<double>(h.quantile(0.99).count()), 99e6, 99e6 * 0.016);
    EXPECT_NEAR(static_cast<double>(h.quantile(0.999).count()), 99.9e6, 99.9e6 * 0.016);
    EXPECT_EQ(h.quantile(1), h.max());
}

TEST(histogram, a_rare_long_duration_shows_only_in_the_tail) {
    histogram h;
    for (int i = 0; i < 999; ++i) h.add(1ms);
    h.add(1s);
    EXPECT_LT(h.quantile(0.99), 2ms);
    EXPECT_GT(h.quantile(0.9999), 900ms);
}

TEST(histogram, negative_counts_as_zero_and_hours_as_the_longest) {
    histogram h;
    h.add(-5ns);
    EXPECT_EQ(h.quantile(1), 0ns);
    h.add(5h);
    EXPECT_EQ(h.max(), 5h);
    EXPECT_GE(h.quantile(1), 2min);
}

TEST(histogram, merging_is_adding_everything_to_one) {
    histogram a;
    histogram b;
    histogram both;
    for (int i = 1; i < 1000; ++i) {
        auto const d = std::chrono::microseconds(i * i % 977);
        (i % 3 ? a : b).add(d);
        both.add(d);
    }
    a.merge(b);
    EXPECT_EQ(a.count(), both.count());
    EXPECT_EQ(a.max(), both.max());
    for (double q : {0.01, 0.5, 0.9, 0.999}) EXPECT_EQ(a.quantile(q), both.quantile(q));
}

} // namespace runtime_histogram_test
