// SPDX-License-Identifier: BSL-1.0
#include "scripted_call.hpp"
#include "support/manual_loop.hpp"

#include <coda/retry/single_flight.hpp>
#include <coda/runtime/scope.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace retry_single_flight_test {

using namespace std::chrono_literals;
using coda::as_result;
using coda::errc;
using coda::error;
using coda::outcome;
using coda::task;
using coda::test::manual_loop;
using coda::test::scripted_call;

class a_single_flight : public testing::Test {
protected:
    using flights_type = coda::single_flight<std::string, int>;

    task<> ask(std::string key) {
        auto r = co_await as_result(flights(std::move(key), [this] { return call(); }));
        ended.push_back(std::move(r));
    }

    manual_loop loop;
    scripted_call call{{{std::nullopt, 10ms}, {std::nullopt, 10ms}}};
    flights_type flights;
    std::vector<coda::result<int>> ended;
};

TEST_F(a_single_flight, equal_calls_at_once_are_one) {
    auto const body = [&](coda::scope& s) -> task<> {
        for (int i = 0; i < 100; ++i) s.spawn(ask("a"));
        co_await coda::sleep_for(1ms);
        EXPECT_EQ(flights.size(), 1U);
    };
    loop.run(coda::with_scope(body));
    EXPECT_EQ(call.made, 1);
    ASSERT_EQ(ended.size(), 100U);
    for (auto const& r : ended) EXPECT_EQ(r.value(), 1);
    EXPECT_EQ(flights.size(), 0U);
}

TEST_F(a_single_flight, calls_with_other_keys_are_others) {
    auto const body = [&](coda::scope& s) -> task<> {
        s.spawn(ask("a"));
        s.spawn(ask("b"));
        co_return;
    };
    loop.run(coda::with_scope(body));
    EXPECT_EQ(call.made, 2);
    EXPECT_EQ(call.most_running, 2);
}

TEST_F(a_single_flight, a_call_after_the_end_is_made_anew) {
    loop.run([&]() -> task<> {
        co_await ask("a");
        co_await ask("a");
    }());
    EXPECT_EQ(call.made, 2);
}

TEST_F(a_single_flight, a_failure_is_everybodys) {
    call = scripted_call({{error(make_error_code(errc::closed), "why", outcome::completed), 10ms}});
    auto const body = [&](coda::scope& s) -> task<> {
        for (int i = 0; i < 3; ++i) s.spawn(ask("a"));
        co_return;
    };
    loop.run(coda::with_scope(body));
    ASSERT_EQ(ended.size(), 3U);
    for (auto const& r : ended) {
        EXPECT_EQ(r.error().message(), "why");
        EXPECT_EQ(r.error().outcome(), outcome::completed);
    }
}

TEST_F(a_single_flight, an_exception_is_everybodys) {
    int caught = 0;
    auto const asks = [&]() -> task<> {
        try {
            co_await flights("a", []() -> task<int> {
                co_await coda::sleep_for(1ms);
                throw std::logic_error("a bug");
            });
        } catch (std::logic_error const&) {
            ++caught;
        }
    };
    auto const body = [&](coda::scope& s) -> task<> {
        for (int i = 0; i < 3; ++i) s.spawn(asks());
        co_return;
    };
    loop.run(coda::with_scope(body));
    EXPECT_EQ(caught, 3);
}

TEST_F(a_single_flight, one_who_leaves_does_not_cancel_it_for_the_others) {
    auto const body = [&](coda::scope& s) -> task<> {
        s.spawn(coda::with_timeout(2ms, ask("a"))); // the one who began it
        s.spawn(coda::with_timeout(4ms, ask("a")));
        s.spawn(ask("a"));
        co_await coda::sleep_for(5ms);
        EXPECT_EQ(ended.size(), 2U);
    };
    loop.run(coda::with_scope(body));
    ASSERT_EQ(ended.size(), 3U);
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(ended[static_cast<std::size_t>(i)].error().code(), errc::timed_out);
        EXPECT_EQ(ended[static_cast<std::size_t>(i)].error().outcome(), outcome::unknown);
    }
    EXPECT_EQ(ended[2].value(), 1);
    EXPECT_EQ(loop.elapsed(), 10ms);
}

