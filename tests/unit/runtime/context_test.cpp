// SPDX-License-Identifier: BSL-1.0
#include "support/manual_loop.hpp"

#include <coda/runtime/cancellation.hpp>
#include <coda/runtime/context.hpp>
#include <coda/runtime/deadline.hpp>
#include <coda/runtime/operation.hpp>
#include <coda/runtime/sleep.hpp>
#include <coda/runtime/task.hpp>
#include <coda/runtime/this_context.hpp>
#include <coda/runtime/when_all.hpp>
#include <coda/runtime/when_any.hpp>

#include <gtest/gtest.h>

#include <coroutine>
#include <vector>

namespace runtime_context_test {

using namespace std::chrono_literals;
using coda::context;
using coda::task;
using coda::this_context;
using coda::test::manual_loop;

// What anyone may write: an awaiter that is handed the context.
struct sees_context {
    context const* seen = nullptr;
    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<>, context const* ctx) noexcept {
        seen = ctx;
        return false;
    }
    context const* await_resume() const noexcept { return seen; }
};

task<context const*> seen_by_child() { co_return co_await sees_context(); }

TEST(context, reaches_an_awaiter_by_pointer) {
    manual_loop loop;
    loop.run([](coda::loop& l) -> task<> {
        auto const* seen = co_await sees_context();
        EXPECT_EQ(seen->loop, &l);
        EXPECT_EQ(seen->deadline, coda::no_deadline);
        EXPECT_EQ(seen->trace, nullptr);
        EXPECT_FALSE(seen->cancel.requested());
    }(loop));
}

TEST(context, is_the_same_for_a_child) {
    manual_loop loop;
    loop.run([]() -> task<> {
        auto const* mine = co_await sees_context();
        auto const* childs = co_await seen_by_child();
        EXPECT_EQ(mine, childs);
        auto const* wrapped = *co_await coda::as_result(seen_by_child());
        EXPECT_EQ(mine, wrapped);
    }());
}

TEST(context, lives_as_long_as_the_task) {
    manual_loop loop;
    loop.run([](coda::loop& l) -> task<> {
        context const& mine = co_await this_context();
        co_await coda::sleep_for(1s);
        co_await coda::yield();
        EXPECT_EQ(mine.loop, &l);
        EXPECT_EQ(&co_await this_context(), &mine);
    }(loop));
}

TEST(context, of_concurrent_children_keeps_loop_deadline_and_trace) {
    manual_loop loop;
    loop.run([]() -> task<> {
        coda::trace_context trace;
        trace.flags = 9;
        auto const child = []() -> task<context> { co_return co_await this_context(); };
        auto const parent = [&]() -> task<> {
            context const& mine = co_await this_context();
            auto all = co_await coda::when_all(child(), coda::when_any(child()));
            auto const seen = {std::get<0>(all), std::get<0>(std::get<1>(all))};
            for (context const& c : seen) {
                EXPECT_EQ(c.loop, mine.loop);
                EXPECT_EQ(c.deadline, mine.deadline);
                EXPECT_EQ(c.trace, mine.trace);
            }
        };
        co_await coda::with_timeout(5s, coda::with_trace(trace, parent()));
    }());
}

TEST(in_context, changes_the_context_of_one_await_only) {
    manual_loop loop;
    loop.run([]() -> task<> {
        context const& mine = co_await this_context();
        context other = mine;
        other.deadline = mine.loop->now() + 1s;
        auto const* inside = co_await coda::in_context(other, seen_by_child());
        auto const* direct = co_await coda::in_context(other, sees_context());
        auto const* after = co_await seen_by_child();
        EXPECT_EQ(inside, &other);
        EXPECT_EQ(direct, &other);
        EXPECT_EQ(after, &mine);
    }());
}

TEST(with_trace, is_inherited_below_and_restored_above) {
    manual_loop loop;
    loop.run([]() -> task<> {
        coda::trace_context trace;
        trace.trace_id[0] = 0xab;
        trace.span_id[7] = 0xcd;
        trace.flags = 1;
        auto const child = []() -> task<coda::trace_context> {
            context const& c = co_await this_context();
            co_return c.trace != nullptr ? *c.trace : coda::trace_context();
        };
        auto const inside = co_await coda::with_trace(trace, child());
        trace.flags = 0; // it was copied
        EXPECT_EQ(inside.trace_id[0], 0xab);
        EXPECT_EQ(inside.span_id[7], 0xcd);
        EXPECT_EQ(inside.flags, 1);
        auto const shielded = co_await coda::with_trace(trace, coda::shield(child()));
        EXPECT_EQ(shielded.trace_id[0], 0xab);
        auto const outside = co_await child();
        EXPECT_EQ(outside.trace_id[0], 0);
    }());
}

TEST(yield, lets_all_that_is_ready_run_first) {
    manual_loop loop;
    std::vector<int> order;
    auto const note = [&](int first) -> task<> {
        order.push_back(first);
        co_await coda::yield();
        order.push_back(first + 10);
        co_await coda::yield();
        order.push_back(first + 20);
    };
    auto const root = [&]() -> task<> { co_await coda::when_all(note(1), note(2), note(3)); };
    loop.run(root());
    EXPECT_EQ(order, (std::vector{1, 2, 3, 11, 12, 13, 21, 22, 23}));
}

TEST(yield, is_no_cancellation_point) {
    manual_loop loop;
    loop.run([]() -> task<> {
        coda::cancel_source source;
        source.request();
        auto const child = []() -> task<int> {
            co_await coda::yield();
            co_return 1;
        };
        EXPECT_EQ(co_await coda::with_cancellation(source.token(), child()), 1);
    }());
}

} // namespace runtime_context_test
