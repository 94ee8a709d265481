// SPDX-License-Identifier: BSL-1.0
#include <coda/runtime/asio_loop.hpp>
#include <coda/runtime/fiber.hpp>
#include <coda/runtime/loop_group.hpp>
#include <coda/runtime/offload.hpp>
#include <coda/runtime/run.hpp>
#include <coda/runtime/sleep.hpp>
#include <coda/runtime/when_all.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace runtime_fiber_thread_test {

using namespace std::chrono_literals;
using coda::fiber;
using coda::fiber_stacks;
using coda::task;

// Each loop has stacks of its own; what their fibers share is what the test looks at.
TEST(fibers, of_several_loops_run_side_by_side) {
    std::atomic<int> sum = 0;
    auto const work = [&]() -> task<> {
        fiber_stacks stacks;
        auto const waits = [&](fiber& f) {
            auto const home = std::this_thread::get_id();
            for (int i = 0; i < 20; ++i) {
                EXPECT_EQ(f.wait(coda::offload([] { return 1; })).value(), 1);
                EXPECT_EQ(std::this_thread::get_id(), home);
                sum += 1;
            }
        };
        for (int i = 0; i < 5; ++i)
            co_await coda::when_all(coda::on_fiber(stacks, waits), coda::on_fiber(stacks, waits));
    };
    coda::loop_group group({.loops = 3});
    coda::asio_loop here;
    auto const everywhere = [&]() -> task<> { co_await coda::run_on_each(group, [&](std::size_t) { return work(); }); };
    here.run(everywhere());
    EXPECT_EQ(sum, 3 * 5 * 2 * 20);
}

} // namespace runtime_fiber_thread_test
