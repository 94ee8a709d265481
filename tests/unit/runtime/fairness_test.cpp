// SPDX-License-Identifier: BSL-1.0
// Nobody keeps a loop to himself, and no chain of awaits, long or deep, overflows the stack: also where the compiler
// makes no tail call of a symmetric transfer (g++ 12 at -O0).
#include "support/manual_loop.hpp"

#include <coda/runtime/deadline.hpp>
#include <coda/runtime/event.hpp>
#include <coda/runtime/operation.hpp>
#include <coda/runtime/run.hpp>
#include <coda/runtime/sleep.hpp>
#include <coda/runtime/when_all.hpp>

#include <gtest/gtest.h>
#include <pthread.h>

#include <functional>

namespace runtime_fairness_test {

using namespace std::chrono_literals;
using coda::errc;
using coda::operation;
using coda::task;
using coda::test::manual_loop;

constexpr int million = 1'000'000;

task<int> ready_task(int x) { co_return x; }
operation<int> ready_operation(int x) { co_return x; }

// A million awaits by `once`, beside a timer of 1 ms and a task that is always ready. The clock moves a nanosecond with
// each await: the timer must have fired, and the other have run, long before the end.
template <class Once>
void shares_the_loop(Once once) {
    manual_loop loop;
    int done = 0, done_at_timer = 0, others_steps = 0;
    auto const busy = [&]() -> task<> {
        for (; done < million; ++done) {
            loop.advance(1ns);
            co_await once(done);
        }
    };
    auto const sleeper = [&]() -> task<> {
        co_await coda::sleep_for(100us);
        done_at_timer = done;
    };
    auto const other = [&]() -> task<> {
        for (; done < million; ++others_steps) co_await coda::yield();
    };
    auto const root = [&]() -> task<> { co_await coda::when_all(busy(), sleeper(), other()); };
    loop.run(root());
    EXPECT_EQ(done, million);
    EXPECT_GE(done_at_timer, 100'000);
    EXPECT_LT(done_at_timer, 900'000);
    EXPECT_GT(others_steps, 1000);
}

TEST(fairness, ready_tasks) { shares_the_loop(ready_task); }
TEST(fairness, ready_operations) { shares_the_loop(ready_operation); }
TEST(fairness, ready_results) {
    shares_the_loop([](int x) { return coda::as_result(ready_operation(x)); });
}
TEST(fairness, events_that_are_set) {
    coda::event set(true);
    shares_the_loop([&](int) { return set.wait(); });
}
TEST(fairness, timeouts_around_ready_operations) {
    shares_the_loop([](int x) { return coda::with_timeout(1h, ready_operation(x)); });
}

// Waits that fail at once, as all do when a loop that ignores errors goes on after its context was cancelled.
TEST(fairness, waits_that_are_cancelled_already) {
    manual_loop loop;
    coda::cancel_source source;
    source.request();
    int others_steps = 0, done = 0;
    auto const busy = [&]() -> task<> {
        for (; done < million; ++done) {
            auto r = co_await coda::as_result(coda::sleep_for(1h));
            if (r.has_value()) co_return;
        }
    };
    auto const other = [&]() -> task<> {
        for (; done < million; ++others_steps) co_await coda::yield();
    };
    loop.run([&]() -> task<> { co_await coda::when_all(coda::with_cancellation(source.token(), busy()), other()); }());
    EXPECT_EQ(done, million);
    EXPECT_GT(others_steps, 1000);
}

task<> counts(int& own, int const& end) {
    for (; own < end; ++own) co_await ready_task(own);
}

TEST(fairness, busy_tasks_advance_together) {
    manual_loop loop;
    int a = 0, b = 0;
    int const end = 100'000;
    auto const watcher = [&]() -> task<> {
        while (a < end && b < end) {
            EXPECT_LT(std::abs(a - b), 2000);
            co_await coda::yield();
        }
    };
    loop.run([&]() -> task<> { co_await coda::when_all(counts(a, end), counts(b, end), watcher()); }());
}

task<int> depth_of_tasks(int depth) {
    if (depth == 0) co_return 0;
    int const below = co_await depth_of_tasks(depth - 1);
    co_return below + 1;
}
operation<int> depth_of_operations(int depth) {
    if (depth == 0) co_return 0;
    auto below = co_await coda::as_result(depth_of_operations(depth - 1));
    co_return *below + 1;
}
task<int> depth_that_throws(int depth) {
    if (depth == 0) throw coda::exception(coda::error(errc::closed));
    co_return co_await depth_that_throws(depth - 1);
}

// Deep enough to overflow this stack if each level kept a frame on it, going down or coming back.
constexpr int deep = 30'000;
constexpr std::size_t small_stack = 512 * 1024;

void on_a_small_stack(void (*function)()) {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    ASSERT_EQ(pthread_attr_setstacksize(&attributes, small_stack), 0);
    pthread_t thread{};
    auto const run = [](void* f) -> void* {
        reinterpret_cast<void (*)()>(f)();
        return nullptr;
    };
    ASSERT_EQ(pthread_create(&thread, &attributes, run, reinterpret_cast<void*>(function)), 0);
    pthread_join(thread, nullptr);
    pthread_attr_destroy(&attributes);
}

TEST(deep_recursion, of_tasks_returns) {
    on_a_small_stack([] {
        manual_loop loop;
        EXPECT_EQ(loop.run(depth_of_tasks(deep)), deep);
    });
}
TEST(deep_recursion, of_operations_returns) {
    on_a_small_stack([] {
        manual_loop loop;
        loop.run([]() -> task<> { EXPECT_EQ(co_await depth_of_operations(deep), deep); }());
    });
}
TEST(deep_recursion, is_unwound_by_an_exception) {
    manual_loop loop;
    EXPECT_THROW(loop.run(depth_that_throws(1000)), coda::exception);
}

} // namespace runtime_fairness_test
