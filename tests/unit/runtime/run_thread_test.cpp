// SPDX-License-Identifier: BSL-1.0
#include "support/loops.hpp"

#include <coda/runtime/operation.hpp>
#include <coda/runtime/run.hpp>
#include <coda/runtime/sleep.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <thread>

namespace runtime_run_thread_test {

using namespace std::chrono_literals;
using coda::task;

using run_on_threads = coda::test::on_every_loop;
CODA_ON_EVERY_LOOP(run_on_threads);

TEST_P(run_on_threads, signal_reaches_every_loop_that_runs) {
    std::atomic<int> waiting = 0;
    auto const root = [&]() -> task<int> {
        ++waiting;
        auto r = co_await coda::as_result(coda::sleep_for(1h));
        throw coda::exception(r.error());
    };
    int other_result = 0;
    std::thread other([&] {
        auto const own = coda::test::make_loop(GetParam());
        other_result = own->run(root());
    });
    auto const raises = [&]() -> task<int> {
        while (waiting == 0) co_await coda::sleep_for(1ms);
        raise(SIGTERM);
        co_return co_await root();
    };
    EXPECT_EQ(run(raises()), 128 + SIGTERM);
    other.join();
    EXPECT_EQ(other_result, 128 + SIGTERM);
}

TEST_P(run_on_threads, begins_and_ends_beside_others) {
    auto const many = [&] {
        auto const own = coda::test::make_loop(GetParam());
        for (int i = 0; i < 200; ++i) EXPECT_EQ(own->run([](int x) -> task<int> { co_return x; }(i)), i);
    };
    std::jthread const one(many), two(many);
    many();
}

} // namespace runtime_run_thread_test
