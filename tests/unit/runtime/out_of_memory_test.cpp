// SPDX-License-Identifier: BSL-1.0
// Every allocation of a scenario is made to fail, one run after the other: each run ends with std::bad_alloc, with
// nothing leaked, nothing left running and no call of std::terminate.
#include "support/allocations.hpp"
#include "support/manual_loop.hpp"
#include "support/tracked.hpp"

#include <coda/runtime/deadline.hpp>
#include <coda/runtime/event.hpp>
#include <coda/runtime/run.hpp>
#include <coda/runtime/scope.hpp>
#include <coda/runtime/sleep.hpp>
#include <coda/runtime/when_all.hpp>
#include <coda/runtime/when_any.hpp>

#include <gtest/gtest.h>

#include <coroutine>
#include <new>
#include <thread>
#include <vector>

namespace runtime_out_of_memory_test {

using namespace std::chrono_literals;
using coda::operation;
using coda::task;
using coda::test::failing_allocation;
using coda::test::manual_loop;
using coda::test::tally;
using coda::test::tracked;

task<int> child(tracked held) {
    co_await coda::yield();
    co_return held.value;
}
operation<int> op(tracked held) {
    co_await coda::sleep_for(1ms);
    co_return held.value;
}
// Cancelled without an exception: a loser of when_any that runs out of memory is dropped like any other.
operation<> sleeps(tracked) { co_return co_await coda::as_result(coda::sleep_for(1h)); }

task<> tasks(tally& t) {
    tracked const local(t);
    for (int i = 0; i < 3; ++i) {
        int const value = co_await child(tracked(t, i));
        EXPECT_EQ(value, i);
        auto r = co_await coda::as_result(op(tracked(t, i)));
        if (r) {
            EXPECT_EQ(*r, i);
        }
    }
}
task<> all(tally& t) {
    auto values = co_await coda::when_all(child(tracked(t, 1)), op(tracked(t, 2)), coda::yield());
    EXPECT_EQ(std::get<1>(values), 2);
    std::vector<task<int>> many;
    for (int i = 0; i < 4; ++i) many.push_back(child(tracked(t, i)));
    auto list = co_await coda::when_all(std::move(many));
    EXPECT_EQ(list.size(), 4U);
}
task<> any(tally& t) {
    auto first = co_await coda::when_any(sleeps(tracked(t)), op(tracked(t, 2)));
    EXPECT_EQ(first.index(), 1U);
    std::vector<operation<int>> many;
    for (int i = 0; i < 3; ++i) many.push_back(op(tracked(t, i)));
    auto one = co_await coda::when_any(std::move(many));
    EXPECT_EQ(one.index, 0U);
}
task<> timeouts(tally& t) {
    int const value = co_await coda::with_timeout(1s, op(tracked(t, 3)));
    EXPECT_EQ(value, 3);
    auto late = co_await coda::as_result(coda::with_timeout(1ms, sleeps(tracked(t))));
    EXPECT_TRUE(late.has_error());
    co_await coda::shield(coda::with_timeout(1s, child(tracked(t))));
    std::stop_source stop;
    co_await coda::with_stop_token(stop.get_token(), child(tracked(t)));
}
task<> in_a_scope(tally& t) {
    auto const body = [&](coda::scope& s) -> task<> {
        s.spawn(sleeps(tracked(t)));
        auto value = s.spawn(op(tracked(t, 5)));
        auto other = s.spawn(child(tracked(t, 6)));
        EXPECT_EQ(co_await value.join(), 5);
        EXPECT_EQ(co_await other.join(), 6);
        co_await value.cancel();
        s.cancel();
    };
    co_await coda::with_scope(body);
}

struct foreign {
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> h) const { h.resume(); }
    void await_resume() const noexcept {}
};
task<> foreign_awaits(tally& t) {
    tracked const local(t);
    co_await foreign();
    co_await coda::with_timeout(1s, foreign());
    co_await coda::when_all(foreign(), foreign());
}

task<> everything(tally& t) {
    co_await coda::when_all(tasks(t), all(t), any(t), timeouts(t), in_a_scope(t), foreign_awaits(t));
}

struct scenario {
    char const* name;
    task<> (*run)(tally&);
};
constexpr scenario scenarios[] = {
    {"tasks", tasks},           {"when_all", all},          {"when_any", any},
    {"with_timeout", timeouts}, {"with_scope", in_a_scope}, {"foreign_awaiters", foreign_awaits},
    {"everything", everything},
};

class out_of_memory : public testing::TestWithParam<scenario> {
protected:
    // On a thread of its own, whose free lists are empty, so that every frame comes from the heap. The loop and its run
    // are set up before. False when the scenario ended although nothing failed.
    static bool fails_at(std::size_t nth, failing_allocation::then after, task<> (*run)(tally&)) {
        bool happened = false;
        std::thread([&] {
            tally t;
            manual_loop loop;
            auto const root = [&]() -> task<> {
                bool out = false;
                {
                    failing_allocation const failing(nth, after);
                    try {
                        co_await run(t);
                    } catch (std::bad_alloc const&) {
                        out = true;
                    }
                    happened = failing.happened();
                }
                EXPECT_EQ(out, happened);
                EXPECT_EQ(t.alive(), 0);
                co_await coda::yield(); // whatever was still woken would run here
            };
            loop.run(root());
            EXPECT_LT(loop.elapsed(), 1h);
        }).join();
        return happened;
    }

    static void sweep(failing_allocation::then after) {
        fails_at(static_cast<std::size_t>(-2), after, GetParam().run); // what is made once, is made
        auto const before = coda::test::live_allocations();
        std::size_t nth = 0;
        while (fails_at(nth, after, GetParam().run) && !HasFailure()) {
            EXPECT_EQ(coda::test::live_allocations(), before) << "leaked when allocation " << nth << " failed";
            ++nth;
        }
        EXPECT_GE(nth, 3U);
    }
};
INSTANTIATE_TEST_SUITE_P(, out_of_memory, testing::ValuesIn(scenarios), [](auto const& i) { return i.param.name; });

TEST_P(out_of_memory, for_one_allocation_is_a_bad_alloc_and_nothing_else) { sweep(failing_allocation::then::succeed); }
TEST_P(out_of_memory, from_one_allocation_on_is_a_bad_alloc_and_nothing_else) { sweep(failing_allocation::then::fail); }

} // namespace runtime_out_of_memory_test
