// SPDX-License-Identifier: BSL-1.0
#include "support/loops.hpp"
#include "support/manual_loop.hpp"

#include <coda/runtime.hpp>

#include <gtest/gtest.h>

#include <numeric>
#include <optional>
#include <vector>

namespace runtime_event_test {

using namespace std::chrono_literals;
using coda::errc;
using coda::event;
using coda::scope;
using coda::task;
using coda::test::manual_loop;

using an_event = coda::test::on_every_loop;
CODA_ON_EVERY_LOOP(an_event);

task<> note_after(event& e, std::vector<int>& order, int number) {
    co_await e.wait();
    order.push_back(number);
}

TEST_P(an_event, wakes_all_who_wait_in_the_order_they_came) {
    constexpr int many = 100'000;
    event e;
    std::vector<int> order;
    auto const set_when_all_wait = [&](scope& s) -> task<> {
        for (int i = 0; i < many; ++i) s.spawn(note_after(e, order, i));
        co_await coda::yield();
        EXPECT_TRUE(order.empty());
        e.set();
    };
    run(coda::with_scope(set_when_all_wait));
    std::vector<int> expected(many);
    std::iota(expected.begin(), expected.end(), 0);
    EXPECT_EQ(order, expected);
}

TEST_P(an_event, passes_a_million_waits_when_set_without_starving_a_timer) {
    constexpr int million = 1'000'000;
    event e(true);
    int passed = 0;
    int passed_at_timer = -1;
    auto const sleeper = [&]() -> task<> {
        co_await coda::sleep_for(0ms);
        passed_at_timer = passed;
    };
    auto const body = [&](scope& s) -> task<> {
        s.spawn(sleeper());
        co_await coda::yield();
        for (; passed < million; ++passed) co_await e.wait();
    };
    run(coda::with_scope(body));
    EXPECT_GE(passed_at_timer, 0);
    EXPECT_LT(passed_at_timer, million);
}

TEST(event, reset_makes_later_ones_wait_and_lets_the_woken_pass) {
    manual_loop loop;
    event e;
    std::vector<int> order;
    auto const body = [&](scope& s) -> task<> {
        s.spawn(note_after(e, order, 1));
        co_await coda::yield();
        e.set();
        e.reset();
        s.spawn(note_after(e, order, 2));
        co_await coda::sleep_for(1ms);
        EXPECT_EQ(order, std::vector{1});
        e.set();
    };
    loop.run(coda::with_scope(body));
    EXPECT_EQ(order, (std::vector{1, 2}));
}

TEST(event, wait_ends_when_its_deadline_passes) {
    manual_loop loop;
    event e;
    loop.run([&]() -> task<> {
        auto const r = co_await coda::as_result(coda::with_timeout(250ms, e.wait()));
        EXPECT_EQ(r.error().code(), errc::timed_out);
    }());
    EXPECT_EQ(loop.elapsed(), 250ms);
}

TEST(event, cancelled_wait_throws_when_awaited_plainly) {
    manual_loop loop;
    event e;
    coda::cancel_source stop;
    auto const waits = [&]() -> task<> {
        try {
            co_await e.wait();
            ADD_FAILURE() << "passed";
        } catch (coda::exception const& x) {
            EXPECT_EQ(x.code(), errc::cancelled);
        }
    };
    auto const body = [&](scope& s) -> task<> {
        s.spawn(coda::with_cancellation(stop.token(), waits()));
        co_await coda::yield();
        stop.request();
        e.set(); // too late
    };
    loop.run(coda::with_scope(body));
}

TEST(event, wait_that_was_woken_is_not_cancelled_any_more) {
    manual_loop loop;
    event e;
    std::vector<int> order;
    coda::cancel_source stop;
    auto const body = [&](scope& s) -> task<> {
        s.spawn(coda::with_cancellation(stop.token(), note_after(e, order, 1)));
        co_await coda::yield();
        e.set();
        stop.request();
    };
    loop.run(coda::with_scope(body));
    EXPECT_EQ(order, std::vector{1});
}

TEST(event, wait_in_a_cancelled_context_passes_when_set_and_fails_when_not) {
    manual_loop loop;
    event set(true);
    event unset;
    coda::cancel_source stop;
    stop.request();
    loop.run([&]() -> task<> {
        auto const passed = co_await coda::as_result(coda::with_cancellation(stop.token(), set.wait()));
        EXPECT_TRUE(passed.has_value());
        auto const failed = co_await coda::as_result(coda::with_cancellation(stop.token(), unset.wait()));
        EXPECT_EQ(failed.error().code(), errc::cancelled);
    }());
}

TEST(event, destroyed_waiter_leaves_the_queue) {
    manual_loop loop;
    event e;
    std::vector<int> order;
    loop.run([&]() -> task<> {
        auto const& ctx = co_await coda::this_context();
        std::optional<scope> abandoned(std::in_place, ctx);
        scope kept(ctx);
        kept.spawn(note_after(e, order, 1));
        abandoned->spawn(note_after(e, order, 2));
        kept.spawn(note_after(e, order, 3));
        co_await coda::yield();
        abandoned.reset();
        e.set();
        co_await kept.join();
    }());
    EXPECT_EQ(order, (std::vector{1, 3}));
}

} // namespace runtime_event_test
