// SPDX-License-Identifier: BSL-1.0
#include "support/manual_loop.hpp"
#include "support/tracked.hpp"

#include <coda/runtime/deadline.hpp>
#include <coda/runtime/event.hpp>
#include <coda/runtime/operation.hpp>
#include <coda/runtime/sleep.hpp>
#include <coda/runtime/task.hpp>
#include <coda/runtime/this_context.hpp>
#include <coda/runtime/when_all.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <numeric>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

namespace runtime_when_all_test {

using namespace std::chrono_literals;
using coda::as_result;
using coda::errc;
using coda::operation;
using coda::task;
using coda::when_all;
using coda::test::manual_loop;
using coda::test::tally;
using coda::test::tracked;

template <class T>
task<T> after(coda::duration d, T value) {
    co_await coda::sleep_for(d);
    co_return value;
}
operation<int> fails_after(coda::duration d, errc code) {
    co_await coda::sleep_for(d);
    co_return coda::error(code, coda::outcome::unknown);
}
task<int> throws_after(coda::duration d) {
    co_await coda::sleep_for(d);
    throw std::runtime_error("on purpose");
}
// Notes why its wait ended, and then takes a while to clean up.
task<int> slow_to_end(coda::error_code& reason, bool& ended) {
    auto r = co_await as_result(coda::sleep_for(1h));
    reason = r.error().code();
    co_await coda::shield(coda::sleep_for(2s));
    ended = true;
    co_return 0;
}

TEST(when_all, gives_the_values_in_the_order_of_the_arguments) {
    manual_loop loop;
    loop.run([]() -> task<> {
        auto all = co_await when_all(after<std::string>(3s, "a"), after(1s, 2), after(2s, std::make_unique<int>(3)));
        EXPECT_EQ(std::get<0>(all), "a");
        EXPECT_EQ(std::get<1>(all), 2);
        EXPECT_EQ(*std::get<2>(all), 3);
    }());
    EXPECT_EQ(loop.elapsed(), 3s); // at the same time
}

TEST(when_all, takes_tasks_operations_waits_and_groups) {
    manual_loop loop;
    loop.run([]() -> task<> {
        coda::event ready(true);
        auto const op = []() -> operation<int> { co_return 4; };
        auto all = co_await when_all(after(1s, 1), op(), ready.wait(), coda::sleep_for(2s), when_all(after(1s, 5)),
                                     coda::yield());
        static_assert(
            std::is_same_v<decltype(all),
                           std::tuple<int, int, std::monostate, std::monostate, std::tuple<int>, std::monostate>>);
        EXPECT_EQ(std::get<1>(all), 4);
        EXPECT_EQ(std::get<0>(std::get<4>(all)), 5);
    }());
    EXPECT_EQ(loop.elapsed(), 2s);
}

TEST(when_all, of_one_that_gives_a_tuple_keeps_it_whole) {
    manual_loop loop;
    loop.run([]() -> task<> {
        auto all = co_await when_all(after(1s, std::tuple(1, 2)));
        static_assert(std::is_same_v<decltype(all), std::tuple<std::tuple<int, int>>>);
        EXPECT_EQ(std::get<0>(all), std::tuple(1, 2));
    }());
}

TEST(when_all, starts_its_children_in_order_and_not_inside_the_parents_step) {
    manual_loop loop;
    std::vector<int> order;
    auto const child = [&](int id) -> task<> {
        order.push_back(id);
        co_return;
    };
    auto const parent = [&]() -> task<> {
        order.push_back(1);
        co_await when_all(child(2), child(3), child(4));
        order.push_back(5);
    };
    loop.run(parent());
    EXPECT_EQ(order, (std::vector{1, 2, 3, 4, 5}));
}

TEST(when_all, first_failure_cancels_the_others_and_joins_them) {
    manual_loop loop;
    loop.run([]() -> task<> {
        coda::error_code reason;
        bool ended = false;
        auto r = co_await as_result(when_all(slow_to_end(reason, ended), fails_after(1s, errc::closed)));
        EXPECT_EQ(r.error().code(), errc::closed);
        EXPECT_EQ(r.error().outcome(), coda::outcome::unknown);
        EXPECT_EQ(reason, errc::cancelled);
        EXPECT_TRUE(ended);
    }());
    EXPECT_EQ(loop.elapsed(), 3s);
}

TEST(when_all, of_several_failures_the_first_in_time_is_reported) {
    manual_loop loop;
    loop.run([]() -> task<> {
        auto r = co_await as_result(
            when_all(fails_after(2s, errc::closed), fails_after(1s, errc::queue_full), after(3s, 1)));
        EXPECT_EQ(r.error().code(), errc::queue_full);
    }());
    EXPECT_EQ(loop.elapsed(), 1s);
}

TEST(when_all, exception_of_a_child_is_thrown_when_all_have_ended) {
    manual_loop loop;
    loop.run([]() -> task<> {
        coda::error_code reason;
        bool ended = false, caught = false;
        try {
            co_await when_all(throws_after(1s), slow_to_end(reason, ended));
        } catch (std::runtime_error const&) {
            caught = true;
        }
        EXPECT_TRUE(caught);
        EXPECT_TRUE(ended);
    }());
}

TEST(when_all, cancelled_passes_the_request_on_and_joins) {
    manual_loop loop;
    loop.run([]() -> task<> {
        coda::error_code reason;
        bool ended = false;
        auto r = co_await as_result(coda::with_timeout(1s, when_all(slow_to_end(reason, ended), coda::sleep_for(1h))));
        EXPECT_EQ(r.error().code(), errc::timed_out);
        EXPECT_EQ(reason, errc::timed_out);
        EXPECT_TRUE(ended);
    }());
    EXPECT_EQ(loop.elapsed(), 3s);
}

TEST(when_all, cancelled_although_each_child_succeeds_gives_the_values) {
    manual_loop loop;
    loop.run([]() -> task<> {
        auto r = co_await coda::with_timeout(0s, when_all(coda::shield(after(1s, 1)), coda::shield(after(1s, 2))));
        EXPECT_EQ(r, std::tuple(1, 2));
    }());
}

TEST(when_all, releases_what_its_children_hold_before_it_ends) {
    manual_loop loop;
    tally t;
    auto const child = [](tracked held) -> task<tracked> { co_return held; };
    loop.run([&]() -> task<> {
        {
            auto all = co_await when_all(child(tracked(t, 1)), child(tracked(t, 2)));
            EXPECT_EQ(std::get<1>(all).value, 2);
            EXPECT_EQ(t.alive(), 2);
        }
        EXPECT_EQ(t.alive(), 0);
    }());
}

TEST(when_all, of_a_vector_gives_a_vector) {
    manual_loop loop;
    loop.run([]() -> task<> {
        std::vector<task<int>> tasks;
        for (int i = 0; i < 100; ++i) tasks.push_back(after(std::chrono::milliseconds(100 - i), i));
        auto values = co_await when_all(std::move(tasks));
        std::vector<int> expected(100);
        std::iota(expected.begin(), expected.end(), 0);
        EXPECT_EQ(values, expected);
    }());
    EXPECT_EQ(loop.elapsed(), 100ms);
}

TEST(when_all, of_a_vector_of_void_gives_nothing_and_of_none_ends_at_once) {
    manual_loop loop;
    loop.run([]() -> task<> {
        static_assert(std::is_same_v<decltype(when_all(std::vector<task<>>())), operation<>>);
        int ran = 0;
        auto const child = [&]() -> task<> {
            ++ran;
            co_return;
        };
        std::vector<task<>> tasks;
        for (int i = 0; i < 3; ++i) tasks.push_back(child());
        co_await when_all(std::move(tasks));
        EXPECT_EQ(ran, 3);
        std::vector<task<int>> none;
        auto values = co_await when_all(std::move(none));
        EXPECT_TRUE(values.empty());
    }());
}

TEST(when_all, of_a_vector_reports_the_first_failure) {
    manual_loop loop;
    loop.run([]() -> task<> {
        std::vector<operation<int>> ops;
        ops.push_back(fails_after(2s, errc::closed));
        ops.push_back(fails_after(1s, errc::queue_full));
        auto r = co_await as_result(when_all(std::move(ops)));
        EXPECT_EQ(r.error().code(), errc::queue_full);
    }());
}

TEST(when_all, is_lazy) {
    manual_loop loop;
    tally t;
    int ran = 0;
    auto const child = [&](tracked) -> task<> {
        ++ran;
        co_return;
    };
    { auto const never_awaited = when_all(child(tracked(t)), child(tracked(t))); }
    EXPECT_EQ(ran, 0);
    EXPECT_EQ(t.alive(), 0);
}

} // namespace runtime_when_all_test
