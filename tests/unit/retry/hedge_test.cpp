// SPDX-License-Identifier: BSL-1.0
#include "scripted_call.hpp"
#include "support/manual_loop.hpp"

#include <coda/retry/hedge.hpp>
#include <coda/runtime/scope.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

namespace retry_hedge_test {

using namespace std::chrono_literals;
using coda::as_result;
using coda::duration;
using coda::errc;
using coda::error;
using coda::hedge;
using coda::outcome;
using coda::task;
using coda::test::manual_loop;
using coda::test::scripted_call;

struct ran {
    coda::result<int> ended;
    duration elapsed;
};
ran run(hedge& h, scripted_call& call, duration limit = 24h) {
    manual_loop loop;
    auto const body = [&]() -> task<coda::result<int>> {
        auto ended = co_await as_result(coda::with_timeout(limit, h([&] { return call(); })));
        co_return std::move(ended);
    };
    auto ended = loop.run(body());
    return {std::move(ended), loop.elapsed()};
}

TEST(hedge, asks_once_when_the_answer_is_in_time) {
    hedge h({.after = 10ms});
    scripted_call call({{std::nullopt, 9ms}});
    auto const r = run(h, call);
    EXPECT_EQ(r.ended.value(), 1);
    EXPECT_EQ(r.elapsed, 9ms);
    EXPECT_EQ(call.made, 1);
}

TEST(hedge, takes_the_second_answer_when_it_comes_first) {
    hedge h({.after = 10ms});
    scripted_call call({{std::nullopt, 1h}, {std::nullopt, 5ms}});
    auto const r = run(h, call);
    EXPECT_EQ(r.ended.value(), 2);
    EXPECT_EQ(r.elapsed, 15ms);
    EXPECT_EQ(call.ended, 2); // the loser was cancelled and has ended
}

TEST(hedge, takes_the_first_answer_when_it_still_comes_first) {
    hedge h({.after = 10ms});
    scripted_call call({{std::nullopt, 12ms}, {std::nullopt, 1h}});
    auto const r = run(h, call);
    EXPECT_EQ(r.ended.value(), 1);
    EXPECT_EQ(r.elapsed, 12ms);
    EXPECT_EQ(call.ended, 2);
    EXPECT_EQ(call.most_running, 2);
}

TEST(hedge, a_failure_in_time_is_the_outcome) {
    hedge h({.after = 10ms});
    scripted_call call({{error(errc::closed), 5ms}});
    auto const r = run(h, call);
    EXPECT_EQ(r.ended.error().code(), errc::closed);
    EXPECT_EQ(r.elapsed, 5ms);
    EXPECT_EQ(call.made, 1);
}

TEST(hedge, a_failure_while_both_run_leaves_it_to_the_other) {
    hedge h({.after = 10ms});
    scripted_call first_fails({{error(errc::closed), 12ms}, {std::nullopt, 20ms}});
    EXPECT_EQ(run(h, first_fails).ended.value(), 2);
    scripted_call second_fails({{std::nullopt, 50ms}, {error(errc::closed), 1ms}});
    EXPECT_EQ(run(h, second_fails).ended.value(), 1);
}

TEST(hedge, two_failures_give_the_first_ones_error) {
    hedge h({.after = 10ms});
    scripted_call call({{error(errc::closed), 20ms}, {error(errc::connection_lost, outcome::unknown), 1ms}});
    auto const r = run(h, call);
    EXPECT_EQ(r.ended.error().code(), errc::closed);
    EXPECT_EQ(r.ended.error().outcome(), outcome::unknown); // the second may have done it
}

TEST(hedge, cancelled_cancels_and_joins_both) {
    hedge h({.after = 10ms});
    scripted_call call({{std::nullopt, 1h}, {std::nullopt, 1h}});
    auto const r = run(h, call, 15ms);
    EXPECT_EQ(r.ended.error().code(), errc::timed_out);
    EXPECT_EQ(r.elapsed, 15ms);
    EXPECT_EQ(call.ended, 2);
    scripted_call early({{std::nullopt, 1h}});
    EXPECT_EQ(run(h, early, 5ms).ended.error().code(), errc::timed_out);
    EXPECT_EQ(early.made, 1); // no second try for who has gone
}

TEST(hedge, asks_no_second_time_when_the_budget_is_empty) {
    coda::retry_budget budget({.burst = 1, .percent = 0});
    hedge h({.after = 10ms, .budget = &budget});
    scripted_call call({{std::nullopt, 1h}, {std::nullopt, 5ms}, {std::nullopt, 50ms}});
    EXPECT_EQ(run(h, call).elapsed, 15ms);
    EXPECT_EQ(run(h, call).elapsed, 50ms);
    EXPECT_EQ(call.made, 3);
}

TEST(hedge, learns_when_an_answer_is_late) {
    hedge h({.after = 1s, .percentile = 95});
    for (int i = 0; i < 100; ++i) {
        scripted_call call({{std::nullopt, duration(1ms) * (i + 1)}, {std::nullopt, 1h}});
        EXPECT_EQ(h.delay(), i < 64 ? 1s : h.delay());
        run(h, call);
    }
    EXPECT_GE(h.delay(), 88ms); // of the first 96 that it has looked at
    EXPECT_LE(h.delay(), 96ms);
}

TEST(hedge, at_the_95th_percentile_cuts_the_tail_for_a_twentieth_more_load) {
    hedge h({.after = 100ms, .percentile = 95});
    std::mt19937_64 random(42);
    auto const latency = [&]() -> duration {
        return random() % 100 < 3 ? 1s : 5ms + 1ns * static_cast<std::int64_t>(random() % 5'000'000);
    };
    std::vector<duration> taken;
    int made = 0;
    for (int i = 0; i < 2'000; ++i) {
        scripted_call call({{std::nullopt, latency()}, {std::nullopt, latency()}});
        taken.push_back(run(h, call).elapsed);
        made += call.made;
    }
    std::ranges::sort(taken);
    EXPECT_LE(taken[taken.size() * 99 / 100], 25ms); // 1 s without
    EXPECT_LE(made, 2'000 * 112 / 100);
}

TEST(hedge, whose_second_try_cannot_begin_goes_on_with_the_first) {
    manual_loop loop;
    hedge hedged({.after = 1ms});
    scripted_call call({{std::nullopt, 10ms}});
    int begun = 0;
    auto const fn = [&]() -> coda::operation<int> {
        if (++begun == 2) throw std::bad_alloc();
        return call();
    };
    int value = 0;
    loop.run([&]() -> task<> { value = co_await hedged(fn); }());
    EXPECT_EQ(begun, 2);
    EXPECT_EQ(value, 1);
}

TEST(hedge, error_names_the_option_its_range_and_its_value) {
    EXPECT_EQ(check(coda::hedge_options{.after = 0ms}).error().message(),
              "after must be more than 0 and at most 24 h, not 0");
    EXPECT_EQ(check(coda::hedge_options{.percentile = 100}).error().message(), "percentile must be 0 to 99, not 100");
    EXPECT_TRUE(check(coda::hedge_options()));
    EXPECT_THROW(hedge({.after = 0ms}), coda::exception);
}

TEST(latency_percentile, is_exact_over_the_latest) {
    coda::detail::latency_percentile p(95);
    for (int i = 0; i < 1'008; ++i) p.add(1h); // all computed anew after 16
    for (int i = 0; i < 128; ++i) p.add(1ms * i);
    EXPECT_TRUE(p.known());
    EXPECT_EQ(p.value(), 1ms * (128 * 95 / 100));
}

} // namespace retry_hedge_test
