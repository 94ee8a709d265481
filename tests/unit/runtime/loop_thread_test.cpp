// SPDX-License-Identifier: BSL-1.0
#include "support/loops.hpp"
#include "support/tracked.hpp"

#include <coda/runtime/event.hpp>
#include <coda/runtime/loop.hpp>
#include <coda/runtime/sleep.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <numeric>
#include <thread>
#include <vector>

namespace runtime_loop_thread_test {

using namespace std::chrono_literals;
using coda::errc;
using coda::task;
using coda::test::make_loop;
using coda::test::tally;
using coda::test::tracked;

using a_loop_and_threads = coda::test::on_every_loop;
CODA_ON_EVERY_LOOP(a_loop_and_threads);

// Runs a root that would wait for an hour, until the loop is stopped.
void run_until_stopped(coda::loop& l) {
    try {
        l.run([]() -> task<> { co_await coda::sleep_for(1h); }());
        FAIL() << "ended";
    } catch (coda::exception const& e) {
        EXPECT_EQ(e.code(), errc::loop_stopped);
    }
}

TEST_P(a_loop_and_threads, runs_what_many_threads_post_in_the_order_of_each) {
    constexpr int threads = 4, each = 20'000;
    std::vector<std::vector<int>> seen(threads);
    coda::event all;
    run([&]() -> task<> {
        int left = threads * each;
        std::vector<std::jthread> producers;
        for (std::size_t t = 0; t < threads; ++t)
            producers.emplace_back([&, t] {
                for (int i = 0; i < each; ++i)
                    loop().post([&, t, i] {
                        EXPECT_TRUE(loop().in_loop_thread());
                        seen[t].push_back(i);
                        if (--left == 0) all.set();
                    });
            });
        co_await all.wait();
    }());
    std::vector<int> expected(each);
    std::iota(expected.begin(), expected.end(), 0);
    for (auto const& s : seen) EXPECT_EQ(s, expected);
}

TEST_P(a_loop_and_threads, is_woken_from_its_wait_by_each_post) {
    for (int i = 0; i < 200; ++i) {
        coda::event woken;
        run([&]() -> task<> {
            std::jthread const other([&] { loop().post([&] { woken.set(); }); });
            co_await woken.wait();
        }());
    }
}

TEST_P(a_loop_and_threads, destroys_uncalled_what_is_posted_and_never_run) {
    tally t;
    bool called = false;
    {
        auto own = make_loop(GetParam());
        std::thread([&] {
            for (int i = 0; i < 10; ++i) own->post([held = tracked(t), &called] { called = held.value == 0; });
        }).join();
        EXPECT_EQ(t.alive(), 10);
    }
    EXPECT_EQ(t.alive(), 0);
    EXPECT_FALSE(called);
}

struct posts_when_destroyed {
    posts_when_destroyed(coda::loop& l, tracked h) : loop(&l), held(std::move(h)) {}
    posts_when_destroyed(posts_when_destroyed&& other) noexcept
        : loop(std::exchange(other.loop, nullptr)), held(std::move(other.held)) {}
    ~posts_when_destroyed() {
        if (loop != nullptr) loop->post([inner = held] { static_cast<void>(inner); });
    }
    coda::loop* loop;
    tracked held;
};

TEST_P(a_loop_and_threads, destroys_what_the_destruction_of_a_posted_function_posts) {
    tally t;
    {
        auto own = make_loop(GetParam());
        own->post([p = posts_when_destroyed(*own, tracked(t))] { static_cast<void>(p); });
    }
    EXPECT_GE(t.made, 3);
    EXPECT_EQ(t.alive(), 0);
}

TEST_P(a_loop_and_threads, that_is_stopped_destroys_its_root_task_where_it_waits) {
    for (int i = 0; i < 100; ++i) {
        tally t;
        std::jthread const other([&] { loop().stop(); });
        auto const root = [](tracked) -> task<> { co_await coda::sleep_for(1h); };
        EXPECT_THROW(run(root(tracked(t))), coda::exception);
        EXPECT_EQ(t.alive(), 0);
    }
}

TEST_P(a_loop_and_threads, stopped_before_it_runs_returns_at_once_and_runs_again) {
    std::thread([&] { loop().stop(); }).join();
    run_until_stopped(loop());
    EXPECT_EQ(run([]() -> task<int> { co_return 1; }()), 1);
    std::thread([&] { loop().stop(); }).join();
    loop().run();
}

TEST_P(a_loop_and_threads, stopped_twice_stops_once) {
    std::atomic<bool> both = false;
    loop().post([&] {
        std::jthread const one([&] { loop().stop(); }), two([&] { loop().stop(); });
        both = true; // and both are joined
    });
    run_until_stopped(loop());
    EXPECT_TRUE(both);
    EXPECT_EQ(run([]() -> task<int> {
                  co_await coda::sleep_for(1ms);
                  co_return 1;
              }()),
              1);
}

TEST_P(a_loop_and_threads, stopped_while_others_post_loses_and_leaks_nothing) {
    std::atomic<int> posted = 0;
    int called = 0;
    {
        auto own = make_loop(GetParam());
        std::vector<std::jthread> producers;
        for (int p = 0; p < 3; ++p)
            producers.emplace_back([&] {
                for (int i = 0; i < 2000; ++i) {
                    own->post([&called, held = std::make_unique<int>(i)] { called += *held >= 0 ? 1 : 0; });
                    ++posted;
                }
            });
        std::jthread stopper([&] { own->stop(); });
        run_until_stopped(*own);
        producers.clear();
        stopper.join();
        // What came after the stop waits for the next run.
        own->post([&] { own->stop(); });
        own->run();
    }
    EXPECT_EQ(called, posted);
}

TEST_P(a_loop_and_threads, may_be_destroyed_by_what_was_posted_to_it) {
    // The last post ends the run, and with it the loop, while the thread that posted may still be inside `post`.
    for (int i = 0; i < 300; ++i) {
        auto own = make_loop(GetParam());
        coda::event done;
        std::thread other([&, l = own.get()] { l->post([&] { done.set(); }); });
        own->run([](coda::event& e) -> task<> { co_await e.wait(); }(done));
        own.reset();
        other.join();
    }
}

TEST_P(a_loop_and_threads, may_be_destroyed_as_soon_as_another_threads_stop_has_ended_it) {
    for (int i = 0; i < 300; ++i) {
        auto own = make_loop(GetParam());
        std::thread other([l = own.get()] { l->stop(); });
        run_until_stopped(*own);
        own.reset();
        other.join();
    }
}

} // namespace runtime_loop_thread_test
