// SPDX-License-Identifier: BSL-1.0
#include "support/allocations.hpp"
#include "support/manual_loop.hpp"

#include <coda/retry/rate_limiter.hpp>
#include <coda/runtime/deadline.hpp>
#include <coda/runtime/scope.hpp>
#include <coda/runtime/sleep.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <utility>
#include <vector>

namespace retry_rate_limiter_test {

using namespace std::chrono_literals;
using coda::as_result;
using coda::duration;
using coda::errc;
using coda::rate_limiter;
using coda::retry_errc;
using coda::task;
using coda::test::manual_loop;

class a_rate_limiter : public testing::Test {
protected:
    task<> take(rate_limiter& l, int number, std::size_t n = 1) {
        auto const r = co_await as_result(l.acquire(n));
        if (r.has_value())
            took.emplace_back(number, loop.elapsed());
        else
            failed.emplace_back(number, r.error().code());
    }

    manual_loop loop;
    std::vector<std::pair<int, duration>> took;
    std::vector<std::pair<int, coda::error_code>> failed;
};
using taken = std::vector<std::pair<int, duration>>;

TEST_F(a_rate_limiter, gives_a_burst_at_once_and_then_keeps_the_rate) {
    rate_limiter limiter({.permits = 100, .per = 1s, .burst = 3});
    auto const body = [&](coda::scope& s) -> task<> {
        for (int i = 0; i < 6; ++i) s.spawn(take(limiter, i));
        co_return;
    };
    loop.run(coda::with_scope(body));
    EXPECT_EQ(took, (taken{{0, 0ms}, {1, 0ms}, {2, 0ms}, {3, 10ms}, {4, 20ms}, {5, 30ms}}));
}

TEST_F(a_rate_limiter, loses_nothing_to_rounding) {
    rate_limiter limiter({.permits = 3, .per = 1s, .burst = 1}); // one in 333333333.3 ns
    loop.run([&]() -> task<> {
        for (int i = 0; i <= 3'000; ++i) co_await limiter.acquire();
    }());
    EXPECT_GE(loop.elapsed(), 1'000s);
    EXPECT_LE(loop.elapsed(), 1'000s + 3us); // each wake-up is at most a nanosecond late
}

TEST_F(a_rate_limiter, saves_up_no_more_than_a_burst) {
    rate_limiter limiter({.permits = 10, .per = 1s, .burst = 2});
    loop.run([&]() -> task<> {
        co_await coda::sleep_for(24h);
        for (int i = 0; i < 3; ++i) co_await take(limiter, i);
    }());
    EXPECT_EQ(took, (taken{{0, 24h}, {1, 24h}, {2, 24h + 100ms}}));
}

TEST_F(a_rate_limiter, is_first_come_first_served_whatever_they_want) {
    rate_limiter limiter({.permits = 10, .per = 1s, .burst = 5});
    auto const body = [&](coda::scope& s) -> task<> {
        s.spawn(take(limiter, 0, 5));
        s.spawn(take(limiter, 1, 4));
        s.spawn(take(limiter, 2, 1));
        co_await coda::sleep_for(150ms);
        EXPECT_EQ(limiter.waiting(), 2U);
        EXPECT_FALSE(limiter.try_acquire(loop.now())); // there is one, but not for who comes last
    };
    loop.run(coda::with_scope(body));
    EXPECT_EQ(took, (taken{{0, 0ms}, {1, 400ms}, {2, 500ms}}));
}

TEST_F(a_rate_limiter, who_is_cancelled_makes_room_for_those_behind) {
    rate_limiter limiter({.permits = 10, .per = 1s, .burst = 5});
    auto const body = [&](coda::scope& s) -> task<> {
        coda::cancel_source stop;
        s.spawn(take(limiter, 0, 5));
        s.spawn(coda::with_cancellation(stop.token(), take(limiter, 1, 5)));
        s.spawn(take(limiter, 2, 1));
        co_await coda::sleep_for(250ms);
        stop.request();
        co_await coda::yield();
        co_await coda::yield();
    };
    loop.run(coda::with_scope(body));
    EXPECT_EQ(took, (taken{{0, 0ms}, {2, 250ms}}));
    ASSERT_EQ(failed.size(), 1U);
    EXPECT_EQ(failed[0].second, errc::cancelled);
    EXPECT_EQ(limiter.waiting(), 0U);
}

TEST_F(a_rate_limiter, who_is_destroyed_makes_room_for_those_behind) {
    rate_limiter limiter({.permits = 10, .per = 1s, .burst = 5});
    loop.run([&]() -> task<> {
        auto const& ctx = co_await coda::this_context();
        std::optional<coda::scope> abandoned(std::in_place, ctx);
        coda::scope kept(ctx);
        co_await limiter.acquire(5);
        abandoned->spawn(take(limiter, 1, 5));
        co_await coda::yield();
        kept.spawn(take(limiter, 2, 1));
        co_await coda::sleep_for(250ms);
        abandoned.reset();
        co_await kept.join();
    }());
    EXPECT_EQ(took, (taken{{2, 250ms}}));
}

TEST_F(a_rate_limiter, who_is_destroyed_before_he_takes_what_he_was_given_gives_it_back) {
    rate_limiter limiter({.permits = 10, .per = 1s, .burst = 5});
    loop.run([&]() -> task<> {
        auto const& ctx = co_await coda::this_context();
        std::optional<coda::scope> abandoned(std::in_place, ctx);
        coda::scope kept(ctx);
        auto const abandon = [&]() -> task<> {
            co_await coda::sleep_for(500ms); // the first to sleep until then, and so to go on
            EXPECT_EQ(limiter.waiting(), 1U) << "given";
            EXPECT_TRUE(took.empty()) << "but not taken";
            abandoned.reset();
        };
        co_await limiter.acquire(5);
        kept.spawn(abandon());
        co_await coda::yield();
        abandoned->spawn(take(limiter, 1, 5));
        co_await coda::yield();
        kept.spawn(take(limiter, 2, 5));
        co_await kept.join();
    }());
    EXPECT_EQ(took, (taken{{2, 500ms}}));
}

TEST_F(a_rate_limiter, who_is_destroyed_when_he_lets_others_go_first_has_taken_nothing) {
    rate_limiter limiter({.permits = 1, .per = 1h, .burst = 10'000});
    std::size_t count = 0;
    auto const take_all = [&]() -> task<> {
        for (;; ++count) co_await limiter.acquire();
    };
    loop.run([&]() -> task<> {
        coda::scope abandoned(co_await coda::this_context());
        abandoned.spawn(take_all());
        co_await coda::yield();
        co_await coda::yield();
    }());
    EXPECT_GT(count, 0U);
    EXPECT_TRUE(limiter.try_acquire(loop.now(), 10'000 - count));
}

TEST_F(a_rate_limiter, refuses_at_once_who_would_come_too_late) {
    rate_limiter limiter({.permits = 10, .per = 1s, .burst = 1});
    auto const body = [&](coda::scope& s) -> task<> {
        s.spawn(take(limiter, 0));
        s.spawn(take(limiter, 1));
        s.spawn(coda::with_timeout(200ms, take(limiter, 2))); // its turn: 200 ms, not before
        s.spawn(coda::with_timeout(201ms, take(limiter, 3)));
        co_await coda::yield();
        co_await coda::yield();
        EXPECT_EQ(failed.size(), 1U);
    };
    loop.run(coda::with_scope(body));
    EXPECT_EQ(took, (taken{{0, 0ms}, {1, 100ms}, {3, 200ms}}));
    ASSERT_EQ(failed.size(), 1U);
    EXPECT_EQ(failed[0], std::pair(2, make_error_code(retry_errc::rate_limited)));
}

TEST_F(a_rate_limiter, refuses_at_once_when_too_many_wait) {
    rate_limiter limiter({.permits = 10, .per = 1s, .burst = 1, .max_waiters = 1});
    auto const body = [&](coda::scope& s) -> task<> {
        for (int i = 0; i < 3; ++i) s.spawn(take(limiter, i));
        co_return;
    };
    loop.run(coda::with_scope(body));
    EXPECT_EQ(took, (taken{{0, 0ms}, {1, 100ms}}));
    ASSERT_EQ(failed.size(), 1U);
    EXPECT_EQ(failed[0].second, errc::queue_full);
}

TEST_F(a_rate_limiter, refuses_what_it_could_never_give) {
    rate_limiter limiter({.permits = 10, .per = 1s, .burst = 2});
    loop.run(take(limiter, 0, 3));
    ASSERT_EQ(failed.size(), 1U);
    EXPECT_EQ(failed[0].second, errc::invalid_argument);
}

TEST_F(a_rate_limiter, limits_calls) {
    rate_limiter limiter({.permits = 10, .per = 1s, .burst = 1});
    auto const call = [&]() -> coda::operation<duration> { co_return loop.elapsed(); };
    loop.run([&]() -> task<> {
        EXPECT_EQ(co_await limiter(call), 0ms);
        EXPECT_EQ(co_await limiter(call), 100ms);
        auto const r = co_await as_result(coda::with_timeout(50ms, limiter(call)));
        EXPECT_EQ(r.error().code(), retry_errc::rate_limited);
        EXPECT_EQ(r.error().outcome(), coda::outcome::not_sent);
    }());
}

TEST_F(a_rate_limiter, waiting_allocates_nothing) {
    rate_limiter limiter({.permits = 1'000, .per = 1s, .burst = 1});
    loop.run([&]() -> task<> {
        for (int i = 0; i < 10; ++i) co_await limiter.acquire();
        auto const before = coda::test::allocations();
        for (int i = 0; i < 100; ++i) co_await limiter.acquire();
        EXPECT_EQ(coda::test::allocations(), before);
    }());
}

TEST(rate_limiter, error_names_the_option_its_range_and_its_value) {
    struct {
        coda::rate_limiter_options options;
        char const* message;
    } const cases[] = {
        {{.permits = 0}, "permits must be 1 to 1000000, not 0"},
        {{.per = 0ms}, "per must be more than 0 and at most 1 h, not 0"},
        {{.per = 2h}, "per must be more than 0 and at most 1 h, not 2 h"},
        {{.burst = 0}, "burst must be 1 to 1000000, not 0"},
        {{.max_waiters = 10'000'001}, "max_waiters must be 0 to 10000000, not 10000001"},
    };
    for (auto const& c : cases) {
        EXPECT_EQ(check(c.options).error().message(), c.message);
        EXPECT_THROW(rate_limiter{c.options}, coda::exception);
    }
    EXPECT_TRUE(check(coda::rate_limiter_options()));
}

TEST(rate_limiter, does_not_overflow_at_its_bounds) {
    manual_loop loop;
    rate_limiter most({.permits = 1'000'000, .per = 1h, .burst = 1'000'000});
    loop.run([&]() -> task<> {
        co_await most.acquire(1'000'000);
        co_await coda::sleep_for(24h * 365);
        co_await most.acquire(1'000'000);
        co_await most.acquire(500'000);
    }());
    EXPECT_EQ(loop.elapsed(), 24h * 365 + 30min);
}

} // namespace retry_rate_limiter_test
