// SPDX-License-Identifier: BSL-1.0
#include "support/allocations.hpp"
#include "support/loops.hpp"
#include "support/manual_loop.hpp"

#include <coda/runtime.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

namespace runtime_semaphore_test {

using namespace std::chrono_literals;
using coda::errc;
using coda::scope;
using coda::semaphore;
using coda::task;
using coda::test::manual_loop;

using a_semaphore = coda::test::on_every_loop;
CODA_ON_EVERY_LOOP(a_semaphore);

task<> note_turn(semaphore& s, std::vector<int>& order, int number, std::size_t n = 1) {
    auto const held = co_await s.acquire(n);
    order.push_back(number);
}

TEST_P(a_semaphore, serves_waiters_in_the_order_they_came) {
    constexpr int many = 100'000;
    semaphore s(0);
    std::vector<int> order;
    auto const body = [&](scope& sc) -> task<> {
        for (int i = 0; i < many; ++i) sc.spawn(note_turn(s, order, i));
        co_await coda::yield();
        EXPECT_TRUE(order.empty());
        s.release(3);
    };
    run(coda::with_scope(body));
    std::vector<int> expected(many);
    std::iota(expected.begin(), expected.end(), 0);
    EXPECT_EQ(order, expected);
    EXPECT_EQ(s.available(), 3u);
}

TEST_P(a_semaphore, never_lets_in_more_than_its_permits) {
    semaphore s(4);
    int inside = 0;
    int most = 0;
    auto const visit = [&]() -> task<> {
        auto const held = co_await s.acquire();
        most = std::max(most, ++inside);
        co_await coda::yield();
        --inside;
    };
    auto const body = [&](scope& sc) -> task<> {
        for (int i = 0; i < 1000; ++i) sc.spawn(visit());
        co_return;
    };
    run(coda::with_scope(body));
    EXPECT_EQ(most, 4);
    EXPECT_EQ(s.available(), 4u);
}

TEST_P(a_semaphore, grants_a_million_free_permits_without_starving_a_timer) {
    constexpr int million = 1'000'000;
    semaphore s(1);
    int granted = 0;
    int granted_at_timer = -1;
    auto const sleeper = [&]() -> task<> {
        co_await coda::sleep_for(0ms);
        granted_at_timer = granted;
    };
    auto const body = [&](scope& sc) -> task<> {
        sc.spawn(sleeper());
        co_await coda::yield();
        for (; granted < million; ++granted) auto const held = co_await s.acquire();
    };
    run(coda::with_scope(body));
    EXPECT_GE(granted_at_timer, 0);
    EXPECT_LT(granted_at_timer, million);
    EXPECT_EQ(s.available(), 1u);
}

TEST(semaphore, newcomer_does_not_pass_those_who_wait) {
    manual_loop loop;
    semaphore s(1);
    std::vector<int> order;
    auto const releases_and_returns = [&]() -> task<> {
        auto held = co_await s.acquire();
        co_await coda::yield();
        held.release();
        EXPECT_FALSE(s.try_acquire());
        held = co_await s.acquire();
        order.push_back(2);
    };
    auto const body = [&](scope& sc) -> task<> {
        sc.spawn(releases_and_returns());
        sc.spawn(note_turn(s, order, 1));
        co_return;
    };
    loop.run(coda::with_scope(body));
    EXPECT_EQ(order, (std::vector{1, 2}));
}

TEST(semaphore, large_request_at_the_head_is_not_overtaken) {
    manual_loop loop;
    semaphore s(2);
    std::vector<int> order;
    auto const body = [&](scope& sc) -> task<> {
        sc.spawn(note_turn(s, order, 1, 3));
        sc.spawn(note_turn(s, order, 2, 1));
        co_await coda::sleep_for(1ms);
        EXPECT_TRUE(order.empty());
        EXPECT_FALSE(s.try_acquire());
        s.release();
    };
    loop.run(coda::with_scope(body));
    EXPECT_EQ(order, (std::vector{1, 2}));
}

TEST(semaphore, large_request_that_is_cancelled_no_longer_holds_up_the_others) {
    manual_loop loop;
    semaphore s(2);
    std::vector<int> order;
    coda::cancel_source stop;
    auto const body = [&](scope& sc) -> task<> {
        sc.spawn(coda::as_result(coda::with_cancellation(stop.token(), s.acquire(3))));
        sc.spawn(note_turn(s, order, 1));
        sc.spawn(note_turn(s, order, 2, 2));
        co_await coda::sleep_for(1ms);
        EXPECT_TRUE(order.empty());
        stop.request();
    };
    loop.run(coda::with_scope(body));
    EXPECT_EQ(order, (std::vector{1, 2}));
    EXPECT_EQ(s.available(), 2u);
}

TEST(semaphore, large_request_that_is_destroyed_no_longer_holds_up_the_others) {
    manual_loop loop;
    semaphore s(2);
    std::vector<int> order;
    loop.run([&]() -> task<> {
        auto const& ctx = co_await coda::this_context();
        std::optional<scope> abandoned(std::in_place, ctx);
        scope kept(ctx);
        abandoned->spawn(s.acquire(3));
        kept.spawn(note_turn(s, order, 1));
        co_await coda::sleep_for(1ms);
        EXPECT_TRUE(order.empty());
        abandoned.reset();
        co_await kept.join();
    }());
    EXPECT_EQ(order, std::vector{1});
    EXPECT_EQ(s.available(), 2u);
}

TEST(semaphore, acquire_ends_when_its_deadline_passes) {
    manual_loop loop;
    semaphore s(0);
    loop.run([&]() -> task<> {
        auto const r = co_await coda::as_result(coda::with_timeout(30ms, s.acquire()));
        EXPECT_EQ(r.error().code(), errc::timed_out);
        EXPECT_EQ(r.error().outcome(), coda::outcome::not_sent);
    }());
    EXPECT_EQ(loop.elapsed(), 30ms);
    s.release();
    EXPECT_EQ(s.available(), 1u);
}

TEST(semaphore, cancelled_acquire_throws_when_awaited_plainly) {
    manual_loop loop;
    semaphore s(0);
    loop.run([&]() -> task<> {
        bool thrown = false;
        try {
            auto const held = co_await coda::with_timeout(1ms, s.acquire());
        } catch (coda::exception const& e) {
            thrown = e.code() == errc::timed_out;
        }
        EXPECT_TRUE(thrown);
    }());
}

TEST(semaphore, permit_that_was_granted_is_received_in_spite_of_cancellation) {
    manual_loop loop;
    semaphore s(0);
    std::vector<int> order;
    coda::cancel_source stop;
    auto const body = [&](scope& sc) -> task<> {
        sc.spawn(coda::with_cancellation(stop.token(), note_turn(s, order, 1)));
        co_await coda::yield();
        s.release();
        stop.request();
    };
    loop.run(coda::with_scope(body));
    EXPECT_EQ(order, std::vector{1});
    EXPECT_EQ(s.available(), 1u);
}

TEST(semaphore, permit_granted_to_a_task_that_is_gone_goes_to_the_next) {
    manual_loop loop;
    semaphore s(0);
    std::vector<int> order;
    loop.run([&]() -> task<> {
        auto const& ctx = co_await coda::this_context();
        std::optional<scope> abandoned(std::in_place, ctx);
        scope kept(ctx);
        abandoned->spawn(note_turn(s, order, 1));
        kept.spawn(note_turn(s, order, 2));
        co_await coda::yield();
        s.release();
        EXPECT_EQ(s.available(), 0u);
        abandoned.reset(); // before it is resumed
        co_await kept.join();
    }());
    EXPECT_EQ(order, std::vector{2});
    EXPECT_EQ(s.available(), 1u);
}

// A task whose await was ready is set aside from time to time, with what it got in its hands.
TEST(semaphore, permits_of_a_task_destroyed_wherever_it_lets_others_go_first_are_given_back) {
    manual_loop loop;
    loop.run([&]() -> task<> {
        auto const& ctx = co_await coda::this_context();
        for (int others = 0; others < 3; ++others) {
            semaphore s(1);
            int rounds = 0;
            auto const busy = [&]() -> task<> {
                for (;; ++rounds) auto const held = co_await s.acquire();
            };
            std::optional<scope> abandoned(std::in_place, ctx);
            abandoned->spawn(busy());
            for (int i = 0; i <= others; ++i) co_await coda::yield();
            EXPECT_GT(rounds, 0);
            EXPECT_EQ(s.available(), 0u); // the ready acquire that made it yield
            abandoned.reset();
            EXPECT_EQ(s.available(), 1u);
        }
    }());
}

TEST(semaphore, destroyed_waiters_leave_the_queue) {
    manual_loop loop;
    semaphore s(0);
    std::vector<int> order;
    loop.run([&]() -> task<> {
        auto const& ctx = co_await coda::this_context();
        std::optional<scope> abandoned(std::in_place, ctx);
        for (int i = 0; i < 1000; ++i) abandoned->spawn(note_turn(s, order, i));
        co_await coda::yield();
        abandoned.reset();
        s.release();
        co_await coda::yield();
    }());
    EXPECT_TRUE(order.empty());
    EXPECT_EQ(s.available(), 1u);
}

TEST(semaphore, permit_moves_and_is_given_back_once) {
    semaphore s(5);
    auto first = s.try_acquire(3);
    ASSERT_TRUE(first);
    EXPECT_EQ(first->count(), 3u);
    semaphore::permit second(std::move(*first));
    EXPECT_FALSE(*first);
    first.reset();
    EXPECT_EQ(s.available(), 2u);
    auto third = s.try_acquire(2);
    ASSERT_TRUE(third);
    second = std::move(*third);
    EXPECT_EQ(s.available(), 3u);
    second.release();
    second.release();
    EXPECT_EQ(s.available(), 5u);
    EXPECT_FALSE(second);
    EXPECT_EQ(second.count(), 0u);
}

TEST(semaphore, try_acquire_takes_all_or_nothing) {
    semaphore s(2);
    EXPECT_FALSE(s.try_acquire(3));
    EXPECT_EQ(s.available(), 2u);
    EXPECT_TRUE(s.try_acquire(2));
    EXPECT_EQ(s.available(), 2u);
}

TEST(semaphore, contended_acquire_allocates_nothing) {
    manual_loop loop;
    semaphore s(1);
    int rounds = 0;
    auto const contend = [&]() -> task<> {
        while (rounds < 1000) {
            auto const held = co_await s.acquire();
            ++rounds;
            co_await coda::yield();
        }
    };
    auto const body = [&](scope& sc) -> task<> {
        sc.spawn(contend());
        sc.spawn(contend());
        co_await coda::yield();
        auto const before = coda::test::allocations();
        while (rounds < 999) co_await coda::yield();
        EXPECT_EQ(coda::test::allocations(), before);
    };
    loop.run(coda::with_scope(body));
}

} // namespace runtime_semaphore_test
