// SPDX-License-Identifier: BSL-1.0
#include "support/allocations.hpp"
#include "support/cancel_everywhere.hpp"
#include "support/loops.hpp"
#include "support/manual_loop.hpp"
#include "support/tracked.hpp"

#include <coda/runtime/event.hpp>
#include <coda/runtime/fiber.hpp>
#include <coda/runtime/run.hpp>
#include <coda/runtime/sleep.hpp>
#include <coda/runtime/when_all.hpp>

#include <gtest/gtest.h>

#include <csignal>
#include <cstring>

namespace runtime_fiber_test {

using namespace std::chrono_literals;
using coda::as_result;
using coda::errc;
using coda::fiber;
using coda::fiber_options;
using coda::fiber_stacks;
using coda::on_fiber;
using coda::operation;
using coda::result;
using coda::scope;
using coda::sleep_for;
using coda::task;
using coda::test::manual_loop;
using coda::test::tally;
using coda::test::tracked;

TEST(a_fiber, gives_what_its_function_returns) {
    manual_loop loop;
    fiber_stacks stacks;
    auto const body = [&]() -> task<> {
        EXPECT_EQ(co_await on_fiber(stacks, [](fiber&) { return 7; }), 7);
        EXPECT_EQ(co_await on_fiber(stacks, [](fiber&) -> result<std::string> { return std::string(99, 'x'); }),
                  std::string(99, 'x'));
        auto const failed =
            co_await as_result(on_fiber(stacks, [](fiber&) -> result<> { return coda::error(errc::closed); }));
        EXPECT_EQ(failed.error().code(), errc::closed);
        bool called = false;
        co_await on_fiber(stacks, [&](fiber&) { called = true; });
        EXPECT_TRUE(called);
    };
    loop.run(body());
}

TEST(a_fiber, does_not_begin_before_it_is_awaited) {
    fiber_stacks stacks;
    bool called = false;
    {
        auto const never = on_fiber(stacks, [&](fiber&) { called = true; });
    }
    EXPECT_FALSE(called);
}

TEST(a_fiber, waits_while_others_go_on) {
    manual_loop loop;
    fiber_stacks stacks;
    std::string order;
    auto const letters = [&](char c, coda::duration d) {
        return [&order, c, d](fiber& f) {
            for (int i = 0; i < 3; ++i) {
                order += c;
                EXPECT_TRUE(f.wait(sleep_for(d)).has_value());
            }
        };
    };
    auto const body = [&]() -> task<> {
        auto const a = letters('a', 10ms);
        auto const b = letters('b', 25ms);
        co_await coda::when_all(on_fiber(stacks, a), on_fiber(stacks, b));
    };
    loop.run(body());
    EXPECT_EQ(order, "abaabb");
    EXPECT_EQ(loop.elapsed(), 75ms);
}

TEST(a_fiber, waits_for_any_awaitable_and_gets_its_value) {
    manual_loop loop;
    fiber_stacks stacks;
    coda::event set;
    auto const slow_sum = [](int a, int b) -> task<int> {
        co_await sleep_for(1ms);
        co_return a + b;
    };
    auto const failing = []() -> operation<int> {
        co_await coda::yield();
        co_return coda::error(errc::queue_full);
    };
    auto const throwing = []() -> task<int> {
        co_await coda::yield();
        throw std::runtime_error("no coda::exception");
    };
    auto const on_the_fiber = [&](fiber& f) {
        set.set();
        EXPECT_TRUE(f.wait(set.wait()).has_value());
        EXPECT_EQ(f.wait(slow_sum(3, 4)).value(), 7);
        EXPECT_EQ(f.wait(failing()).error().code(), errc::queue_full);
        EXPECT_EQ(f.wait(throwing()).error().code(), errc::cancelled);
        EXPECT_EQ(f.wait(on_fiber(stacks,
                                  [](fiber& inner) {
                                      EXPECT_TRUE(inner.wait(sleep_for(1ms)).has_value());
                                      return 5;
                                  }))
                      .value(),
                  5);
    };
    loop.run([&]() -> task<> { co_await on_fiber(stacks, on_the_fiber); }());
}

TEST(a_fiber, throws_to_the_one_who_awaits_it) {
    manual_loop loop;
    fiber_stacks stacks;
    tally t;
    auto const body = [&]() -> task<> {
        auto const thrower = [&](fiber& f) {
            tracked const here(t);
            EXPECT_TRUE(f.wait(sleep_for(1ms)).has_value());
            throw std::runtime_error("from the depth");
        };
        std::string what;
        try {
            co_await on_fiber(stacks, thrower);
        } catch (std::runtime_error const& e) {
            what = e.what();
        }
        EXPECT_EQ(what, "from the depth");
    };
    loop.run(body());
    EXPECT_EQ(t.alive(), 0);
    EXPECT_EQ(stacks.in_use(), 0u);
}

// An exception that is being handled on one stack is none of the others' business.
TEST(a_fiber, may_wait_while_it_handles_an_exception) {
    manual_loop loop;
    fiber_stacks stacks;
    auto const handler = [&](fiber& f, int number, coda::duration d) {
        try {
            throw number;
        } catch (int) {
            EXPECT_TRUE(f.wait(sleep_for(d)).has_value());
            try {
                throw; // the one of this stack
            } catch (int again) {
                EXPECT_EQ(again, number);
            }
            EXPECT_TRUE(f.wait(sleep_for(d)).has_value());
        }
        EXPECT_EQ(std::uncaught_exceptions(), 0);
        EXPECT_EQ(std::current_exception(), nullptr);
    };
    auto const body = [&]() -> task<> {
        auto const first = [&](fiber& f) { handler(f, 1, 10ms); };
        auto const second = [&](fiber& f) { handler(f, 2, 7ms); };
        auto const plain = [&]() -> task<> {
            for (int i = 0; i < 20; ++i) {
                EXPECT_EQ(std::current_exception(), nullptr);
                co_await sleep_for(1ms);
            }
        };
        co_await coda::when_all(on_fiber(stacks, first), on_fiber(stacks, second), plain());
    };
    loop.run(body());
}

TEST(a_fiber, when_cancelled_ends_its_waits_with_the_reason) {
    manual_loop loop;
    fiber_stacks stacks;
    int failed = 0;
    auto const stubborn = [&](fiber& f) {
        for (int i = 0; i < 5; ++i) failed += f.wait(sleep_for(10s)).has_error() ? 1 : 0;
        auto const last = f.wait(sleep_for(10s));
        EXPECT_EQ(last.error().code(), errc::timed_out);
        return 3;
    };
    auto const body = [&]() -> task<> {
        EXPECT_EQ(co_await coda::with_timeout(1s, on_fiber(stacks, stubborn)), 3) << "it may still succeed";
    };
    loop.run(body());
    EXPECT_EQ(failed, 5);
    EXPECT_EQ(loop.elapsed(), 1s) << "every wait ends at once";
}

TEST(a_fiber, destroyed_while_it_waits_comes_to_its_end) {
    fiber_stacks stacks;
    tally t;
    int cancelled = 0;
    {
        manual_loop loop;
        auto const deep = [&](fiber& f) {
            tracked const here(t);
            for (int i = 0; i < 3; ++i)
                if (auto const r = f.wait(sleep_for(10s)); r.has_error() && r.error().code() == errc::cancelled)
                    ++cancelled;
        };
        auto const body = [&](scope& s) -> task<> {
            s.spawn(on_fiber(stacks, deep));
            s.spawn(on_fiber(stacks, deep));
            co_await coda::yield();
            loop.stop();
            co_await sleep_for(1h);
        };
        EXPECT_THROW(loop.run(coda::with_scope(body)), coda::exception);
    }
    EXPECT_EQ(t.made, 2);
    EXPECT_EQ(t.alive(), 0);
    EXPECT_EQ(cancelled, 6);
    EXPECT_EQ(stacks.in_use(), 0u);
}

TEST(a_fiber, that_never_has_to_wait_lets_timers_fire) {
    manual_loop loop;
    fiber_stacks stacks;
    coda::event set;
    set.set();
    bool fired = false;
    auto const busy = [&](fiber& f) {
        int n = 0;
        for (; !fired && n < 100'000'000; ++n) {
            EXPECT_TRUE(f.wait(set.wait()).has_value());
            if (n == 1000) loop.advance(1s);
        }
        return n;
    };
    auto const body = [&](scope& s) -> task<> {
        auto const timer = [&]() -> task<> {
            co_await sleep_for(1s);
            fired = true;
        };
        s.spawn(timer());
        EXPECT_LT(co_await on_fiber(stacks, busy), 10'000'000);
    };
    loop.run(coda::with_scope(body));
}

TEST(a_fiber, allocates_nothing_once_warm) {
    manual_loop loop;
    fiber_stacks stacks;
    auto const body = [&]() -> task<> {
        auto const two_waits = [](fiber& f) {
            EXPECT_TRUE(f.wait(sleep_for(1ms)).has_value());
            EXPECT_TRUE(f.wait(sleep_for(1ms)).has_value());
            return 1;
        };
        EXPECT_EQ(co_await on_fiber(stacks, two_waits), 1);
        auto const before = coda::test::allocations();
        for (int i = 0; i < 100; ++i) EXPECT_EQ(co_await on_fiber(stacks, two_waits), 1);
#if !defined(CODA_FRAMES_FROM_HEAP)
        EXPECT_EQ(coda::test::allocations(), before);
#else
        static_cast<void>(before);
#endif
    };
    loop.run(body());
}

TEST(a_fiber, without_memory_for_a_stack_throws) {
    manual_loop loop;
    fiber_stacks stacks;
    auto const body = [&]() -> task<> {
        int refused = 0;
        for (std::size_t passing = 0; passing < 10; ++passing) {
            fiber_stacks fresh;
            try {
                auto pending = on_fiber(fresh, [](fiber&) { return 1; });
                coda::test::failing_allocation const fails(passing);
                EXPECT_EQ(co_await std::move(pending), 1);
            } catch (std::bad_alloc const&) {
                ++refused;
            }
            EXPECT_EQ(fresh.in_use(), 0u);
            EXPECT_EQ(co_await on_fiber(fresh, [](fiber&) { return 2; }), 2);
        }
        EXPECT_GT(refused, 0);
        EXPECT_LT(refused, 10);
    };
    loop.run(body());
}

using a_fiber_on_a_real_loop = coda::test::on_every_loop;
CODA_ON_EVERY_LOOP(a_fiber_on_a_real_loop);

TEST_P(a_fiber_on_a_real_loop, runs_with_a_thousand_others) {
    fiber_stacks stacks({.stack_size = 64 << 10, .max_idle = 10});
    int ended = 0;
    auto const body = [&](scope& s) -> task<> {
        auto const waits = [&](fiber& f) {
            for (int i = 0; i < 3; ++i) EXPECT_TRUE(f.wait(sleep_for(1ms)).has_value());
            ++ended;
        };
        for (int i = 0; i < 1000; ++i) s.spawn(on_fiber(stacks, waits));
        co_await coda::yield();
        EXPECT_EQ(stacks.in_use(), 1000u);
    };
    run(coda::with_scope(body));
    EXPECT_EQ(ended, 1000);
    EXPECT_EQ(stacks.in_use(), 0u);
    EXPECT_EQ(stacks.idle(), 10u);
}

TEST_P(a_fiber_on_a_real_loop, can_be_cancelled_at_every_wait) {
    fiber_stacks stacks;
    tally t;
    auto const attempt = [&]() -> task<bool> {
        auto const waits = [&](fiber& f) -> result<> {
            tracked const here(t);
            for (int i = 0; i < 4; ++i)
                if (auto const r = f.wait(sleep_for(1ms)); r.has_error()) return r.error();
            return {};
        };
        auto const ended = co_await as_result(on_fiber(stacks, waits));
        co_return ended.has_value();
    };
    EXPECT_GT(run(coda::test::cancel_everywhere(attempt)), 3);
    EXPECT_EQ(t.alive(), 0);
    EXPECT_EQ(stacks.in_use(), 0u);
}

TEST(fiber_stacks, are_used_again) {
    manual_loop loop;
    fiber_stacks stacks;
    auto const body = [&]() -> task<> {
        for (int i = 0; i < 10; ++i) co_await on_fiber(stacks, [](fiber&) {});
    };
    loop.run(body());
    EXPECT_EQ(stacks.idle(), 1u);
}

[[gnu::noinline]] int use_stack(std::size_t bytes) {
    auto* const memory = static_cast<char volatile*>(__builtin_alloca(bytes));
    for (std::size_t i = 0; i < bytes; i += 512) memory[i] = static_cast<char>(i);
    return memory[bytes / 2];
}

TEST(fiber_stacks, tell_how_much_was_used) {
    manual_loop loop;
    fiber_stacks stacks({.stack_size = 1 << 20});
    auto const use = [&](std::size_t bytes) {
        auto const body = [&]() -> task<> { co_await on_fiber(stacks, [&](fiber&) { use_stack(bytes); }); };
        loop.run(body());
        return stacks.high_water_mark();
    };
    EXPECT_EQ(stacks.high_water_mark(), 0u);
    EXPECT_LT(use(1 << 10), 64u << 10);
    auto const much = use(300 << 10);
    EXPECT_GE(much, 300u << 10);
    EXPECT_LT(much, 400u << 10);
    EXPECT_EQ(use(1 << 10), much);
}

TEST(fiber_stacks, remember_the_use_of_stacks_that_were_not_kept) {
    manual_loop loop;
    fiber_stacks stacks({.stack_size = 1 << 20, .max_idle = 0});
    auto const body = [&]() -> task<> { co_await on_fiber(stacks, [](fiber&) { use_stack(300 << 10); }); };
    loop.run(body());
    EXPECT_EQ(stacks.idle(), 0u);
    EXPECT_GE(stacks.high_water_mark(), 300u << 10);
}

TEST(fiber_stacks, refuse_options_out_of_range) {
    auto const message = [](fiber_options o) -> std::string {
        try {
            fiber_stacks const stacks(o);
        } catch (coda::exception const& e) {
            EXPECT_EQ(e.code(), errc::invalid_argument);
            return e.what();
        }
        return "accepted";
    };
    EXPECT_EQ(message({.stack_size = 1024}), "stack_size must be 16384 to 67108864, not 1024");
    EXPECT_EQ(message({.max_idle = 100'001}), "max_idle must be 0 to 100000, not 100001");
    EXPECT_EQ(message({.stack_size = 16384, .max_idle = 0}), "accepted");
}

[[gnu::noinline]] int endless(int depth) {
    char volatile here[512];
    here[0] = static_cast<char>(depth);
    return depth < 0 ? 0 : endless(depth + 1) + here[0];
}

TEST(fiber_stacks_deathtest, end_the_program_when_one_overflows) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    auto const overflow = [] {
        manual_loop loop;
        fiber_stacks stacks;
        auto const body = [&]() -> task<> { co_await on_fiber(stacks, [](fiber&) { return endless(0); }); };
        loop.run(body());
    };
    EXPECT_DEATH(overflow(), "");
}

} // namespace runtime_fiber_test
