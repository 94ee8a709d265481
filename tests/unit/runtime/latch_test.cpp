// SPDX-License-Identifier: BSL-1.0
#include "support/loops.hpp"
#include "support/manual_loop.hpp"

#include <coda/runtime.hpp>

#include <gtest/gtest.h>

#include <numeric>
#include <optional>
#include <vector>

namespace runtime_latch_test {

using namespace std::chrono_literals;
using coda::errc;
using coda::latch;
using coda::scope;
using coda::task;
using coda::test::manual_loop;

using a_latch = coda::test::on_every_loop;
CODA_ON_EVERY_LOOP(a_latch);

task<> note_after(latch& l, std::vector<int>& order, int number) {
    co_await l.wait();
    order.push_back(number);
}

TEST_P(a_latch, wakes_all_who_wait_in_order_at_zero_and_not_before) {
    constexpr int many = 100'000;
    latch l(3);
    std::vector<int> order;
    auto const body = [&](scope& s) -> task<> {
        for (int i = 0; i < many; ++i) s.spawn(note_after(l, order, i));
        co_await coda::yield();
        l.count_down(2);
        EXPECT_EQ(l.count(), 1u);
        co_await coda::yield();
        EXPECT_TRUE(order.empty());
        l.count_down();
    };
    run(coda::with_scope(body));
    std::vector<int> expected(many);
    std::iota(expected.begin(), expected.end(), 0);
    EXPECT_EQ(order, expected);
}

TEST(latch, is_open_from_the_start_at_zero) {
    manual_loop loop;
    latch l(0);
    loop.run([&]() -> task<> { co_await l.wait(); }());
}

TEST(latch, ignores_what_exceeds_the_count) {
    manual_loop loop;
    latch l(2);
    l.count_down(5);
    l.count_down();
    EXPECT_EQ(l.count(), 0u);
    loop.run([&]() -> task<> { co_await l.wait(); }());
}

TEST(latch, wait_ends_when_its_deadline_passes_and_the_count_stays) {
    manual_loop loop;
    latch l(1);
    loop.run([&]() -> task<> {
        auto const r = co_await coda::as_result(coda::with_timeout(10ms, l.wait()));
        EXPECT_EQ(r.error().code(), errc::timed_out);
    }());
    EXPECT_EQ(loop.elapsed(), 10ms);
    EXPECT_EQ(l.count(), 1u);
}

TEST(latch, forgets_a_destroyed_waiter) {
    manual_loop loop;
    latch l(1);
    std::vector<int> order;
    loop.run([&]() -> task<> {
        auto const& ctx = co_await coda::this_context();
        std::optional<scope> abandoned(std::in_place, ctx);
        abandoned->spawn(note_after(l, order, 1));
        co_await coda::yield();
        abandoned.reset();
        l.count_down();
        co_await coda::yield();
    }());
    EXPECT_TRUE(order.empty());
}

} // namespace runtime_latch_test
