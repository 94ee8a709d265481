// SPDX-License-Identifier: BSL-1.0
#include "support/manual_loop.hpp"

#include <coda/retry/concurrency_limiter.hpp>
#include <coda/runtime/deadline.hpp>
#include <coda/runtime/scope.hpp>
#include <coda/runtime/semaphore.hpp>
#include <coda/runtime/sleep.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <vector>

namespace retry_concurrency_limiter_test {

using namespace std::chrono_literals;
using coda::as_result;
using coda::concurrency_limiter;
using coda::concurrency_limiter_options;
using coda::duration;
using coda::errc;
using coda::operation;
using coda::task;
using coda::test::manual_loop;

// A server that does `workers` requests at once, each in `service`; the others wait there.
class server {
public:
    server(std::size_t workers, duration each) : service(each), workers_(workers) {}
    operation<> request() {
        most = std::max(most, ++inside);
        auto const mine = co_await as_result(workers_.acquire());
        if (mine.has_value()) co_await as_result(coda::sleep_for(service));
        --inside;
        ++served;
        co_return coda::result<>();
    }
    duration service;
    std::size_t inside = 0;
    std::size_t most = 0;
    int served = 0;

private:
    coda::semaphore workers_;
};

// `clients` that ask again and again through the limiter, until `until`.
task<> load(concurrency_limiter& limiter, server& s, int clients, duration until, manual_loop& loop) {
    auto const client = [&]() -> task<> {
        while (loop.elapsed() < until) co_await as_result(limiter([&] { return s.request(); }));
    };
    auto const body = [&](coda::scope& all) -> task<> {
        for (int i = 0; i < clients; ++i) all.spawn(client());
        co_return;
    };
    co_await coda::with_scope(body);
}

TEST(concurrency_limiter, settles_where_the_server_is_busy_and_its_queue_is_short) {
    manual_loop loop;
    server s(10, 10ms);
    concurrency_limiter limiter({.initial_limit = 200});
    loop.run(load(limiter, s, 500, 120s, loop));
    EXPECT_GE(limiter.limit(), 10U);
    EXPECT_LE(limiter.limit(), 25U);
    EXPECT_GT(s.served, 1'000 * 120 * 95 / 100); // of what it can do
}

TEST(concurrency_limiter, grows_to_what_the_server_can_do) {
    manual_loop loop;
    server s(100, 10ms);
    concurrency_limiter limiter({.initial_limit = 2});
    loop.run(load(limiter, s, 500, 60s, loop));
    EXPECT_GE(limiter.limit(), 100U);
    EXPECT_LE(limiter.limit(), 250U);
}

TEST(concurrency_limiter, follows_a_server_that_becomes_slower) {
    manual_loop loop;
    server s(50, 10ms);
    concurrency_limiter limiter({.initial_limit = 50, .baseline_for = 10s});
    loop.run(load(limiter, s, 500, 60s, loop));
    s.service = 100ms;
    loop.run(load(limiter, s, 500, 240s, loop));
    EXPECT_GE(limiter.limit(), 50U);
    EXPECT_LE(limiter.limit(), 130U);
    EXPECT_GE(limiter.baseline(), 100ms);
}

TEST(gradient_limit, does_not_take_calls_too_short_for_the_clock_for_what_all_should_take) {
    coda::detail::gradient_limit limit(
        {.initial = 20, .least = 1, .most = 1'000, .window = 100ms, .baseline_for = 30s, .tolerance_percent = 150});
    coda::time_point now{};
    auto const samples = [&](int n, duration latency) {
        for (int i = 0; i < n; ++i) limit.sample(now += 10ms, latency, 5);
    };
    samples(1 + 10 * 10, 0ms); // ten windows; the first begins with its first sample
    EXPECT_EQ(limit.baseline(), 0ms);
    samples(10 * 10, 1ms);
    EXPECT_EQ(limit.limit(), 20U);
    EXPECT_EQ(limit.baseline(), 1ms);
}

TEST(gradient_limit, goes_on_from_where_it_was_when_a_call_fails_while_it_measures) {
    coda::detail::gradient_limit limit(
        {.initial = 20, .least = 1, .most = 1'000, .window = 100ms, .baseline_for = 1s, .tolerance_percent = 150});
    coda::time_point now{};
    auto const window = [&](bool fails) {
        for (int i = 0; i < 10; ++i) limit.sample(now += 10ms, 1ms, 5);
        if (fails) limit.dropped(now);
    };
    while (limit.limit() == 20U) window(false);
    ASSERT_EQ(limit.limit(), 5U) << "it measures";
    limit.dropped(now);
    window(false);
    EXPECT_EQ(limit.limit(), 18U);
}

TEST(concurrency_limiter, does_not_grow_while_it_is_not_used) {
    manual_loop loop;
    server s(1'000, 10ms);
    concurrency_limiter limiter({.initial_limit = 20});
    loop.run(load(limiter, s, 5, 20s, loop));
    EXPECT_EQ(limiter.limit(), 20U);
}

TEST(concurrency_limiter, goes_down_when_calls_fail) {
    manual_loop loop;
    concurrency_limiter limiter({.initial_limit = 100, .min_limit = 3});
    loop.run([&]() -> task<> {
        auto const fails = []() -> operation<> {
            co_await coda::sleep_for(10ms);
            co_return coda::error(errc::timed_out);
        };
        for (int i = 0; i < 50; ++i) co_await as_result(limiter(fails));
        EXPECT_LT(limiter.limit(), 100U);
        EXPECT_GT(limiter.limit(), 50U); // once a window, not once a failure
        for (int i = 0; i < 5'000; ++i) co_await as_result(limiter(fails));
        EXPECT_EQ(limiter.limit(), 3U);
    }());
}

TEST(concurrency_limiter, learns_nothing_from_what_was_cancelled) {
    manual_loop loop;
    concurrency_limiter limiter({.initial_limit = 100});
    loop.run([&]() -> task<> {
        auto const cancelled = []() -> operation<> {
            co_await coda::sleep_for(10ms);
            co_return coda::error(errc::cancelled);
        };
        for (int i = 0; i < 1'000; ++i) co_await as_result(limiter(cancelled));
    }());
    EXPECT_EQ(limiter.limit(), 100U);
    EXPECT_EQ(limiter.baseline(), 0ms);
    EXPECT_EQ(limiter.in_flight(), 0U);
}

class a_full_limiter : public testing::Test {
protected:
    task<> enter(int number) {
        auto const r = co_await as_result(limiter([&]() -> task<> {
            order.push_back(number);
            co_await coda::sleep_for(10ms);
        }));
        if (r.has_error()) refused.push_back(r.error().code());
    }

    manual_loop loop;
    concurrency_limiter limiter{{.initial_limit = 1, .max_limit = 1, .max_waiters = 3}};
    std::vector<int> order;
    std::vector<coda::error_code> refused;
};

TEST_F(a_full_limiter, serves_in_the_order_they_came_and_refuses_who_is_too_many) {
    auto const body = [&](coda::scope& s) -> task<> {
        for (int i = 0; i < 5; ++i) s.spawn(enter(i));
        co_await coda::sleep_for(1ms);
        EXPECT_EQ(limiter.in_flight(), 1U);
        EXPECT_EQ(limiter.waiting(), 3U);
        EXPECT_EQ(refused, std::vector<coda::error_code>{errc::queue_full});
    };
    loop.run(coda::with_scope(body));
    EXPECT_EQ(order, (std::vector{0, 1, 2, 3}));
    EXPECT_EQ(loop.elapsed(), 40ms);
    EXPECT_EQ(limiter.in_flight(), 0U);
}

TEST_F(a_full_limiter, cancelled_and_destroyed_waiters_leave_their_places) {
    loop.run([&]() -> task<> {
        auto const& ctx = co_await coda::this_context();
        std::optional<coda::scope> abandoned(std::in_place, ctx);
        coda::scope kept(ctx);
        kept.spawn(enter(0));
        co_await coda::yield();
        kept.spawn(coda::with_timeout(5ms, enter(1)));
        abandoned->spawn(enter(2));
        kept.spawn(enter(3));
        co_await coda::sleep_for(6ms);
        EXPECT_EQ(refused, std::vector<coda::error_code>{errc::timed_out});
        abandoned.reset();
        EXPECT_EQ(limiter.waiting(), 1U);
        co_await kept.join();
    }());
    EXPECT_EQ(order, (std::vector{0, 3}));
    EXPECT_EQ(loop.elapsed(), 20ms);
    EXPECT_EQ(limiter.in_flight(), 0U);
}

TEST_F(a_full_limiter, a_turn_granted_to_a_task_that_is_gone_goes_to_the_next) {
    loop.run([&]() -> task<> {
        auto const& ctx = co_await coda::this_context();
        std::optional<coda::scope> abandoned(std::in_place, ctx);
        coda::scope kept(ctx);
        {
            auto const held = co_await limiter.acquire();
            abandoned->spawn(enter(1));
            kept.spawn(enter(2));
            co_await coda::yield();
        }
        EXPECT_EQ(limiter.in_flight(), 1U); // granted to the first of them, who has not run yet
        abandoned.reset();
        co_await kept.join();
    }());
    EXPECT_EQ(order, std::vector{2});
    EXPECT_EQ(limiter.in_flight(), 0U);
}

TEST_F(a_full_limiter, a_call_that_is_destroyed_gives_its_turn_back) {
    loop.run([&]() -> task<> {
        std::optional<coda::scope> abandoned(std::in_place, co_await coda::this_context());
        abandoned->spawn(enter(1));
        co_await coda::sleep_for(1ms);
        EXPECT_EQ(limiter.in_flight(), 1U);
        abandoned.reset();
        EXPECT_EQ(limiter.in_flight(), 0U);
    }());
}

TEST(concurrency_limiter, error_names_the_option_its_range_and_its_value) {
    struct {
        concurrency_limiter_options options;
        char const* message;
    } const cases[] = {
        {{.min_limit = 0}, "min_limit must be 1 to 100000, not 0"},
        {{.min_limit = 50, .max_limit = 40}, "max_limit must be 50 to 100000, not 40"},
        {{.initial_limit = 2'000}, "initial_limit must be 1 to 1000, not 2000"},
        {{.max_waiters = 10'000'001}, "max_waiters must be 0 to 10000000, not 10000001"},
        {{.window = 0ms}, "window must be more than 0 and at most 24 h, not 0"},
        {{.baseline_for = 0ms}, "baseline_for must be more than 0 and at most 24 h, not 0"},
        {{.tolerance_percent = 99}, "tolerance_percent must be 100 to 1000, not 99"},
    };
    for (auto const& c : cases) {
        EXPECT_EQ(check(c.options).error().message(), c.message);
        EXPECT_THROW(concurrency_limiter{c.options}, coda::exception);
    }
    EXPECT_TRUE(check(concurrency_limiter_options()));
}

} // namespace retry_concurrency_limiter_test
