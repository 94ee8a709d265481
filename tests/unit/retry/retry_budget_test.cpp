// SPDX-License-Identifier: BSL-1.0
#include <coda/retry/retry_budget.hpp>

#include <gtest/gtest.h>

namespace retry_retry_budget_test {

using coda::retry_budget;

TEST(retry_budget, allows_a_burst_and_then_nothing) {
    retry_budget budget({.burst = 3});
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(budget.withdraw());
    EXPECT_FALSE(budget.withdraw());
    EXPECT_EQ(budget.available(), 0U);
}

TEST(retry_budget, ten_successes_pay_for_a_retry) {
    retry_budget budget({.burst = 1, .percent = 10});
    EXPECT_TRUE(budget.withdraw());
    for (int i = 0; i < 9; ++i) budget.deposit();
    EXPECT_FALSE(budget.withdraw());
    budget.deposit();
    EXPECT_TRUE(budget.withdraw());
    EXPECT_FALSE(budget.withdraw());
}

TEST(retry_budget, never_holds_more_than_a_burst) {
    retry_budget budget({.burst = 2, .percent = 1'000});
    for (int i = 0; i < 100; ++i) budget.deposit();
    EXPECT_EQ(budget.available(), 2U);
}

TEST(retry_budget, error_names_the_option_its_range_and_its_value) {
    EXPECT_EQ(check(coda::retry_budget_options{.burst = 0}).error().message(), "burst must be 1 to 1000000, not 0");
    EXPECT_EQ(check(coda::retry_budget_options{.percent = 1'001}).error().message(),
              "percent must be 0 to 1000, not 1001");
    EXPECT_TRUE(check(coda::retry_budget_options()));
    try {
        retry_budget const budget({.burst = 0});
        FAIL() << "made a budget of nothing";
    } catch (coda::exception const& e) {
        EXPECT_EQ(e.code(), coda::errc::invalid_argument);
    }
}

} // namespace retry_retry_budget_test
