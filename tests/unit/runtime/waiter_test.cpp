// SPDX-License-Identifier: BSL-1.0
#include "support/allocations.hpp"
#include "support/manual_loop.hpp"

#include <coda/runtime.hpp>

#include <gtest/gtest.h>

#include <optional>

namespace runtime_waiter_test {

using namespace std::chrono_literals;
using coda::errc;
using coda::scope;
using coda::task;
using coda::test::manual_loop;

// The least that an awaiter of one's own needs.
struct signal {
    coda::wait_queue queue;

    struct awaiter : coda::void_waiter {
        explicit awaiter(signal& s) noexcept : signal_(s) {}
        bool await_ready() const noexcept { return false; }
        bool await_suspend(std::coroutine_handle<> h, coda::context const* ctx) noexcept {
            return signal_.queue.suspend(*this, h, ctx);
        }
        signal& signal_;
    };
    struct awaitable {
        signal& s;
        awaiter operator co_await() const noexcept { return awaiter(s); }
    };
    awaitable wait() noexcept { return {*this}; }
};

task<> waits(signal& s, coda::result<>& r) { r = co_await coda::as_result(s.wait()); }

TEST(waiter, goes_on_in_the_next_step_of_its_loop_not_inside_wake) {
    manual_loop loop;
    signal s;
    coda::result<> r = coda::error(errc::closed);
    auto const body = [&](scope& sc) -> task<> {
        sc.spawn(waits(s, r));
        co_await coda::yield();
        EXPECT_TRUE(s.queue.wake_one());
        EXPECT_TRUE(r.has_error());
        EXPECT_FALSE(s.queue.wake_one());
        co_await coda::yield();
        EXPECT_TRUE(r.has_value());
    };
    loop.run(coda::with_scope(body));
}

TEST(waiter, fails_with_the_error_it_is_given) {
    manual_loop loop;
    signal s;
    coda::result<> first;
    coda::result<> second;
    auto const body = [&](scope& sc) -> task<> {
        sc.spawn(waits(s, first));
        sc.spawn(waits(s, second));
        co_await coda::yield();
        s.queue.fail_all(errc::connection_lost);
        EXPECT_TRUE(s.queue.empty());
    };
    loop.run(coda::with_scope(body));
    EXPECT_EQ(first.error().code(), errc::connection_lost);
    EXPECT_EQ(second.error().code(), errc::connection_lost);
}

TEST(waiter, leaves_its_queue_when_cancelled) {
    manual_loop loop;
    signal s;
    coda::result<> r;
    coda::cancel_source stop;
    auto const body = [&](scope& sc) -> task<> {
        sc.spawn(coda::with_cancellation(stop.token(), waits(s, r)));
        co_await coda::yield();
        EXPECT_FALSE(s.queue.empty());
        stop.request(errc::timed_out);
        EXPECT_TRUE(s.queue.empty());
    };
    loop.run(coda::with_scope(body));
    EXPECT_EQ(r.error().code(), errc::timed_out);
}

TEST(waiter, leaves_the_ready_queue_when_destroyed_after_it_was_woken) {
    manual_loop loop;
    signal s;
    coda::result<> r = coda::error(errc::closed);
    loop.run([&]() -> task<> {
        auto const& ctx = co_await coda::this_context();
        std::optional<scope> abandoned(std::in_place, ctx);
        abandoned->spawn(waits(s, r));
        co_await coda::yield();
        s.queue.wake_all();
        abandoned.reset();
        co_await coda::yield();
    }());
    EXPECT_TRUE(r.has_error());
}

TEST(waiter, does_not_suspend_in_a_cancelled_context) {
    manual_loop loop;
    signal s;
    coda::cancel_source stop;
    stop.request();
    loop.run([&]() -> task<> {
        auto const r = co_await coda::as_result(coda::with_cancellation(stop.token(), s.wait()));
        EXPECT_EQ(r.error().code(), errc::cancelled);
    }());
}

// Waits again and again with one object, and is cancelled the last time.
struct reused {
    coda::waiter wait;
    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> h, coda::context const* ctx) noexcept { return wait.suspend(h, ctx); }
    coda::error_code await_resume() const noexcept { return wait.failure(); }
};

TEST(waiter, can_wait_again_with_a_clean_failure) {
    manual_loop loop;
    reused one;
    std::vector<coda::error_code> seen;
    auto const three_times = [&]() -> task<> {
        for (int i = 0; i < 3; ++i) {
            auto const failure = co_await one;
            seen.push_back(failure);
        }
    };
    auto const body = [&](scope& s) -> task<> {
        s.spawn(three_times());
        co_await coda::yield();
        one.wait.fail(errc::closed);
        co_await coda::yield();
        one.wait.wake();
        co_await coda::yield();
        one.wait.fail(errc::queue_full);
    };
    loop.run(coda::with_scope(body));
    EXPECT_EQ(seen, (std::vector<coda::error_code>{errc::closed, {}, errc::queue_full}));
}

TEST(waiter, allocates_nothing) {
    manual_loop loop;
    signal s;
    bool stop = false;
    auto const waits_on = [&]() -> task<> {
        while (!stop) co_await s.wait();
    };
    auto const body = [&](scope& sc) -> task<> {
        sc.spawn(waits_on());
        co_await coda::yield();
        auto const before = coda::test::allocations();
        for (int i = 0; i < 1000; ++i) {
            s.queue.wake_one();
            co_await coda::yield();
        }
        EXPECT_EQ(coda::test::allocations(), before);
        stop = true;
        s.queue.wake_one();
    };
    loop.run(coda::with_scope(body));
}

} // namespace runtime_waiter_test
