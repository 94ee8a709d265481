// SPDX-License-Identifier: BSL-1.0
#include "support/loops.hpp"
#include "support/tracked.hpp"

#include <coda/runtime/event.hpp>
#include <coda/runtime/loop.hpp>
#include <coda/runtime/scope.hpp>
#include <coda/runtime/sleep.hpp>
#include <coda/runtime/this_context.hpp>

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace std::chrono_literals;
using coda::task;
using coda::test::tally;
using coda::test::tracked;

// A deferred function that calls what it holds.
struct deferred_call : coda::deferred {
    explicit deferred_call(std::function<void()> f)
        : deferred([](coda::deferred& d) noexcept { static_cast<deferred_call&>(d).call(); }), call(std::move(f)) {}
    std::function<void()> call;
};
struct timer_call : coda::timer {
    explicit timer_call(std::function<void()> f)
        : timer([](coda::timer& t) noexcept { static_cast<timer_call&>(t).call(); }), call(std::move(f)) {}
    std::function<void()> call;
};

using a_loop = coda::test::on_every_loop;
CODA_ON_EVERY_LOOP(a_loop);

TEST_P(a_loop, turn_is_posted_then_timers_then_coroutines_then_deferred) {
    std::string order;
    deferred_call at_end([&] { order += "d"; });
    timer_call due([&] { order += "t"; });
    run([&]() -> task<> {
        auto const ready = [&]() -> task<> {
            order += "c";
            co_return;
        };
        co_await coda::with_scope([&](coda::scope& s) -> task<> {
            loop().defer(at_end);
            s.spawn(ready()); // in this turn
            co_await coda::yield();
            loop().post([&] { order += "p"; }); // in the next
            loop().arm(due, loop().now());
            co_await coda::sleep_until(loop().now());
            order += "c";
        });
    }());
    EXPECT_EQ(order, "cdptc");
}

TEST_P(a_loop, deferred_runs_once_however_often_it_is_asked_for_and_again_next_turn) {
    int calls = 0;
    std::optional<deferred_call> d;
    d.emplace([&] {
        if (++calls == 1) loop().defer(*d); // next turn
    });
    run([&]() -> task<> {
        for (int i = 0; i < 5; ++i) loop().defer(*d);
        co_await coda::sleep_for(1ms);
        EXPECT_EQ(calls, 2);
        loop().defer(*d);
        d.reset(); // destroyed: forgotten
        co_await coda::sleep_for(1ms);
    }());
    EXPECT_EQ(calls, 2);
}

TEST_P(a_loop, posted_from_within_runs_in_order_and_lets_others_go_between) {
    std::vector<int> order;
    auto const root = [&]() -> task<> {
        loop().post([&] {
            order.push_back(1);
            loop().post([&] { order.push_back(3); });
        });
        loop().post([&] { order.push_back(2); });
        while (order.size() < 3) co_await coda::yield();
    };
    run(root());
    EXPECT_EQ(order, (std::vector{1, 2, 3}));
}

TEST_P(a_loop, posted_function_may_be_move_only_and_is_destroyed_after_its_call) {
    tally t;
    int seen = 0;
    loop().post([held = std::make_unique<tracked>(t, 5), &seen] { seen = held->value; });
    run([]() -> task<> { co_return; }());
    EXPECT_EQ(seen, 5);
    EXPECT_EQ(t.alive(), 0);
}

TEST_P(a_loop, posted_function_that_never_ran_is_destroyed_with_the_loop) {
    tally t;
    bool called = false;
    {
        auto own = coda::test::make_loop(GetParam());
        own->post([held = tracked(t), &called] { called = held.value == 0; });
        EXPECT_GT(t.alive(), 0);
    }
    EXPECT_EQ(t.alive(), 0);
    EXPECT_FALSE(called);
}

TEST_P(a_loop, timer_armed_again_moves) {
    int fired = 0;
    timer_call t([&] { ++fired; });
    run([&]() -> task<> {
        loop().arm(t, loop().now() + 1h);
        loop().arm(t, loop().now() + 1ms);
        co_await coda::sleep_for(3ms);
        EXPECT_EQ(fired, 1);
        EXPECT_FALSE(t.armed());
        loop().arm(t, loop().now() + 1ms);
        loop().disarm(t);
        co_await coda::sleep_for(3ms);
        EXPECT_EQ(fired, 1);
        loop().arm(t, coda::time_point()); // long past
        co_await coda::sleep_for(1ms);
        EXPECT_EQ(fired, 2);
    }());
}

// What is measured from an I/O callback must not start when the loop went to wait.
TEST_P(a_loop, now_outside_of_a_turn_is_read_from_the_clock) {
    run([]() -> task<> { co_return; }());
    auto const before = coda::loop::clock::now();
    EXPECT_GE(loop().now(), before);
}

TEST_P(a_loop, runs_on_one_thread_after_the_other) {
    EXPECT_TRUE(loop().in_loop_thread()); // none has run it
    std::thread([&] { run([]() -> task<> { co_await coda::sleep_for(1ms); }()); }).join();
    EXPECT_TRUE(loop().in_loop_thread());
    run([&]() -> task<> {
        EXPECT_TRUE(loop().in_loop_thread());
        bool elsewhere = true;
        std::thread([&] { elsewhere = loop().in_loop_thread(); }).join();
        EXPECT_FALSE(elsewhere);
        co_return;
    }());
}

// Misuse: debug builds assert, release builds stay safe.

void set_from_another_thread() {
    auto const own = coda::test::make_loop(coda::test::loop_kind::asio);
    coda::event e;
    bool on_its_own_thread = false;
    own->run([](coda::loop& l, coda::event& woken, bool& own_thread) -> task<> {
        std::thread intruder;
        l.post([&] { intruder = std::thread([&] { woken.set(); }); });
        co_await woken.wait();
        own_thread = l.in_loop_thread();
        intruder.join();
    }(*own, e, on_its_own_thread));
    EXPECT_TRUE(on_its_own_thread);
}

// Leaves a sleeper and one that is ready on a loop that goes.
void destroy_with_work(coda::test::loop_kind kind, bool run_first) {
    tally t;
    auto own = coda::test::make_loop(kind);
    {
        coda::scope s(*own);
        auto const sleeper = [](tracked) -> task<> { co_await coda::sleep_for(1h); };
        s.spawn(sleeper(tracked(t)));
        if (run_first) own->run([]() -> task<> { co_await coda::sleep_for(1ms); }());
        s.spawn(sleeper(tracked(t)));
        own.reset();
        EXPECT_EQ(t.alive(), 2);
    }
    EXPECT_EQ(t.alive(), 0);
}

#ifdef NDEBUG

TEST(loop_misuse, resuming_from_another_thread_is_brought_to_the_loops_own) { set_from_another_thread(); }

TEST_P(a_loop, destroyed_with_work_on_it_forgets_it) {
    destroy_with_work(GetParam(), false);
    destroy_with_work(GetParam(), true);
}

#else

using loop_misuse_death_test = coda::test::on_every_loop;
CODA_ON_EVERY_LOOP(loop_misuse_death_test);

TEST_P(loop_misuse_death_test, resuming_from_another_thread_asserts) {
    EXPECT_DEATH(set_from_another_thread(), "a thread that is not its loop's");
}
TEST_P(loop_misuse_death_test, destroyed_with_work_on_it_asserts) {
    EXPECT_DEATH(destroy_with_work(GetParam(), false), "destroyed with coroutines on it");
    EXPECT_DEATH(destroy_with_work(GetParam(), true), "destroyed with coroutines on it");
}

#endif

} // namespace
