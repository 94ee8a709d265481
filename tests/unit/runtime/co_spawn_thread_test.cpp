// SPDX-License-Identifier: BSL-1.0
// Tasks started and cancelled from threads that do not run the io_context.
#include <coda/runtime/asio.hpp>
#include <coda/runtime/sleep.hpp>
#include <coda/runtime/this_context.hpp>

#include <boost/asio.hpp>
#include <gtest/gtest.h>

#include <future>
#include <thread>
#include <vector>

namespace runtime_co_spawn_thread_test {

namespace asio = boost::asio;
using namespace std::chrono_literals;

coda::task<int> twice(int x) {
    co_await coda::sleep_for(std::chrono::microseconds(x % 20));
    co_return 2 * x;
}

class co_spawn_from_threads : public ::testing::Test {
protected:
    ~co_spawn_from_threads() override {
        work_.reset();
        runner_.join();
    }
    asio::io_context io_;

private:
    asio::executor_work_guard<asio::io_context::executor_type> work_ = asio::make_work_guard(io_);
    std::thread runner_{[this] { io_.run(); }};
};

TEST_F(co_spawn_from_threads, gives_futures_to_many) {
    std::vector<std::jthread> threads;
    std::atomic<int> good = 0;
    for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
            for (int i = 0; i < 300; ++i) good += coda::co_spawn(io_, twice(i), asio::use_future).get() == 2 * i;
        });
    threads.clear();
    EXPECT_EQ(good, 4 * 300);
}

TEST_F(co_spawn_from_threads, completes_on_another_threads_executor) {
    asio::io_context mine;
    std::thread::id completed, ran;
    auto where = [](std::thread::id& id) -> coda::task<> {
        co_await coda::yield();
        id = std::this_thread::get_id();
    };
    coda::co_spawn(io_, where(ran), asio::bind_executor(mine.get_executor(), [&](std::exception_ptr) {
                       completed = std::this_thread::get_id();
                   }));
    mine.run(); // the task counts as its work too
    EXPECT_EQ(completed, std::this_thread::get_id());
    EXPECT_NE(ran, completed);
}

TEST_F(co_spawn_from_threads, is_cancelled_from_the_handlers_thread) {
    auto waits = []() -> coda::task<> { co_await coda::sleep_for(1h); };
    for (int i = 0; i < 200; ++i) {
        asio::io_context mine;
        asio::cancellation_signal stop;
        bool completed = false;
        coda::co_spawn(io_, waits(),
                       asio::bind_cancellation_slot(
                           stop.slot(), asio::bind_executor(mine.get_executor(),
                                                            [&](std::exception_ptr e) { completed = e != nullptr; })));
        stop.emit(asio::cancellation_type::total);
        mine.run();
        EXPECT_TRUE(completed);
    }
}

} // namespace runtime_co_spawn_thread_test
