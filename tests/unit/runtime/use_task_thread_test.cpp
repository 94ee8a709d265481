// SPDX-License-Identifier: BSL-1.0
// Asio operations whose io_context another thread runs, awaited by tasks of every kind of loop.
#include "support/loops.hpp"

#include <coda/runtime/asio.hpp>
#include <coda/runtime/deadline.hpp>
#include <coda/runtime/when_all.hpp>

#include <boost/asio.hpp>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

namespace runtime_use_task_thread_test {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using coda::errc;
using coda::use_task;

// An io_context with a thread of its own.
class elsewhere {
public:
    ~elsewhere() {
        work_.reset();
        thread_.join();
    }
    asio::io_context& io() { return io_; }

private:
    asio::io_context io_{1};
    asio::executor_work_guard<asio::io_context::executor_type> work_ = asio::make_work_guard(io_);
    std::thread thread_{[this] { io_.run(); }};
};

class use_task_elsewhere : public coda::test::on_every_loop {
protected:
    elsewhere other_;
};
CODA_ON_EVERY_LOOP(use_task_elsewhere);

TEST_P(use_task_elsewhere, resumes_the_task_on_its_own_loop) {
    auto body = [](asio::io_context& io) -> coda::task<> {
        auto const home = std::this_thread::get_id();
        for (int i = 0; i < 200; ++i) {
            asio::steady_timer timer(io, std::chrono::microseconds(i % 3));
            co_await timer.async_wait(use_task);
            EXPECT_EQ(std::this_thread::get_id(), home);
        }
    };
    run(body(other_.io()));
}

TEST_P(use_task_elsewhere, cancels_there_and_waits_for_the_handler) {
    auto body = [](asio::io_context& io) -> coda::task<> {
        for (int i = 0; i < 100; ++i) {
            asio::steady_timer timer(io, 1h);
            auto const r =
                co_await coda::as_result(coda::with_timeout(std::chrono::microseconds(i), timer.async_wait(use_task)));
            EXPECT_EQ(r.error().code(), errc::timed_out);
        }
    };
    run(body(other_.io()));
}

TEST_P(use_task_elsewhere, ends_each_wait_once_when_cancellation_crosses_the_completion) {
    auto body = [](asio::io_context& io) -> coda::task<int> {
        int ended = 0;
        for (int i = 0; i < 1'000; ++i) {
            asio::steady_timer timer(io, std::chrono::microseconds(i % 60));
            auto const r = co_await coda::as_result(
                coda::with_timeout(std::chrono::microseconds(1 + i % 50), timer.async_wait(use_task)));
            ended += r.has_value() || r.error().code() == errc::timed_out;
        }
        co_return ended;
    };
    EXPECT_EQ(run(body(other_.io())), 1'000);
}

TEST_P(use_task_elsewhere, may_be_destroyed_while_it_waits) {
    auto const timer = std::make_shared<asio::steady_timer>(other_.io(), 1h);
    auto body = [](std::shared_ptr<asio::steady_timer> t, coda::loop& l) -> coda::task<> {
        l.post([&l] { l.stop(); });
        co_await t->async_wait(use_task);
    };
    EXPECT_THROW(run(body(timer, loop())), coda::exception);
    std::promise<std::size_t> still_waiting;
    asio::post(other_.io(), [&] { still_waiting.set_value(timer->cancel()); });
    EXPECT_EQ(still_waiting.get_future().get(), 0U);
}

TEST_P(use_task_elsewhere, ends_with_closed_when_that_io_context_goes) {
    std::optional<asio::io_context> io(1);
    asio::steady_timer* timer = new asio::steady_timer(*io, 1h);
    std::thread destroyer;
    auto body = [](asio::steady_timer& t, auto destroy) -> coda::task<> {
        auto wait = coda::as_result(t.async_wait(use_task));
        destroy();
        auto const r = co_await std::move(wait);
        EXPECT_EQ(r.error().code(), errc::closed);
    };
    auto destroy = [&] {
        loop().post([&] { // runs when the task waits
            destroyer = std::thread([&] {
                delete timer; // cancels: the handler is queued, and never called
                io.reset();
            });
        });
    };
    run(body(*timer, destroy));
    destroyer.join();
}

TEST_P(use_task_elsewhere, carries_many_operations_at_once) {
    auto one = [](asio::io_context& io, int i) -> coda::task<int> {
        asio::steady_timer timer(io, std::chrono::microseconds(i % 100));
        co_await timer.async_wait(use_task);
        co_return 1;
    };
    auto body = [&](asio::io_context& io) -> coda::task<std::size_t> {
        std::vector<coda::task<int>> all;
        for (int i = 0; i < 1'000; ++i) all.push_back(one(io, i));
        auto const ended = co_await coda::when_all(std::move(all));
        co_return ended.size();
    };
    EXPECT_EQ(run(body(other_.io())), 1'000U);
}

} // namespace runtime_use_task_thread_test