TEST_F(a_single_flight, the_last_who_leaves_cancels_and_joins_it) {
    auto const body = [&](coda::scope& s) -> task<> {
        s.spawn(coda::with_timeout(2ms, ask("a")));
        s.spawn(coda::with_timeout(4ms, ask("a")));
        co_return;
    };
    loop.run(coda::with_scope(body));
    ASSERT_EQ(ended.size(), 2U);
    EXPECT_EQ(ended[1].error().code(), errc::timed_out);
    EXPECT_EQ(call.ended, 1);
    EXPECT_EQ(loop.elapsed(), 4ms);
    EXPECT_EQ(flights.size(), 0U);
}

TEST_F(a_single_flight, what_was_cancelled_is_not_joined_any_more) {
    auto const body = [&](coda::scope& s) -> task<> {
        auto const lingers = [this]() -> task<int> { // ends only a while after it was asked to
            ++call.made;
            co_await as_result(coda::sleep_for(1h));
            co_await coda::shield(coda::sleep_for(3ms));
            co_return 7;
        };
        auto const first = [this, lingers]() -> task<> {
            auto r = co_await as_result(flights("a", lingers));
            ended.push_back(std::move(r));
        };
        s.spawn(coda::with_timeout(2ms, first()));
        co_await coda::sleep_for(3ms);
        EXPECT_EQ(flights.size(), 0U);
        s.spawn(ask("a"));
    };
    loop.run(coda::with_scope(body));
    ASSERT_EQ(ended.size(), 2U);
    EXPECT_EQ(ended[0].value(), 7); // it had a value to give after all
    EXPECT_EQ(ended[1].value(), 2); // a call of its own
}

TEST_F(a_single_flight, callers_that_are_destroyed_leave_it_too) {
    loop.run([&]() -> task<> {
        auto const& ctx = co_await coda::this_context();
        std::optional<coda::scope> abandoned(std::in_place, ctx);
        coda::scope kept(ctx);
        abandoned->spawn(ask("a"));
        co_await coda::yield();
        kept.spawn(ask("a"));
        co_await coda::sleep_for(1ms);
        abandoned.reset();
        co_await kept.join();
        EXPECT_EQ(ended.size(), 1U);
        abandoned.emplace(ctx);
        abandoned->spawn(ask("a"));
        co_await coda::sleep_for(1ms);
        EXPECT_EQ(flights.size(), 1U);
        abandoned.reset(); // the last
        EXPECT_EQ(flights.size(), 0U);
    }());
    EXPECT_EQ(call.made, 2);
    EXPECT_EQ(call.ended, 1);
}

TEST_F(a_single_flight, has_nobodys_deadline) {
    loop.run([&]() -> task<> {
        coda::time_point inside{};
        auto const looks = [&]() -> task<int> {
            inside = (co_await coda::this_context()).deadline;
            co_return 1;
        };
        co_await coda::with_timeout(1s, flights("a", looks));
        EXPECT_EQ(inside, coda::no_deadline);
    }());
}

TEST_F(a_single_flight, keeps_the_call_when_the_one_who_brought_it_has_left) {
    auto const text = std::make_shared<std::string>("what it needs");
    std::weak_ptr<std::string> const watched = text;
    auto const brings = [&](std::shared_ptr<std::string> needs) -> task<> {
        auto fn = [needs = std::move(needs)]() -> task<int> {
            co_await coda::sleep_for(10ms);
            co_return static_cast<int>(needs->size());
        };
        auto const r = co_await as_result(flights("a", std::move(fn)));
        EXPECT_TRUE(r.has_error());
    };
    auto const body = [&](coda::scope& s) -> task<> {
        s.spawn(coda::with_timeout(1ms, brings(std::make_shared<std::string>(*text))));
        s.spawn(ask("a"));
        co_return;
    };
    loop.run(coda::with_scope(body));
    ASSERT_EQ(ended.size(), 1U);
    EXPECT_EQ(ended[0].value(), 13);
}

TEST(single_flight, of_nothing) {
    manual_loop loop;
    coda::single_flight<int, void> flights;
    int made = 0;
    auto const call = [&]() -> task<> {
        ++made;
        co_await coda::sleep_for(1ms);
    };
    auto const body = [&](coda::scope& s) -> task<> {
        s.spawn(flights(1, call));
        s.spawn(flights(1, call));
        co_return;
    };
    loop.run(coda::with_scope(body));
    EXPECT_EQ(made, 1);
}

} // namespace retry_single_flight_test
