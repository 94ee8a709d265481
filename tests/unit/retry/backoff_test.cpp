// SPDX-License-Identifier: BSL-1.0
#include <coda/retry/backoff.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace retry_backoff_test {

using namespace std::chrono_literals;
using coda::backoff;
using coda::duration;
using coda::jitter;

// Thousand draws of one delay, in order of size.
std::vector<duration> draws(backoff const& b, unsigned retry, duration previous = 0ms) {
    std::mt19937_64 seeded(11);
    coda::random_source const random(seeded);
    std::vector<duration> all;
    for (int i = 0; i < 1000; ++i) all.push_back(b.delay(retry, previous, random));
    std::ranges::sort(all);
    return all;
}

void expect_spread_over(std::vector<duration> const& sorted, duration low, duration high) {
    EXPECT_GE(sorted.front(), low);
    EXPECT_LE(sorted.back(), high);
    EXPECT_LT(sorted.front(), low + (high - low) / 50);
    EXPECT_GT(sorted.back(), high - (high - low) / 50);
    auto const middle = sorted[sorted.size() / 2];
    EXPECT_GT(middle, low + (high - low) * 45 / 100);
    EXPECT_LT(middle, low + (high - low) * 55 / 100);
}

TEST(backoff, without_jitter_doubles_up_to_the_cap) {
    backoff const b{.base = 50ms, .cap = 300ms, .jitter = jitter::none};
    coda::random_source const random;
    EXPECT_EQ(b.delay(1, 0ms, random), 50ms);
    EXPECT_EQ(b.delay(2, 50ms, random), 100ms);
    EXPECT_EQ(b.delay(3, 100ms, random), 200ms);
    EXPECT_EQ(b.delay(4, 200ms, random), 300ms);
    EXPECT_EQ(b.delay(5, 300ms, random), 300ms);
}

TEST(backoff, does_not_overflow_however_often) {
    backoff const b{.base = 1ns, .cap = 24h, .jitter = jitter::none};
    coda::random_source const random;
    for (unsigned const retry : {60U, 63U, 64U, 65U, 1'000U, ~0U}) EXPECT_EQ(b.delay(retry, 24h, random), 24h);
    backoff const decorrelated{.base = 24h, .cap = 24h, .jitter = jitter::decorrelated};
    EXPECT_EQ(decorrelated.delay(9, 24h, random), 24h);
}

TEST(backoff, constant_stays_the_same) {
    auto const b = backoff::constant(70ms);
    coda::random_source const random;
    for (unsigned const retry : {1U, 2U, 100U}) EXPECT_EQ(b.delay(retry, 70ms, random), 70ms);
    expect_spread_over(draws(backoff::constant(70ms, jitter::full), 5), 0ms, 70ms);
}

TEST(backoff, full_jitter_is_anything_up_to_the_delay) {
    backoff const b{.base = 50ms, .cap = 10s};
    expect_spread_over(draws(b, 1), 0ms, 50ms);
    expect_spread_over(draws(b, 4), 0ms, 400ms);
    expect_spread_over(draws(b, 40), 0ms, 10s);
}

TEST(backoff, equal_jitter_is_at_least_half_of_it) {
    backoff const b{.base = 50ms, .cap = 10s, .jitter = jitter::equal};
    expect_spread_over(draws(b, 1), 25ms, 50ms);
    expect_spread_over(draws(b, 4), 200ms, 400ms);
    expect_spread_over(draws(b, 40), 5s, 10s);
}

TEST(backoff, decorrelated_jitter_is_up_to_three_times_the_one_before) {
    backoff const b{.base = 50ms, .cap = 10s, .jitter = jitter::decorrelated};
    expect_spread_over(draws(b, 1), 50ms, 150ms);
    expect_spread_over(draws(b, 2, 400ms), 50ms, 1200ms);
    EXPECT_LE(draws(b, 9, 9s).back(), 10s);
}

TEST(backoff, error_names_the_option_and_what_it_must_be) {
    struct {
        backoff options;
        char const* message;
    } const cases[] = {
        {{.base = 0ms}, "backoff.base must be more than 0 and at most 24 h, not 0"},
        {{.cap = 25h}, "backoff.cap must be more than 0 and at most 24 h, not 25 h"},
        {{.base = 2ns, .cap = 1ns}, "backoff.cap must not be less than backoff.base"},
    };
    for (auto const& c : cases) {
        auto const r = check(c.options);
        ASSERT_TRUE(r.has_error()) << c.message;
        EXPECT_EQ(r.error().code(), coda::errc::invalid_argument);
        EXPECT_EQ(r.error().message(), c.message);
    }
    EXPECT_TRUE(check(backoff()));
    EXPECT_TRUE(check(backoff::constant(24h)));
}

} // namespace retry_backoff_test
