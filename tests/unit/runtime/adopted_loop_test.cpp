// SPDX-License-Identifier: BSL-1.0
// Loops on an io_context or libev loop that the user owns, runs and uses for other things too.
#include "support/loops.hpp"

#include <coda/runtime/deadline.hpp>
#include <coda/runtime/event.hpp>
#include <coda/runtime/scope.hpp>
#include <coda/runtime/sleep.hpp>

#include <boost/asio.hpp>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <memory>
#include <optional>

#ifdef CODA_HAS_LIBEV
#include <ev.h>
#endif

namespace runtime_adopted_loop_test {

namespace asio = boost::asio;
using namespace std::chrono_literals;

// A native event loop of the user's, and coda on it.
class an_adopted_loop : public ::testing::TestWithParam<coda::test::loop_kind> {
protected:
    an_adopted_loop() { adopt(); }
    ~an_adopted_loop() override {
        loop_.reset();
#ifdef CODA_HAS_LIBEV
        if (ev_ != nullptr) ev_loop_destroy(ev_);
#endif
    }

    void adopt() {
#ifdef CODA_HAS_LIBEV
        if (GetParam() == coda::test::loop_kind::ev) {
            if (ev_ == nullptr) ev_ = ev_loop_new(EVFLAG_AUTO);
            loop_ = std::make_unique<coda::ev_loop>(ev_);
            return;
        }
#endif
        loop_ = std::make_unique<coda::asio_loop>(io_);
    }

    // As the user runs it: until it has nothing to do.
    void run_native() {
#ifdef CODA_HAS_LIBEV
        if (ev_ != nullptr) {
            ev_run(ev_, 0);
            return;
        }
#endif
        io_.restart();
        io_.run();
    }

    // As a task of the user's may do: what is ready, without waiting.
    void poll_native() {
#ifdef CODA_HAS_LIBEV
        if (ev_ != nullptr) {
            ev_run(ev_, EVRUN_NOWAIT);
            return;
        }
#endif
        io_.poll();
    }

    // Something of the user's own, after a while.
    template <class F>
    void natively(F f) {
#ifdef CODA_HAS_LIBEV
        if (ev_ != nullptr) {
            struct once : ev_timer {
                explicit once(F fn) : function(std::move(fn)) {}
                F function;
            };
            auto* const t = new once(std::move(f));
            ev_timer_init(
                t,
                [](struct ::ev_loop*, ev_timer* w, int) {
                    std::unique_ptr<once> const owner(static_cast<once*>(w));
                    owner->function();
                },
                0.001, 0.);
            ev_timer_start(ev_, t);
            return;
        }
#endif
        auto timer = std::make_unique<asio::steady_timer>(io_, 1ms);
        auto& t = *timer;
        t.async_wait([timer = std::move(timer), f = std::move(f)](coda::error_code) mutable { f(); });
    }

