// SPDX-License-Identifier: BSL-1.0
#include "support/loops.hpp"

#include <coda/runtime/deadline.hpp>
#include <coda/runtime/loop_group.hpp>
#include <coda/runtime/scope.hpp>
#include <coda/runtime/sleep.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>

#include <atomic>
#include <csignal>
#include <memory>
#include <numeric>
#include <set>
#include <string>

namespace runtime_loop_group_thread_test {

using namespace std::chrono_literals;
using coda::errc;
using coda::run_on;
using ::testing::HasSubstr;

coda::loop_group_options shape(coda::test::loop_kind kind, std::size_t loops) {
    return {.loops = loops,
            .backend = kind == coda::test::loop_kind::ev ? coda::loop_backend::ev : coda::loop_backend::asio};
}

// The caller's loop is of one backend, the group's loops too.
class a_loop_group : public coda::test::on_every_loop {
protected:
    coda::loop_group group_{shape(GetParam(), 2)};
};
CODA_ON_EVERY_LOOP(a_loop_group);

coda::task<std::thread::id> this_thread() { co_return std::this_thread::get_id(); }

coda::task<> wait_until_cancelled(std::atomic<bool>* began = nullptr) {
    if (began != nullptr) *began = true;
    coda::event never;
    co_await never.wait();
}

TEST_P(a_loop_group, runs_each_loop_on_a_thread_of_its_own) {
    auto body = [](coda::loop_group& group) -> coda::task<> {
        std::set<std::thread::id> threads;
        threads.insert(std::this_thread::get_id());
        threads.insert(co_await run_on(group[0], this_thread()));
        threads.insert(co_await run_on(group[1], this_thread()));
        EXPECT_EQ(threads.size(), 3U);
        auto const again = co_await run_on(group[0], this_thread());
        EXPECT_TRUE(threads.contains(again));
    };
    EXPECT_EQ(group_.size(), 2U);
    run(body(group_));
}

TEST_P(a_loop_group, runs_what_is_posted_on_the_loop_it_is_posted_to) {
    std::thread::id posted;
    auto body = [](coda::loop_group& group, std::thread::id& id) -> coda::task<> {
        group.post(1, [&id] { id = std::this_thread::get_id(); });
        auto const there = co_await run_on(group[1], this_thread());
        EXPECT_EQ(id, there);
    };
    run(body(group_, posted));
}

TEST_P(a_loop_group, brings_values_errors_and_exceptions_home) {
    auto text = []() -> coda::task<std::string> { co_return std::string(100, 'x'); };
    auto owner = []() -> coda::task<std::unique_ptr<int>> { co_return std::make_unique<int>(3); };
    auto fails = []() -> coda::operation<int> { co_return coda::error(errc::protocol_error); };
    auto throws = []() -> coda::task<int> {
        co_await coda::yield();
        throw std::out_of_range("far");
    };
    auto nothing = []() -> coda::task<> { co_return; };
    auto body = [&](coda::loop_group& group) -> coda::task<> {
        auto const home = std::this_thread::get_id();
        auto const t = co_await run_on(group[0], text());
        EXPECT_EQ(t, std::string(100, 'x'));
        auto const o = co_await run_on(group[1], owner());
        EXPECT_EQ(*o, 3);
        auto const f = co_await coda::as_result(run_on(group[0], fails()));
        EXPECT_EQ(f.error().code(), errc::protocol_error);
        bool caught = false;
        try {
            co_await run_on(group[0], throws());
        } catch (std::out_of_range const&) {
            caught = true;
        }
        EXPECT_TRUE(caught);
        co_await run_on(group[1], nothing());
        EXPECT_EQ(std::this_thread::get_id(), home);
    };
    run(body(group_));
}

TEST_P(a_loop_group, hands_on_deadline_and_trace) {
    auto there = []() -> coda::task<> {
        coda::context const& ctx = co_await coda::this_context();
        EXPECT_NE(ctx.deadline, coda::no_deadline);
        EXPECT_NE(ctx.trace, nullptr);
        if (ctx.trace != nullptr) {
            EXPECT_EQ(ctx.trace->span_id[0], 7);
        }
    };
    auto body = [&](coda::loop_group& group) -> coda::task<> {
        coda::trace_context trace;
        trace.span_id[0] = 7;
        co_await coda::with_trace(trace, coda::with_timeout(1h, run_on(group[0], there())));
    };
    run(body(group_));
}

TEST_P(a_loop_group, cancels_the_task_there_and_resumes_when_it_has_ended) {
    std::atomic<bool> ended = false;
    auto cleans_up = [](std::atomic<bool>& e) -> coda::task<> {
        auto r = co_await coda::as_result(wait_until_cancelled());
        co_await coda::shield(coda::sleep_for(5ms)); // its clean-up
        e = true;
        if (r.has_error()) throw coda::exception(r.error());
    };
    auto body = [&](coda::loop_group& group) -> coda::task<> {
        auto const r = co_await coda::as_result(coda::with_timeout(2ms, run_on(group[0], cleans_up(ended))));
        EXPECT_TRUE(ended);
        EXPECT_EQ(r.error().code(), errc::timed_out);
    };
    run(body(group_));
}

TEST_P(a_loop_group, gives_the_value_of_a_task_that_ends_as_it_is_cancelled) {
    auto stubborn = []() -> coda::task<int> {
        static_cast<void>(co_await coda::as_result(wait_until_cancelled()));
        co_return 5;
    };
    auto body = [&](coda::loop_group& group) -> coda::task<> {
        auto const v = co_await coda::with_timeout(1ms, run_on(group[0], stubborn()));
        EXPECT_EQ(v, 5);
    };
    run(body(group_));
}

TEST_P(a_loop_group, does_not_start_what_is_cancelled_already) {
    auto body = [](coda::loop_group& group) -> coda::task<> {
        std::atomic<bool> began = false;
        auto const r =
            co_await coda::as_result(coda::with_timeout(0ms, run_on(group[0], wait_until_cancelled(&began))));
        EXPECT_EQ(r.error().code(), errc::timed_out);
        EXPECT_FALSE(began);
    };
    run(body(group_));
}

TEST_P(a_loop_group, ends_each_task_once_when_cancellation_crosses_its_end) {
    auto soon = [](int i) -> coda::task<int> {
        for (int n = 0; n < i % 7; ++n) co_await coda::yield();
        co_return i;
    };
    auto body = [&](coda::loop_group& group) -> coda::task<> {
        for (int i = 0; i < 2'000; ++i) {
            auto r = co_await coda::as_result(coda::with_timeout(
                std::chrono::microseconds(1 + i % 40), run_on(group[static_cast<std::size_t>(i) % 2], soon(i))));
            EXPECT_EQ(r.has_value() ? *r : i, i);
        }
    };
    run(body(group_));
}

TEST_P(a_loop_group, runs_tasks_back_and_forth) {
    auto back = [](coda::loop& home) -> coda::task<std::thread::id> { co_return co_await run_on(home, this_thread()); };
    auto body = [&](coda::loop_group& group, coda::loop& home) -> coda::task<> {
        for (int i = 0; i < 200; ++i) {
            auto const id = co_await run_on(group[0], back(home));
            EXPECT_EQ(id, std::this_thread::get_id());
            auto const other = co_await run_on(group[0], back(group[1]));
            EXPECT_NE(other, id);
        }
    };
    run(body(group_, loop()));
}

TEST_P(a_loop_group, runs_on_its_own_loop_too) {
    auto body = [](coda::loop& home) -> coda::task<> {
        auto const id = co_await run_on(home, this_thread());
        EXPECT_EQ(id, std::this_thread::get_id());
        auto const r = co_await coda::as_result(coda::with_timeout(1ms, run_on(home, wait_until_cancelled())));
        EXPECT_EQ(r.error().code(), errc::timed_out);
    };
    run(body(loop()));
}

TEST_P(a_loop_group, runs_one_task_on_each_loop) {
    auto id = [](std::size_t i) -> coda::task<std::pair<std::size_t, std::thread::id>> {
        co_return std::pair(i, std::this_thread::get_id());
    };
    auto body = [&](coda::loop_group& group) -> coda::task<> {
        auto const all = co_await coda::run_on_each(group, id);
        EXPECT_EQ(all.size(), 2U);
        EXPECT_EQ(all[0].first, 0U);
        EXPECT_EQ(all[1].first, 1U);
        EXPECT_NE(all[0].second, all[1].second);
    };
    run(body(group_));
}

TEST_P(a_loop_group, cancels_the_rest_when_one_of_each_fails) {
    auto work = [](std::size_t i) -> coda::task<> {
        if (i == 1) throw coda::exception(coda::error(errc::connection_lost));
        co_await wait_until_cancelled();
    };
    auto body = [&](coda::loop_group& group) -> coda::task<> {
        auto const r = co_await coda::as_result(coda::run_on_each(group, work));
        EXPECT_EQ(r.error().code(), errc::connection_lost);
    };
    run(body(group_));
}

// The caller's loop is stopped: its tasks are destroyed, and with them what they refer to.
TEST_P(a_loop_group, destroys_the_task_there_before_a_destroyed_caller_goes) {
    auto there = [](int& callers, std::shared_ptr<int>, coda::loop& home) -> coda::task<> {
        home.post([&home] { home.stop(); });
        for (;;) {
            ++callers;
            co_await coda::yield();
        }
    };
    auto const held = std::make_shared<int>();
    auto body = [&](coda::loop_group& group, coda::loop& home) -> coda::task<> {
        auto local = std::make_unique<int>(0); // used by the other thread until it is gone
        co_await run_on(group[0], there(*local, held, home));
    };
    EXPECT_THROW(run(body(group_, loop())), coda::exception);
    EXPECT_EQ(held.use_count(), 1);
}

TEST_P(a_loop_group, destroys_a_chain_of_tasks_that_comes_back_to_a_loop) {
    auto const held = std::make_shared<int>();
    auto last = [](coda::loop& home, std::shared_ptr<int>) -> coda::task<> {
        home.post([&home] { home.stop(); });
        co_await wait_until_cancelled();
    };
    auto on_second = [&](coda::loop_group& group, coda::loop& home) -> coda::task<> {
        co_await run_on(group[0], last(home, held));
    };
    auto on_first = [&](coda::loop_group& group, coda::loop& home) -> coda::task<> {
        co_await run_on(group[1], on_second(group, home));
    };
    auto body = [&](coda::loop_group& group, coda::loop& home) -> coda::task<> {
        co_await run_on(group[0], on_first(group, home));
    };
    for (int i = 0; i < 20; ++i) {
        EXPECT_THROW(run(body(group_, loop())), coda::exception);
        EXPECT_EQ(held.use_count(), 1);
    }
}

TEST_P(a_loop_group, destroys_a_chain_of_tasks_that_comes_back_to_the_loop_that_was_stopped) {
    auto const held = std::make_shared<int>();
    auto last = [](coda::loop& home, std::shared_ptr<int>) -> coda::task<> {
        home.stop();
        co_await wait_until_cancelled();
    };
    auto on_first = [&](coda::loop& home) -> coda::task<> { co_await run_on(home, last(home, held)); };
    auto body = [&](coda::loop_group& group, coda::loop& home) -> coda::task<> {
        co_await run_on(group[0], on_first(home));
    };
    for (int i = 0; i < 20; ++i) {
        EXPECT_THROW(run(body(group_, loop())), coda::exception);
        EXPECT_EQ(held.use_count(), 1);
    }
}

// Each loop's task waits for one on the other loop when both are stopped.
TEST_P(a_loop_group, or_any_loops_that_wait_for_each_other_can_be_stopped_at_once) {
    auto const held = std::make_shared<int>();
    auto there = [](std::atomic<int>& began, std::shared_ptr<int>) -> coda::task<> {
        ++began;
        co_await wait_until_cancelled();
    };
    for (int i = 0; i < 50; ++i) {
        auto const one = coda::test::make_loop(GetParam());
        auto const other = coda::test::make_loop(GetParam());
        std::atomic<int> began = 0;
        auto body = [&](coda::loop& away) -> coda::task<> { co_await run_on(away, there(began, held)); };
        auto runs = [&](coda::loop& home, coda::loop& away) {
            return std::thread([&] { EXPECT_THROW(home.run(body(away)), coda::exception); });
        };
        auto first = runs(*one, *other);
        auto second = runs(*other, *one);
        while (began < 2) std::this_thread::yield();
        one->stop();
        other->stop();
        first.join();
        second.join();
        EXPECT_EQ(held.use_count(), 1);
    }
}

TEST_P(a_loop_group, has_loops_that_destroy_callers_of_each_other_at_once) {
    auto const held = std::make_shared<int>();
    auto there = [](std::shared_ptr<int>) -> coda::task<> { co_await wait_until_cancelled(); };
    auto destroys_callers = [&](coda::loop& other) -> coda::task<> {
        for (int i = 0; i < 200; ++i) {
            coda::scope s(co_await coda::this_context());
            for (int n = 0; n < 3; ++n) s.spawn(run_on(other, there(held)));
            for (int n = 0; n < i % 5; ++n) co_await coda::yield();
        }
    };
    auto body = [&](coda::loop_group& group) -> coda::task<> {
        co_await coda::when_all(run_on(group[0], destroys_callers(group[1])),
                                run_on(group[1], destroys_callers(group[0])));
    };
    run(body(group_));
    EXPECT_EQ(held.use_count(), 1);
}

TEST_P(a_loop_group, carries_many_tasks_at_once) {
    auto work = [](int i) -> coda::task<int> {
        co_await coda::sleep_for(std::chrono::microseconds(i % 100));
        co_return i;
    };
    auto body = [&](coda::loop_group& group) -> coda::task<long> {
        std::vector<coda::operation<int>> all;
        for (int i = 0; i < 2'000; ++i)
            all.push_back(run_on(group[static_cast<std::size_t>(i) % group.size()], work(i)));
        auto const values = co_await coda::when_all(std::move(all));
        co_return std::accumulate(values.begin(), values.end(), 0L);
    };
    EXPECT_EQ(run(body(group_)), 1999L * 2000 / 2);
}

TEST_P(a_loop_group, destroys_uncalled_what_is_posted_as_it_goes) {
    auto const held = std::make_shared<int>();
    for (int i = 0; i < 50; ++i) {
        coda::loop_group group(shape(GetParam(), 3));
        for (std::size_t n = 0; n < 30; ++n) group.post(n % 3, [held] {});
    }
    EXPECT_EQ(held.use_count(), 1);
}

TEST_P(a_loop_group, has_threads_that_take_no_signals) {
    auto blocked = []() -> coda::task<bool> {
        sigset_t now;
        sigemptyset(&now);
        pthread_sigmask(SIG_BLOCK, nullptr, &now);
        co_return sigismember(&now, SIGINT) == 1 && sigismember(&now, SIGTERM) == 1;
    };
    auto body = [&](coda::loop_group& group) -> coda::task<> {
        auto const is = co_await run_on(group[0], blocked());
        EXPECT_TRUE(is);
    };
    run(body(group_));
}

TEST_P(a_loop_group, has_by_default_a_loop_for_each_usable_cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    ASSERT_EQ(sched_getaffinity(0, sizeof set, &set), 0);
    coda::loop_group const group(shape(GetParam(), 0));
    EXPECT_EQ(group.size(), static_cast<std::size_t>(CPU_COUNT(&set)));
}

TEST_P(a_loop_group, ties_each_thread_to_one_cpu_when_asked) {
    auto cpus = [](std::size_t) -> coda::task<int> {
        cpu_set_t set;
        CPU_ZERO(&set);
        sched_getaffinity(0, sizeof set, &set);
        co_return CPU_COUNT(&set);
    };
    auto options = shape(GetParam(), 3);
    options.pin = true;
    coda::loop_group group(options);
    auto body = [&]() -> coda::task<> {
        auto const counts = co_await coda::run_on_each(group, cpus);
        EXPECT_THAT(counts, ::testing::ElementsAre(1, 1, 1));
    };
    run(body());
}

TEST(loop_group_options, out_of_range_are_refused_by_name) {
    auto complaint = [](coda::loop_group_options options) -> std::string {
        try {
            coda::loop_group group(options);
        } catch (coda::exception const& e) {
            EXPECT_EQ(e.code(), errc::invalid_argument);
            return e.what();
        }
        return "none";
    };
    EXPECT_THAT(complaint({.loops = 1025}), HasSubstr("loop_group_options.loops must be 0 to 1024, not 1025"));
    EXPECT_THAT(complaint({.loops = 1, .backend = static_cast<coda::loop_backend>(9)}),
                HasSubstr("loop_group_options.backend is 9"));
}

} // namespace runtime_loop_group_thread_test
