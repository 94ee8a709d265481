// SPDX-License-Identifier: BSL-1.0
#include "support/manual_loop.hpp"

#include <coda/runtime/deadline.hpp>
#include <coda/runtime/event.hpp>
#include <coda/runtime/operation.hpp>
#include <coda/runtime/scope.hpp>
#include <coda/runtime/sleep.hpp>
#include <coda/runtime/task.hpp>
#include <coda/runtime/when_all.hpp>
#include <coda/runtime/when_any.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>

namespace runtime_operation_test {

using namespace std::chrono_literals;
using coda::as_result;
using coda::errc;
using coda::error;
using coda::operation;
using coda::result;
using coda::task;
using coda::test::manual_loop;

operation<int> value() { co_return 7; }
operation<int> failure() { co_return error(errc::closed, coda::outcome::unknown); }
operation<> nothing() { co_return result<>(); }
operation<int> throws_coda() {
    throw coda::exception(error(errc::queue_full));
    co_return 1;
}
operation<int> throws_other() {
    throw std::runtime_error("not expected");
    co_return 1;
}
task<int> task_value() { co_return 8; }
task<int> task_throws_coda() {
    throw coda::exception(error(errc::queue_full));
    co_return 1;
}
task<> task_throws_other() {
    throw std::runtime_error("not expected");
    co_return;
}

TEST(operation, awaited_plainly_gives_the_value) {
    manual_loop loop;
    loop.run([]() -> task<> {
        EXPECT_EQ(co_await value(), 7);
        co_await nothing();
    }());
}

TEST(operation, awaited_plainly_throws_the_whole_error) {
    manual_loop loop;
    loop.run([]() -> task<> {
        error caught;
        try {
            co_await failure();
        } catch (coda::exception const& e) {
            caught = e.error();
        }
        EXPECT_EQ(caught.code(), errc::closed);
        EXPECT_EQ(caught.outcome(), coda::outcome::unknown);
    }());
}

TEST(operation, is_awaited_once) {
    manual_loop loop;
    loop.run([]() -> task<> {
        auto op = value();
        EXPECT_EQ(co_await std::move(op), 7);
        auto second = co_await as_result(std::move(op));
        EXPECT_EQ(second.error().code(), errc::already_awaited);
        coda::error_code code;
        try {
            co_await std::move(op);
        } catch (coda::exception const& e) {
            code = e.code();
        }
        EXPECT_EQ(code, errc::already_awaited);
    }());
}

TEST(operation, may_carry_what_can_only_be_moved) {
    manual_loop loop;
    auto const make = []() -> operation<std::unique_ptr<int>> { co_return std::make_unique<int>(5); };
    loop.run([&]() -> task<> {
        auto p = co_await make();
        EXPECT_EQ(*p, 5);
        auto r = co_await as_result(make());
        EXPECT_EQ(**r, 5);
    }());
}

TEST(operation, may_return_errors_in_each_form) {
    manual_loop loop;
    auto const with = [](int form) -> operation<std::string> {
        if (form == 0) co_return error(errc::closed);
        if (form == 1) co_return errc::closed;
        if (form == 2) co_return result<std::string>(error(errc::closed));
        co_return "text";
    };
    loop.run([&]() -> task<> {
        for (int form = 0; form < 3; ++form) {
            auto r = co_await as_result(with(form));
            EXPECT_EQ(r.error().code(), errc::closed) << form;
        }
        auto text = co_await with(3);
        EXPECT_EQ(text, "text");
    }());
}

TEST(as_result, gives_values_and_errors_of_operations) {
    manual_loop loop;
    loop.run([]() -> task<> {
        auto good = co_await as_result(value());
        static_assert(std::is_same_v<decltype(good), result<int>>);
        EXPECT_EQ(*good, 7);
        auto bad = co_await as_result(failure());
        EXPECT_EQ(bad.error().code(), errc::closed);
        EXPECT_EQ(bad.error().outcome(), coda::outcome::unknown);
        auto none = co_await as_result(nothing());
        static_assert(std::is_same_v<decltype(none), result<>>);
        EXPECT_TRUE(none.has_value());
    }());
}

TEST(as_result, converts_codas_own_exceptions) {
    manual_loop loop;
    loop.run([]() -> task<> {
        auto from_operation = co_await as_result(throws_coda());
        EXPECT_EQ(from_operation.error().code(), errc::queue_full);
        auto from_task = co_await as_result(task_throws_coda());
        EXPECT_EQ(from_task.error().code(), errc::queue_full);
        auto from_value = co_await as_result(task_value());
        EXPECT_EQ(*from_value, 8);
    }());
}

TEST(as_result, lets_other_exceptions_pass) {
    manual_loop loop;
    loop.run([]() -> task<> {
        int passed = 0;
        try {
            co_await as_result(throws_other());
        } catch (std::runtime_error const&) {
            ++passed;
        }
        try {
            co_await as_result(task_throws_other());
        } catch (std::runtime_error const&) {
            ++passed;
        }
        EXPECT_EQ(passed, 2);
    }());
}

TEST(as_result, of_a_wait_gives_why_it_ended) {
    manual_loop loop;
    loop.run([]() -> task<> {
        coda::event never;
        auto slept = co_await as_result(coda::sleep_for(1s));
        EXPECT_TRUE(slept.has_value());
        auto late = co_await as_result(coda::with_timeout(1s, never.wait()));
        EXPECT_EQ(late.error().code(), errc::timed_out);
    }());
}

// A result that a task returns is its value, and stays one.
TEST(as_result, does_not_flatten_a_result_that_is_the_value) {
    manual_loop loop;
    auto const inner = []() -> task<result<int>> { co_return error(errc::closed); };
    loop.run([&]() -> task<> {
        auto r = co_await as_result(inner());
        static_assert(std::is_same_v<decltype(r), result<result<int>>>);
        EXPECT_TRUE(r.has_value());
        EXPECT_EQ(r->error().code(), errc::closed);
    }());
    EXPECT_EQ(loop.run(inner()).error().code(), errc::closed);
}

TEST(as_result, is_itself_awaited_in_any_composition) {
    manual_loop loop;
    loop.run([]() -> task<> {
        auto bounded = co_await coda::with_timeout(1s, as_result(failure()));
        static_assert(std::is_same_v<decltype(bounded), result<int>>);
        EXPECT_EQ(bounded.error().code(), errc::closed);
        auto all = co_await coda::when_all(as_result(failure()), as_result(value()), as_result(throws_coda()));
        EXPECT_EQ(std::get<0>(all).error().code(), errc::closed);
        EXPECT_EQ(*std::get<1>(all), 7);
        EXPECT_EQ(std::get<2>(all).error().code(), errc::queue_full);
        auto any = co_await coda::when_any(as_result(failure()));
        EXPECT_EQ(std::get<0>(any).error().code(), errc::closed);
        auto const body = [](coda::scope& s) -> task<> {
            auto handle = s.spawn(as_result(failure()));
            auto joined = co_await handle.join();
            EXPECT_EQ(joined.error().code(), errc::closed);
        };
        co_await coda::with_scope(body);
    }());
}

TEST(as_result, refers_to_an_awaitable_that_has_a_name) {
    manual_loop loop;
    loop.run([]() -> task<> {
        coda::event ready(true);
        auto wait = ready.wait();
        auto r = co_await as_result(wait);
        EXPECT_TRUE(r.has_value());
    }());
}

} // namespace runtime_operation_test