    asio::io_context io_;
#ifdef CODA_HAS_LIBEV
    struct ::ev_loop* ev_ = nullptr;
#endif
    std::unique_ptr<coda::loop> loop_;
};
INSTANTIATE_TEST_SUITE_P(, an_adopted_loop, coda::test::every_loop(), ::testing::PrintToStringParamName());

coda::task<> sleeps(int& n) {
    co_await coda::sleep_for(1ms);
    co_await coda::yield();
    co_await coda::sleep_for(1ms);
    ++n;
}

TEST_P(an_adopted_loop, runs_tasks_while_the_user_runs_it_and_lets_it_end) {
    coda::scope s(*loop_);
    int ended = 0;
    s.spawn(sleeps(ended));
    s.spawn(sleeps(ended));
    run_native();
    EXPECT_EQ(ended, 2);
    EXPECT_EQ(s.size(), 0U);
}

TEST_P(an_adopted_loop, ends_although_a_deadline_far_off_was_armed) {
    auto bounded = [](int& n) -> coda::task<> { co_await coda::with_timeout(1h, sleeps(n)); };
    coda::scope s(*loop_);
    int ended = 0;
    s.spawn(bounded(ended));
    run_native();
    EXPECT_EQ(ended, 1);
}

TEST_P(an_adopted_loop, serves_the_users_own_handlers_beside_the_tasks) {
    coda::scope s(*loop_);
    coda::event ready;
    int ended = 0;
    auto waits = [](coda::event& e, int& n) -> coda::task<> {
        co_await e.wait();
        ++n;
    };
    s.spawn(waits(ready, ended));
    natively([&] { ready.set(); }); // wakes a task from outside of any turn
    run_native();
    EXPECT_EQ(ended, 1);
}

TEST_P(an_adopted_loop, polled_by_a_task_resumes_no_other_inside_of_it_and_loses_nothing) {
    coda::scope s(*loop_);
    coda::event woken;
    bool inside = false, posted = false;
    int ended = 0;
    auto const waits = [&]() -> coda::task<> {
        co_await woken.wait();
        EXPECT_FALSE(inside);
        ++ended;
    };
    auto const polls = [&]() -> coda::task<> {
        co_await coda::yield();
        woken.set();
        loop_->post([&] { posted = true; });
        inside = true;
        poll_native();
        inside = false;
        ++ended;
    };
    s.spawn(waits());
    s.spawn(polls());
    run_native();
    EXPECT_EQ(ended, 2);
    EXPECT_TRUE(posted);
}

TEST_P(an_adopted_loop, is_not_run_from_a_task_while_the_user_runs_it) {
    auto const nested = [this] {
        coda::scope s(*loop_);
        auto const runs = [](coda::loop& l) -> coda::task<> {
            EXPECT_THROW(l.run(), coda::exception);
            co_return;
        };
        s.spawn(runs(*loop_));
        run_native();
    };
#ifdef NDEBUG
    nested();
#else
    EXPECT_DEATH(nested(), "a loop that runs already");
#endif
}

TEST_P(an_adopted_loop, serves_the_users_own_handlers_in_run_too) {
    bool called = false;
    coda::event ready;
    auto waits = [](coda::event& e) -> coda::task<> { co_await e.wait(); };
    natively([&] {
        called = true;
        ready.set();
    });
    loop_->run(waits(ready));
    EXPECT_TRUE(called);
    natively([&] { called = false; });
    run_native(); // and is the user's again
    EXPECT_FALSE(called);
}

TEST_P(an_adopted_loop, may_go_while_its_handlers_are_pending_in_the_users_loop) {
    std::array<int, 2> ends{};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
    auto const held = std::make_shared<int>();
    auto watch = std::make_optional<coda::fd_watch>(
        *loop_, ends[0], [](void*, coda::readiness) noexcept { ADD_FAILURE(); }, nullptr);
    watch->want(coda::readiness::both);
    loop_->post([held] { ADD_FAILURE(); });
    {
        coda::scope s(*loop_);
        int never = 0;
        s.spawn(sleeps(never));
    } // its child was ready to start
    watch.reset();
    loop_.reset();
    EXPECT_EQ(held.use_count(), 1);
    bool called = false;
    natively([&] { called = true; });
    run_native();
    EXPECT_TRUE(called);
    close(ends[0]);
    close(ends[1]);
}

TEST_P(an_adopted_loop, may_go_with_a_timer_set) {
    {
        coda::scope s(*loop_);
        auto long_sleep = []() -> coda::task<> { co_await coda::sleep_for(1h); };
        s.spawn(long_sleep());
        loop_->post([&] { loop_->post([&] { loop_->stop(); }); }); // the sleep begins before the second
        loop_->run();
        EXPECT_EQ(s.size(), 1U);
    }
    loop_.reset();
    run_native(); // has nothing left to wait for
}

TEST_P(an_adopted_loop, can_be_adopted_again) {
    for (int i = 0; i < 3; ++i) {
        int ended = 0;
        loop_->run(sleeps(ended));
        EXPECT_EQ(ended, 1);
        loop_.reset();
        adopt();
    }
}

} // namespace runtime_adopted_loop_test
