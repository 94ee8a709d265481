// SPDX-License-Identifier: BSL-1.0
#include "support/loops.hpp"
#include "support/manual_loop.hpp"

#include <coda/runtime/deadline.hpp>
#include <coda/runtime/operation.hpp>
#include <coda/runtime/sleep.hpp>
#include <coda/runtime/task.hpp>
#include <coda/runtime/this_context.hpp>
#include <coda/runtime/when_all.hpp>
#include <coda/runtime/when_any.hpp>

#include <gtest/gtest.h>

#include <vector>

namespace runtime_sleep_test {

using namespace std::chrono_literals;
using coda::errc;
using coda::sleep_for;
using coda::task;
using coda::test::manual_loop;

TEST(sleep, takes_exactly_its_time) {
    manual_loop loop;
    loop.run([]() -> task<> {
        co_await sleep_for(100ms);
        co_await sleep_for(1ns);
        co_await sleep_for(24h);
    }());
    EXPECT_EQ(loop.elapsed(), 24h + 100ms + 1ns);
}

TEST(sleep, of_zero_or_less_lets_others_run_once) {
    manual_loop loop;
    std::vector<int> order;
    auto const note = [&](int first, coda::duration d) -> task<> {
        for (int i = 0; i < 3; ++i) {
            order.push_back(first + i);
            co_await sleep_for(d);
        }
    };
    loop.run(
        [&]() -> task<> { co_await coda::when_all(note(10, 0s), note(20, -5s), note(30, coda::duration::min())); }());
    EXPECT_EQ(loop.elapsed(), 0s);
    ASSERT_EQ(order.size(), 9U);
    for (std::size_t round = 0; round < 3; ++round) {
        std::vector<int> now(order.begin() + 3 * static_cast<int>(round),
                             order.begin() + 3 * static_cast<int>(round) + 3);
        std::sort(now.begin(), now.end());
        int const i = static_cast<int>(round);
        EXPECT_EQ(now, (std::vector{10 + i, 20 + i, 30 + i}));
    }
}

TEST(sleep, until_a_moment_that_has_passed_ends_soon) {
    manual_loop loop;
    loop.run([]() -> task<> {
        co_await sleep_for(5s);
        co_await coda::sleep_until(coda::time_point(1s));
        co_await coda::sleep_until(coda::time_point(8s));
    }());
    EXPECT_EQ(loop.elapsed(), 8s);
}

TEST(sleep, of_those_that_end_together_the_first_comes_first) {
    manual_loop loop;
    std::vector<int> order;
    auto const sleeper = [&](int id, coda::duration d) -> task<> {
        co_await sleep_for(d);
        order.push_back(id);
    };
    loop.run([&]() -> task<> {
        co_await coda::when_all(sleeper(1, 2s), sleeper(2, 1s), sleeper(3, 2s), sleeper(4, 1s), sleeper(5, 0s),
                                sleeper(6, 2s));
    }());
    EXPECT_EQ(order, (std::vector{5, 2, 4, 1, 3, 6}));
}

TEST(sleep, without_end_is_ended_by_cancellation) {
    manual_loop loop;
    loop.run([]() -> task<> {
        for (coda::duration d : {coda::duration::max(), coda::duration::max() - 1ns}) {
            auto r = co_await coda::as_result(coda::with_timeout(1s, sleep_for(d)));
            EXPECT_EQ(r.error().code(), errc::timed_out);
        }
        auto r = co_await coda::as_result(coda::with_timeout(1s, coda::sleep_until(coda::no_deadline)));
        EXPECT_EQ(r.error().code(), errc::timed_out);
    }());
    EXPECT_EQ(loop.elapsed(), 3s);
}

TEST(sleep, that_ends_with_its_deadline_has_ended_or_timed_out_by_who_was_first) {
    manual_loop loop;
    loop.run([]() -> task<> {
        auto r = co_await coda::as_result(coda::with_timeout(1s, sleep_for(1s)));
        EXPECT_EQ(r.error().code(), errc::timed_out); // the deadline was armed first
    }());
    EXPECT_EQ(loop.elapsed(), 1s);
}

using a_sleep = coda::test::on_every_loop;
CODA_ON_EVERY_LOOP(a_sleep);

// No upper bound: a shared machine may take any time.
TEST_P(a_sleep, never_ends_early) {
    for (auto d : {1us, 300us, 1000us, 3000us, 10000us}) {
        auto const before = coda::loop::clock::now();
        run([](coda::duration wait) -> task<> { co_await sleep_for(wait); }(d));
        EXPECT_GE(coda::loop::clock::now() - before, d);
    }
}

TEST_P(a_sleep, shorter_one_armed_later_ends_first) {
    std::vector<int> order;
    auto const sleeper = [&](int id, coda::duration d) -> task<> {
        co_await sleep_for(d);
        order.push_back(id);
    };
    auto const late = [&]() -> task<> {
        co_await coda::yield();
        co_await sleeper(2, 1ms);
    };
    auto const root = [&]() -> task<> { co_await coda::when_any(sleeper(1, 1h), late()); };
    run(root());
    EXPECT_EQ(order, (std::vector{2}));
}

} // namespace runtime_sleep_test
