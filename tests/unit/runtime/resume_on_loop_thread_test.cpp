// SPDX-License-Identifier: BSL-1.0
#include "support/loops.hpp"

#include <coda/runtime/deadline.hpp>
#include <coda/runtime/event.hpp>
#include <coda/runtime/scope.hpp>
#include <coda/runtime/sleep.hpp>
#include <coda/runtime/when_all.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <coroutine>
#include <thread>

namespace runtime_resume_on_loop_thread_test {

using namespace std::chrono_literals;
using coda::task;

// Resumes on a thread of its own; destroyed, it waits for that thread.
struct on_another_thread {
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> h) {
        thread = std::jthread([h] { h.resume(); });
    }
    std::thread::id await_resume() const noexcept { return thread.get_id(); }
    std::jthread thread;
};

using foreign_thread = coda::test::on_every_loop;
CODA_ON_EVERY_LOOP(foreign_thread);

TEST_P(foreign_thread, task_goes_on_on_its_own_loop) {
    run([&]() -> task<> {
        auto const own = std::this_thread::get_id();
        for (int i = 0; i < 200; ++i) {
            auto const other = co_await on_another_thread();
            EXPECT_NE(other, own);
            EXPECT_EQ(std::this_thread::get_id(), own);
        }
    }());
}

TEST_P(foreign_thread, task_goes_on_on_its_own_loop_under_every_wrapper) {
    run([&]() -> task<> {
        auto const own = std::this_thread::get_id();
        for (int i = 0; i < 50; ++i) {
            auto r = co_await coda::as_result(on_another_thread());
            EXPECT_TRUE(r.has_value());
            EXPECT_EQ(std::this_thread::get_id(), own);
            co_await coda::with_timeout(1h, on_another_thread());
            EXPECT_EQ(std::this_thread::get_id(), own);
            co_await coda::when_all(on_another_thread(), on_another_thread());
            EXPECT_EQ(std::this_thread::get_id(), own);
        }
    }());
}

TEST_P(foreign_thread, task_destroyed_meanwhile_does_not_go_on) {
    std::atomic<int> went_on = 0;
    for (int i = 0; i < 200; ++i) {
        run([&]() -> task<> {
            coda::scope s(co_await coda::this_context());
            auto const waits = [&]() -> task<> {
                co_await on_another_thread();
                ++went_on;
            };
            s.spawn(waits());
            co_await coda::yield();
            co_await coda::yield(); // then the scope goes, before, while or after the thread resumes
        }());
    }
    EXPECT_LE(went_on, 200);
    run([]() -> task<> { co_await coda::sleep_for(1ms); }()); // what is still posted finds nobody
}

// A loop whose thread is busy elsewhere between two runs: another thread may post and wake it, no more.
class idle_loop final : public coda::loop {
public:
    ~idle_loop() override { detach_all(); }
    int turns_requested_elsewhere() const noexcept { return elsewhere_; }

private:
    void request_turn() noexcept override { elsewhere_ += std::this_thread::get_id() == own_ ? 0 : 1; }
    void wake() noexcept override {}
    void set_backend_timer(coda::time_point) noexcept override {}
    void run_backend() override {
        while (!stopped()) turn();
    }
    void stop_backend() noexcept override {}
    std::unique_ptr<coda::detail::watch_backend> watch(int, coda::fd_watch&) override {
        struct no_watch final : coda::detail::watch_backend {
            void want(coda::readiness) noexcept override {}
        };
        return std::make_unique<no_watch>();
    }

    std::thread::id const own_ = std::this_thread::get_id();
    std::atomic<int> elsewhere_ = 0;
};

TEST(foreign_resumption, between_two_runs_of_the_loop_does_not_touch_it_from_the_other_thread) {
    struct kept {
        std::coroutine_handle<>& handle;
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> h) const noexcept { handle = h; }
        void await_resume() const noexcept {}
    };
    idle_loop loop;
    std::coroutine_handle<> waiting;
    bool went_on = false;
    auto const waits = [&]() -> task<> {
        co_await kept{waiting};
        went_on = true;
    };
    auto const until = [](bool const& done) -> task<> {
        while (!done) co_await coda::yield();
    };
    coda::scope s(loop);
    s.spawn(waits());
    auto const first = [&]() -> task<> { co_await coda::yield(); };
    loop.run(first());
    ASSERT_TRUE(waiting);
    std::thread([&] { waiting.resume(); }).join();
    EXPECT_EQ(loop.turns_requested_elsewhere(), 0);
    EXPECT_FALSE(went_on);
    loop.run(until(went_on));
}

} // namespace runtime_resume_on_loop_thread_test
