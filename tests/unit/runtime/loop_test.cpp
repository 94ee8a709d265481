// SPDX-License-Identifier: BSL-1.0
#include "support/loops.hpp"
#include "support/tracked.hpp"

#include <coda/runtime/event.hpp>
#include <coda/runtime/loop.hpp>
#include <coda/runtime/scope.hpp>
#include <coda/runtime/sleep.hpp>
#include <coda/runtime/this_context.hpp>
#include <coda/runtime/wait_ready.hpp>

#include <boost/system/system_error.hpp>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace runtime_loop_test {

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

// With nothing else to wake the loop.
TEST_P(a_loop, timer_of_the_first_moment_there_is_fires) {
    coda::event fired;
    timer_call t([&] { fired.set(); });
    run([&]() -> task<> {
        loop().arm(t, coda::time_point::min());
        co_await fired.wait();
    }());
    EXPECT_TRUE(fired.is_set());
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

// Leaves a task that waits for an event, and one that waits for a descriptor.
void destroy_with_waits(coda::test::loop_kind kind) {
    tally t;
    int const never = eventfd(0, EFD_CLOEXEC);
    auto own = coda::test::make_loop(kind);
    coda::event e;
    {
        coda::scope s(*own);
        auto const event_waiter = [](coda::event& on, tracked) -> task<> { co_await on.wait(); };
        auto const fd_waiter = [](int fd, tracked) -> task<> { co_await coda::wait_ready(fd, coda::readiness::read); };
        s.spawn(event_waiter(e, tracked(t)));
        s.spawn(fd_waiter(never, tracked(t)));
        own->run([]() -> task<> { co_await coda::sleep_for(1ms); }());
        own.reset();
        EXPECT_EQ(t.alive(), 2);
    }
    EXPECT_EQ(t.alive(), 0);
    close(never);
}

// Leaves a watch that wants something which is there, and goes on using it.
void destroy_with_watch(coda::test::loop_kind kind) {
    int const ready = eventfd(1, EFD_CLOEXEC);
    auto own = coda::test::make_loop(kind);
    std::optional<coda::fd_watch> watch;
    int told = 0;
    watch.emplace(*own, ready, [](void* n, coda::readiness) noexcept { ++*static_cast<int*>(n); }, &told);
    watch->want(coda::readiness::read);
    own->run([](int& n) -> task<> {
        while (n == 0) co_await coda::yield();
    }(told));
    own.reset();
    int const before = told;
    watch->want(coda::readiness::none);
    watch->want(coda::readiness::both);
    EXPECT_EQ(watch->wanted(), coda::readiness::both);
    EXPECT_EQ(watch->fd(), ready);
    watch.reset();
    EXPECT_EQ(told, before);
    close(ready);
}

// Tries to run a loop that runs; gives what came of it.
void run_again(coda::loop& l) {
    bool began = false;
    try {
        l.run([](bool& b) -> task<> {
            b = true;
            co_return;
        }(began));
        FAIL() << "ran";
    } catch (coda::exception const& e) {
        EXPECT_EQ(e.code(), coda::errc::invalid_argument);
        EXPECT_STREQ(e.what(), "loop::run: the loop runs already");
    }
    EXPECT_FALSE(began);
    EXPECT_THROW(l.run(), coda::exception);
}

void run_within_a_task(coda::test::loop_kind kind) {
    auto const own = coda::test::make_loop(kind);
    own->run([](coda::loop& l) -> task<> {
        run_again(l);
        co_await coda::sleep_for(1ms); // and the loop is none the worse
    }(*own));
    own->run([]() -> task<> { co_return; }());
}
void run_within_a_callback(coda::test::loop_kind kind) {
    auto const own = coda::test::make_loop(kind);
    own->post([&] {
        run_again(*own);
        own->stop();
    });
    own->run();
}
void run_on_another_thread(coda::test::loop_kind kind) {
    auto const own = coda::test::make_loop(kind);
    own->run([](coda::loop& l) -> task<> {
        std::thread([&] { run_again(l); }).join();
        co_return;
    }(*own));
}

#ifdef NDEBUG

TEST(loop_misuse, resuming_from_another_thread_is_brought_to_the_loops_own) { set_from_another_thread(); }

TEST_P(a_loop, runs_once_at_a_time) {
    run_within_a_task(GetParam());
    run_within_a_callback(GetParam());
    run_on_another_thread(GetParam());
}

TEST_P(a_loop, cannot_be_made_where_no_descriptor_is_left) {
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
    rlimit none = before;
    none.rlim_cur = 0;
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
    EXPECT_THROW(coda::test::make_loop(GetParam()), boost::system::system_error);
    setrlimit(RLIMIT_NOFILE, &before);
    EXPECT_NE(coda::test::make_loop(GetParam()), nullptr);
}

TEST_P(a_loop, destroyed_under_waits_and_watches_leaves_them_harmless) {
    destroy_with_waits(GetParam());
    destroy_with_watch(GetParam());
}

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
    EXPECT_DEATH(destroy_with_waits(GetParam()), "destroyed with descriptors watched");
    EXPECT_DEATH(destroy_with_watch(GetParam()), "destroyed with descriptors watched");
}
TEST_P(loop_misuse_death_test, running_twice_asserts) {
    EXPECT_DEATH(run_within_a_task(GetParam()), "a loop that runs already");
    EXPECT_DEATH(run_within_a_callback(GetParam()), "a loop that runs already");
    EXPECT_DEATH(run_on_another_thread(GetParam()), "a loop that runs already");
}
TEST_P(loop_misuse_death_test, use_from_another_thread_asserts) {
    auto const elsewhere = [this](std::function<void()> f) {
        run([](std::function<void()> misuse) -> task<> {
            std::thread(misuse).join();
            co_return;
        }(std::move(f)));
    };
    timer_call unarmed([] {}), armed([] {});
    deferred_call d([] {});
    int const fd = eventfd(0, EFD_CLOEXEC);
    coda::fd_watch watch(loop(), fd, [](void*, coda::readiness) noexcept {}, nullptr);
    EXPECT_DEATH(elsewhere([&] { loop().arm(unarmed, coda::time_point()); }), "armed on a thread that is not");
    EXPECT_DEATH(elsewhere([&] { loop().defer(d); }), "deferred on a thread that is not");
    EXPECT_DEATH(elsewhere([&] { watch.want(coda::readiness::read); }), "a watch was used on another thread");
    loop().arm(armed, loop().now() + 1h);
    EXPECT_DEATH(elsewhere([&] { loop().disarm(armed); }), "disarmed on a thread that is not");
    loop().disarm(armed);
    elsewhere([&] { loop().disarm(unarmed); }); // nothing to do
    close(fd);
}

#endif

} // namespace runtime_loop_test
