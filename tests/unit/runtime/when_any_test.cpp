// SPDX-License-Identifier: BSL-1.0
#include "support/manual_loop.hpp"
#include "support/tracked.hpp"

#include <coda/runtime/deadline.hpp>
#include <coda/runtime/operation.hpp>
#include <coda/runtime/sleep.hpp>
#include <coda/runtime/task.hpp>
#include <coda/runtime/this_context.hpp>
#include <coda/runtime/when_all.hpp>
#include <coda/runtime/when_any.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

namespace runtime_when_any_test {

using namespace std::chrono_literals;
using coda::as_result;
using coda::errc;
using coda::operation;
using coda::task;
using coda::when_any;
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

TEST(when_any, gives_the_first_value_and_whose_it_is) {
    manual_loop loop;
    loop.run([]() -> task<> {
        auto first = co_await when_any(after(2s, 1), after<std::string>(1s, "b"), coda::sleep_for(3s));
        static_assert(std::is_same_v<decltype(first), std::variant<int, std::string, std::monostate>>);
        EXPECT_EQ(first.index(), 1U);
        EXPECT_EQ(std::get<1>(first), "b");
    }());
    EXPECT_EQ(loop.elapsed(), 1s);
}

TEST(when_any, tells_values_of_one_type_apart) {
    manual_loop loop;
    loop.run([]() -> task<> {
        auto first = co_await when_any(after(2s, 1), after(1s, 1), after(3s, 1));
        EXPECT_EQ(first.index(), 1U);
    }());
}

TEST(when_any, carries_what_can_only_be_moved) {
    manual_loop loop;
    loop.run([]() -> task<> {
        auto first = co_await when_any(after(1s, std::make_unique<int>(6)));
        EXPECT_EQ(*std::get<0>(first), 6);
    }());
}

TEST(when_any, losers_are_cancelled_and_joined) {
    manual_loop loop;
    loop.run([]() -> task<> {
        coda::error_code reason;
        bool ended = false;
        auto const loser = [&]() -> task<> {
            auto r = co_await as_result(coda::sleep_for(1h));
            reason = r.error().code();
            co_await coda::shield(coda::sleep_for(2s));
            ended = true;
        };
        auto first = co_await when_any(loser(), after(1s, 1));
        EXPECT_EQ(first.index(), 1U);
        EXPECT_EQ(reason, errc::cancelled);
        EXPECT_TRUE(ended);
    }());
    EXPECT_EQ(loop.elapsed(), 3s);
}

TEST(when_any, first_to_end_decides_also_with_an_error) {
    manual_loop loop;
    loop.run([]() -> task<> {
        auto r = co_await as_result(when_any(after(2s, 1), fails_after(1s, errc::closed)));
        EXPECT_EQ(r.error().code(), errc::closed);
        EXPECT_EQ(r.error().outcome(), coda::outcome::unknown);
    }());
    EXPECT_EQ(loop.elapsed(), 1s);
}

TEST(when_any, failure_of_a_loser_is_dropped) {
    manual_loop loop;
    loop.run([]() -> task<> {
        auto const bad_loser = []() -> task<> {
            auto r = co_await as_result(coda::sleep_for(1h));
            if (r.has_error()) throw std::logic_error("nobody hears this");
        };
        auto first = co_await when_any(after(1s, 4), bad_loser());
        EXPECT_EQ(std::get<0>(first), 4);
    }());
}

TEST(when_any, of_children_that_end_in_the_same_turn_the_first_wins) {
    manual_loop loop;
    loop.run([]() -> task<> {
        auto first = co_await when_any(after(1s, 1), after(1s, 2));
        EXPECT_EQ(first.index(), 0U);
        auto ready = co_await when_any(coda::yield(), coda::yield());
        EXPECT_EQ(ready.index(), 0U);
    }());
}

TEST(when_any, later_children_are_started_although_the_first_has_ended) {
    manual_loop loop;
    loop.run([]() -> task<> {
        bool started = false;
        auto const late = [&]() -> task<> {
            started = true;
            co_await coda::sleep_for(1h);
        };
        auto const at_once = []() -> task<> { co_return; };
        auto first = co_await when_any(at_once(), late());
        EXPECT_EQ(first.index(), 0U);
        EXPECT_TRUE(started); // and its first wait ended at once
    }());
    EXPECT_EQ(loop.elapsed(), 0s);
}

TEST(when_any, exception_of_the_first_is_thrown) {
    manual_loop loop;
    loop.run([]() -> task<> {
        auto const throws = []() -> task<> {
            co_await coda::sleep_for(1s);
            throw std::runtime_error("on purpose");
        };
        bool caught = false;
        try {
            co_await when_any(throws(), coda::sleep_for(1h));
        } catch (std::runtime_error const&) {
            caught = true;
        }
        EXPECT_TRUE(caught);
    }());
}

TEST(when_any, cancelled_ends_with_the_reason_when_all_are_joined) {
    manual_loop loop;
    loop.run([]() -> task<> {
        auto r = co_await as_result(coda::with_timeout(1s, when_any(coda::sleep_for(1h), coda::sleep_for(2h))));
        EXPECT_EQ(r.error().code(), errc::timed_out);
    }());
    EXPECT_EQ(loop.elapsed(), 1s);
}

TEST(when_any, releases_what_its_children_hold) {
    manual_loop loop;
    tally t;
    auto const child = [](tracked held, coda::duration d) -> task<tracked> {
        co_await coda::sleep_for(d);
        co_return held;
    };
    loop.run([&]() -> task<> {
        {
            auto first = co_await when_any(child(tracked(t, 1), 2s), child(tracked(t, 2), 1s));
            EXPECT_EQ(std::get<1>(first).value, 2);
            EXPECT_EQ(t.alive(), 1);
        }
        EXPECT_EQ(t.alive(), 0);
    }());
}

TEST(when_any, of_a_vector_gives_index_and_value) {
    manual_loop loop;
    loop.run([]() -> task<> {
        std::vector<task<int>> tasks;
        for (int i = 0; i < 10; ++i) tasks.push_back(after(i == 7 ? 1s : 2s, i * 10));
        auto first = co_await when_any(std::move(tasks));
        EXPECT_EQ(first.index, 7U);
        EXPECT_EQ(first.value, 70);
    }());
    EXPECT_EQ(loop.elapsed(), 1s);
}

TEST(when_any, of_nothing_is_an_invalid_argument) {
    manual_loop loop;
    loop.run([]() -> task<> {
        std::vector<task<int>> none;
        auto r = co_await as_result(when_any(std::move(none)));
        EXPECT_EQ(r.error().code(), errc::invalid_argument);
    }());
}

} // namespace runtime_when_any_test
