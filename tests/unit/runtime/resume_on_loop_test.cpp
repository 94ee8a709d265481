// SPDX-License-Identifier: BSL-1.0
#include "support/manual_loop.hpp"
#include "support/tracked.hpp"

#include <coda/runtime/deadline.hpp>
#include <coda/runtime/operation.hpp>
#include <coda/runtime/scope.hpp>
#include <coda/runtime/when_all.hpp>
#include <coda/runtime/when_any.hpp>

#include <gtest/gtest.h>

#include <coroutine>
#include <stdexcept>
#include <vector>

namespace runtime_resume_on_loop_test {

using namespace std::chrono_literals;
using coda::task;
using coda::test::manual_loop;
using coda::test::tally;
using coda::test::tracked;

// Awaiters that know nothing of coda, in each form that the language has.
struct resumes_inline {
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> h) const { h.resume(); }
    int await_resume() const noexcept { return 1; }
};
struct does_not_suspend {
    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<>) const noexcept { return false; }
    int await_resume() const noexcept { return 2; }
};
struct transfers_back {
    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> h) const noexcept { return h; }
    int await_resume() const noexcept { return 3; }
};
struct is_ready {
    bool await_ready() const noexcept { return true; }
    void await_suspend(std::coroutine_handle<>) const noexcept { FAIL() << "suspended"; }
    int await_resume() const noexcept { return 4; }
};
struct throws_in_suspend {
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<>) const { throw std::runtime_error("on purpose"); }
    int await_resume() const noexcept { return 5; }
};
struct throws_at_the_end {
    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> h) const noexcept { return h; }
    int await_resume() const { throw std::runtime_error("on purpose"); }
};
// Leaves the handle to somebody else, and takes it back when it goes.
struct at_a_bell {
    struct bell {
        void ring() { std::exchange(waiting, {}).resume(); }
        std::coroutine_handle<> waiting;
    };
    explicit at_a_bell(bell& b) noexcept : rung(b) {}
    ~at_a_bell() { rung.waiting = {}; }
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> h) const noexcept { rung.waiting = h; }
    int await_resume() const noexcept { return 6; }
    bell& rung;
};

TEST(resume_on_loop, foreign_awaiters_of_every_form_work) {
    manual_loop loop;
    loop.run([]() -> task<> {
        for (int i = 0; i < 1000; ++i) { // past the budget
            int const inline_ = co_await resumes_inline();
            int const not_suspended = co_await does_not_suspend();
            int const transferred = co_await transfers_back();
            int const ready = co_await is_ready();
            EXPECT_EQ(inline_ + not_suspended + transferred + ready, 10);
        }
    }());
}

TEST(resume_on_loop, exceptions_of_foreign_awaiters_pass) {
    manual_loop loop;
    loop.run([]() -> task<> {
        int caught = 0;
        try {
            co_await throws_in_suspend();
        } catch (std::runtime_error const&) {
            ++caught;
        }
        try {
            co_await throws_at_the_end();
        } catch (std::runtime_error const&) {
            ++caught;
        }
        EXPECT_EQ(caught, 2);
    }());
}

TEST(resume_on_loop, is_never_inside_the_one_who_resumes) {
    manual_loop loop;
    at_a_bell::bell bell;
    bool went_on = false;
    auto const waits = [&]() -> task<> {
        EXPECT_EQ(co_await at_a_bell(bell), 6);
        went_on = true;
    };
    auto const rings = [&]() -> task<> {
        bell.ring();
        EXPECT_FALSE(went_on);
        co_await coda::yield();
        EXPECT_TRUE(went_on);
    };
    loop.run([&]() -> task<> { co_await coda::when_all(waits(), rings()); }());
}

TEST(resume_on_loop, works_under_every_wrapper) {
    manual_loop loop;
    loop.run([]() -> task<> {
        auto r = co_await coda::as_result(resumes_inline());
        EXPECT_EQ(*r, 1);
        EXPECT_EQ(co_await coda::with_timeout(1s, resumes_inline()), 1);
        EXPECT_EQ(co_await coda::shield(transfers_back()), 3);
        auto all = co_await coda::when_all(resumes_inline(), does_not_suspend(), is_ready());
        EXPECT_EQ(all, std::tuple(1, 2, 4));
        auto any = co_await coda::when_any(transfers_back(), transfers_back());
        EXPECT_EQ(any.index(), 0U);
    }());
}

TEST(resume_on_loop, wrapped_is_not_inside_the_one_who_resumes_either) {
    manual_loop loop;
    at_a_bell::bell first, second;
    int went_on = 0;
    auto const waits = [&]() -> task<> {
        auto r = co_await coda::as_result(at_a_bell(first));
        went_on += *r;
    };
    auto const waits_bounded = [&]() -> task<> { went_on += co_await coda::with_timeout(1h, at_a_bell(second)); };
    auto const rings = [&]() -> task<> {
        co_await coda::yield();
        first.ring();
        second.ring();
        EXPECT_EQ(went_on, 0);
        co_await coda::yield();
    };
    loop.run([&]() -> task<> { co_await coda::when_all(waits(), waits_bounded(), rings()); }());
    EXPECT_EQ(went_on, 12);
}

TEST(resume_on_loop, task_destroyed_while_it_waits_takes_the_handle_back) {
    manual_loop loop;
    at_a_bell::bell bell;
    tally t;
    loop.run([&]() -> task<> {
        {
            coda::scope s(co_await coda::this_context());
            auto const waits = [](at_a_bell::bell& b, tracked) -> task<> { co_await at_a_bell(b); };
            s.spawn(waits(bell, tracked(t)));
            co_await coda::yield();
            EXPECT_TRUE(bell.waiting);
        }
        EXPECT_FALSE(bell.waiting);
        EXPECT_EQ(t.alive(), 0);
    }());
}

TEST(resume_on_loop, task_destroyed_after_it_was_resumed_does_not_go_on) {
    manual_loop loop;
    at_a_bell::bell bell;
    tally t;
    loop.run([&]() -> task<> {
        {
            coda::scope s(co_await coda::this_context());
            auto const waits = [](at_a_bell::bell& b, tracked) -> task<> {
                co_await at_a_bell(b);
                ADD_FAILURE() << "went on";
            };
            s.spawn(waits(bell, tracked(t)));
            co_await coda::yield();
            bell.ring(); // ready, but destroyed before its turn
        }
        EXPECT_EQ(t.alive(), 0);
        co_await coda::yield();
    }());
}

} // namespace runtime_resume_on_loop_test
