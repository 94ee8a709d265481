// SPDX-License-Identifier: BSL-1.0
#include "support/loops.hpp"
#include "support/manual_loop.hpp"

#include <coda/runtime.hpp>

#include <gtest/gtest.h>

#include <numeric>
#include <optional>
#include <utility>
#include <vector>

namespace runtime_mutex_test {

using namespace std::chrono_literals;
using coda::errc;
using coda::mutex;
using coda::scope;
using coda::task;
using coda::test::manual_loop;

using a_mutex = coda::test::on_every_loop;
CODA_ON_EVERY_LOOP(a_mutex);

task<> note_turn(mutex& m, std::vector<int>& order, int number) {
    auto const held = co_await m.lock();
    order.push_back(number);
}

TEST_P(a_mutex, is_handed_on_in_the_order_of_arrival) {
    constexpr int many = 100'000;
    mutex m;
    std::vector<int> order;
    auto const body = [&](scope& s) -> task<> {
        auto held = co_await m.lock();
        for (int i = 0; i < many; ++i) s.spawn(note_turn(m, order, i));
        co_await coda::yield();
        EXPECT_TRUE(order.empty());
    };
    run(coda::with_scope(body));
    std::vector<int> expected(many);
    std::iota(expected.begin(), expected.end(), 0);
    EXPECT_EQ(order, expected);
    EXPECT_FALSE(m.locked());
}

TEST_P(a_mutex, lets_one_task_at_a_time_through_a_section_that_suspends) {
    mutex m;
    int inside = 0;
    int visits = 0;
    auto const visit = [&]() -> task<> {
        for (int i = 0; i < 10; ++i) {
            auto const held = co_await m.lock();
            EXPECT_EQ(++inside, 1);
            co_await coda::yield();
            --inside;
            ++visits;
        }
    };
    auto const body = [&](scope& s) -> task<> {
        for (int i = 0; i < 100; ++i) s.spawn(visit());
        co_return;
    };
    run(coda::with_scope(body));
    EXPECT_EQ(visits, 1000);
}

TEST_P(a_mutex, is_locked_a_million_times_without_starving_a_timer) {
    constexpr int million = 1'000'000;
    mutex m;
    int locked = 0;
    int locked_at_timer = -1;
    auto const sleeper = [&]() -> task<> {
        co_await coda::sleep_for(0ms);
        locked_at_timer = locked;
    };
    auto const body = [&](scope& s) -> task<> {
        s.spawn(sleeper());
        co_await coda::yield();
        for (; locked < million; ++locked) auto const held = co_await m.lock();
    };
    run(coda::with_scope(body));
    EXPECT_GE(locked_at_timer, 0);
    EXPECT_LT(locked_at_timer, million);
}

TEST(mutex, who_unlocks_and_locks_again_goes_to_the_end) {
    manual_loop loop;
    mutex m;
    std::vector<int> order;
    auto const greedy = [&]() -> task<> {
        auto held = co_await m.lock();
        co_await coda::yield();
        held.unlock();
        EXPECT_TRUE(m.locked()); // the next one has it
        EXPECT_FALSE(m.try_lock());
        held = co_await m.lock();
        order.push_back(2);
    };
    auto const body = [&](scope& s) -> task<> {
        s.spawn(greedy());
        s.spawn(note_turn(m, order, 1));
        co_return;
    };
    loop.run(coda::with_scope(body));
    EXPECT_EQ(order, (std::vector{1, 2}));
}

TEST(mutex, guard_moves_and_unlocks_once) {
    mutex m;
    auto first = m.try_lock();
    ASSERT_TRUE(first);
    EXPECT_FALSE(m.try_lock());
    mutex::guard second(std::move(*first));
    EXPECT_FALSE(first->owns_lock());
    EXPECT_TRUE(second.owns_lock());
    first.reset();
    EXPECT_TRUE(m.locked());
    second.unlock();
    EXPECT_FALSE(m.locked());
    auto third = m.try_lock();
    second.unlock(); // holds nothing
    EXPECT_TRUE(m.locked());
}

TEST(mutex, lock_ends_when_its_deadline_passes) {
    manual_loop loop;
    mutex m;
    auto held = m.try_lock();
    loop.run([&]() -> task<> {
        auto const r = co_await coda::as_result(coda::with_timeout(5ms, m.lock()));
        EXPECT_EQ(r.error().code(), errc::timed_out);
    }());
    EXPECT_EQ(loop.elapsed(), 5ms);
    held.reset();
    EXPECT_FALSE(m.locked());
}

TEST(mutex, gives_the_guard_as_a_result) {
    manual_loop loop;
    mutex m;
    loop.run([&]() -> task<> {
        auto r = co_await coda::as_result(m.lock());
        EXPECT_TRUE(r.has_value() && r->owns_lock());
        EXPECT_TRUE(m.locked());
    }());
    EXPECT_FALSE(m.locked());
}

TEST(mutex, cancelled_waiter_leaves_the_queue) {
    manual_loop loop;
    mutex m;
    std::vector<int> order;
    coda::cancel_source stop;
    auto const body = [&](scope& s) -> task<> {
        auto held = co_await m.lock();
        s.spawn(coda::as_result(coda::with_cancellation(stop.token(), m.lock())));
        s.spawn(note_turn(m, order, 1));
        co_await coda::yield();
        stop.request();
        co_await coda::yield();
        EXPECT_TRUE(order.empty());
    };
    loop.run(coda::with_scope(body));
    EXPECT_EQ(order, std::vector{1});
    EXPECT_FALSE(m.locked());
}

TEST(mutex, lock_that_was_handed_over_is_received_in_spite_of_cancellation) {
    manual_loop loop;
    mutex m;
    std::vector<int> order;
    coda::cancel_source stop;
    auto const body = [&](scope& s) -> task<> {
        auto held = co_await m.lock();
        s.spawn(coda::with_cancellation(stop.token(), note_turn(m, order, 1)));
        co_await coda::yield();
        held.unlock();
        stop.request();
    };
    loop.run(coda::with_scope(body));
    EXPECT_EQ(order, std::vector{1});
    EXPECT_FALSE(m.locked());
}

TEST(mutex, lock_handed_to_a_task_that_is_gone_goes_to_the_next) {
    manual_loop loop;
    mutex m;
    std::vector<int> order;
    loop.run([&]() -> task<> {
        auto const& ctx = co_await coda::this_context();
        std::optional<scope> abandoned(std::in_place, ctx);
        scope kept(ctx);
        auto held = co_await m.lock();
        abandoned->spawn(note_turn(m, order, 1));
        kept.spawn(note_turn(m, order, 2));
        co_await coda::yield();
        held.unlock();
        abandoned.reset();
        co_await kept.join();
    }());
    EXPECT_EQ(order, std::vector{2});
    EXPECT_FALSE(m.locked());
}

TEST(mutex, lock_of_a_task_destroyed_while_it_lets_others_go_first_is_given_back) {
    manual_loop loop;
    mutex m;
    loop.run([&]() -> task<> {
        auto const& ctx = co_await coda::this_context();
        auto const busy = [&]() -> task<> {
            for (;;) auto const held = co_await m.lock();
        };
        std::optional<scope> abandoned(std::in_place, ctx);
        abandoned->spawn(busy());
        co_await coda::yield();
        EXPECT_TRUE(m.locked());
        abandoned.reset();
        EXPECT_FALSE(m.locked());
    }());
}

TEST(mutex, is_unlocked_when_the_section_throws) {
    manual_loop loop;
    mutex m;
    auto const fails = [&]() -> task<> {
        auto const held = co_await m.lock();
        co_await coda::yield();
        throw coda::exception(errc::protocol_error);
    };
    loop.run([&]() -> task<> {
        auto const r = co_await coda::as_result(fails());
        EXPECT_EQ(r.error().code(), errc::protocol_error);
        EXPECT_FALSE(m.locked());
    }());
}

} // namespace runtime_mutex_test
