// SPDX-License-Identifier: BSL-1.0
// Each part of retry cancelled at each of its suspensions: no permit is lost, and no call goes on by itself.
#include "support/cancel_everywhere.hpp"
#include "support/loops.hpp"
#include "unit/retry/scripted_call.hpp"

#include <coda/retry.hpp>
#include <coda/runtime/run.hpp>

#include <string>

namespace cancel_everywhere_retry_test {

using namespace std::chrono_literals;
using coda::as_result;
using coda::errc;
using coda::scope;
using coda::task;
using coda::test::cancel_everywhere;
using coda::test::scripted_call;
using coda::test::transient_error;

class retry_everywhere : public coda::test::on_every_loop {
protected:
    // How a call ended that may have been cancelled: whether by itself.
    template <class T>
    static bool by_itself(coda::result<T> const& r) {
        EXPECT_TRUE(r.has_value() || r.error().code() == errc::cancelled) << r.error().message();
        return r.has_value();
    }
    // `attempt` ends by itself, or cancelled, in more than one place.
    template <class Attempt>
    void expect_cancelled_in_several_places(Attempt attempt) {
        EXPECT_GT(run(cancel_everywhere(attempt)), 2);
    }
};
CODA_ON_EVERY_LOOP(retry_everywhere);

TEST_P(retry_everywhere, retry) {
    auto const attempt = [&]() -> task<bool> {
        scripted_call call({{transient_error(), 1ms}, {transient_error(), 1ms}, {std::nullopt, 1ms}});
        coda::retry_policy const policy{.max_attempts = 3, .backoff = coda::backoff::constant(1ms)};
        auto const r = co_await as_result(coda::retry(policy, [&] { return call(); }));
        EXPECT_EQ(call.running, 0);
        if (r.has_value()) EXPECT_EQ(call.made, 3);
        // Interrupted between two attempts, it ends with the last one's error, which says more.
        if (r.has_error())
            EXPECT_TRUE(r.error().code() == errc::cancelled || r.error().code() == transient_error().code());
        co_return r.has_value();
    };
    expect_cancelled_in_several_places(attempt);
}

TEST_P(retry_everywhere, hedge) {
    coda::hedge hedged({.after = 1ms});
    auto const attempt = [&]() -> task<bool> {
        scripted_call call({{std::nullopt, 1h}, {std::nullopt, 1ms}});
        auto const r = co_await as_result(hedged([&] { return call(); }));
        EXPECT_EQ(call.running, 0) << "both are joined";
        if (r.has_value()) EXPECT_EQ(*r, 2);
        co_return by_itself(r);
    };
    expect_cancelled_in_several_places(attempt);
}

TEST_P(retry_everywhere, fallback_that_waits_as_well) {
    auto const attempt = [&]() -> task<bool> {
        scripted_call call({{transient_error(), 1ms}});
        scripted_call instead({{std::nullopt, 1ms}});
        auto const stage = coda::fallback([&](coda::error const&) { return instead(); });
        auto const r = co_await as_result(stage([&] { return call(); }));
        EXPECT_EQ(call.running + instead.running, 0);
        EXPECT_LE(instead.made, call.made);
        co_return by_itself(r);
    };
    expect_cancelled_in_several_places(attempt);
}

TEST_P(retry_everywhere, a_call_behind_the_rate_limiter) {
    coda::rate_limiter limiter({.permits = 1, .per = 1ms, .burst = 1});
    auto const attempt = [&]() -> task<bool> {
        scripted_call call({{std::nullopt, 1ms}});
        co_await coda::shield(limiter.acquire()); // so that the next has to wait
        auto const r = co_await as_result(limiter([&] { return call(); }));
        EXPECT_EQ(call.running, 0);
        EXPECT_EQ(limiter.waiting(), 0u);
        co_return by_itself(r);
    };
    expect_cancelled_in_several_places(attempt);
}

TEST_P(retry_everywhere, permits_of_the_rate_limiter) {
    coda::rate_limiter limiter({.permits = 2, .per = 1ms, .burst = 2});
    auto const attempt = [&]() -> task<bool> {
        co_await coda::shield(limiter.acquire(2)); // so that the next has to wait
        auto const r = co_await as_result(limiter.acquire(2));
        EXPECT_EQ(limiter.waiting(), 0u);
        co_return by_itself(r);
    };
    EXPECT_GT(run(cancel_everywhere(attempt)), 0);
}

TEST_P(retry_everywhere, a_pass_of_the_concurrency_limiter) {
    coda::concurrency_limiter limiter({.initial_limit = 1, .max_limit = 1});
    auto const hold = [&]() -> task<> {
        auto const held = co_await limiter.acquire();
        co_await coda::sleep_for(1ms);
    };
    auto const attempt = [&]() -> task<bool> {
        bool ended = false;
        auto const body = [&](scope& s) -> task<> {
            s.spawn(coda::shield(hold()));
            co_await coda::shield(coda::yield()); // it begins
            auto const r = co_await as_result(limiter.acquire());
            ended = by_itself(r);
        };
        static_cast<void>(co_await as_result(coda::with_scope(body)));
        EXPECT_EQ(limiter.waiting(), 0u);
        EXPECT_EQ(limiter.in_flight(), 0u);
        co_return ended;
    };
    EXPECT_GT(run(cancel_everywhere(attempt)), 0);
}

TEST_P(retry_everywhere, a_call_with_a_timeout) {
    coda::timeout const limit(1h);
    auto const attempt = [&]() -> task<bool> {
        scripted_call call({{std::nullopt, 1ms}});
        auto const r = co_await as_result(limit([&] { return call(); }));
        EXPECT_EQ(call.running, 0);
        co_return by_itself(r);
    };
    EXPECT_GT(run(cancel_everywhere(attempt)), 0);
}

TEST_P(retry_everywhere, a_call_behind_the_concurrency_limiter) {
    coda::concurrency_limiter limiter({.initial_limit = 1, .max_limit = 1});
    auto const hold = [&]() -> task<> {
        auto const held = co_await limiter.acquire();
        co_await coda::sleep_for(1ms);
    };
    auto const attempt = [&]() -> task<bool> {
        scripted_call call({{std::nullopt, 1ms}});
        bool ended = false;
        auto const body = [&](scope& s) -> task<> {
            s.spawn(coda::shield(hold()));
            co_await coda::shield(coda::yield()); // it begins
            auto const r = co_await as_result(limiter([&] { return call(); }));
            ended = by_itself(r);
        };
        co_await as_result(coda::with_scope(body));
        EXPECT_EQ(call.running, 0);
        EXPECT_EQ(limiter.waiting(), 0u);
        EXPECT_EQ(limiter.in_flight(), 0u);
        co_return ended;
    };
    expect_cancelled_in_several_places(attempt);
}

TEST_P(retry_everywhere, a_probe_of_the_circuit_breaker) {
    auto const attempt = [&]() -> task<bool> {
        coda::circuit_breaker breaker({.minimum_calls = 1, .open_for = 1ms, .probes = 1});
        scripted_call call({{transient_error()}, {std::nullopt, 1ms}});
        static_cast<void>(co_await as_result(coda::shield(breaker([&] { return call(); }))));
        co_await coda::shield(coda::sleep_for(2ms));
        auto const probe = co_await as_result(breaker([&] { return call(); }));
        EXPECT_EQ(call.running, 0);
        // Who was cancelled has not taken the only probe with him.
        auto const next = co_await as_result(coda::shield(breaker([&] { return call(); })));
        EXPECT_TRUE(next.has_value());
        EXPECT_EQ(breaker.state(), coda::circuit_state::closed);
        co_return by_itself(probe);
    };
    EXPECT_GT(run(cancel_everywhere(attempt)), 0);
}

TEST_P(retry_everywhere, one_of_two_who_fly_together) {
    coda::single_flight<std::string, int> flights;
    auto const attempt = [&]() -> task<bool> {
        scripted_call call({{std::nullopt, 1ms}});
        auto const other = [&]() -> task<> {
            auto const r = co_await as_result(flights("key", [&] { return call(); }));
            EXPECT_TRUE(r.has_value()) << "who leaves does not cancel the others";
        };
        bool ended = false;
        auto const body = [&](scope& s) -> task<> {
            s.spawn(coda::shield(other()));
            co_await coda::shield(coda::yield()); // it begins
            auto const r = co_await as_result(flights("key", [&] { return call(); }));
            ended = by_itself(r);
        };
        co_await as_result(coda::with_scope(body));
        EXPECT_EQ(call.made, 1);
        EXPECT_EQ(call.running, 0);
        EXPECT_EQ(flights.size(), 0u);
        co_return ended;
    };
    expect_cancelled_in_several_places(attempt);
}

TEST_P(retry_everywhere, the_last_of_a_flight_takes_the_call_with_him) {
    coda::single_flight<std::string, int> flights;
    auto const attempt = [&]() -> task<bool> {
        scripted_call call({{std::nullopt, 1ms}});
        auto const r = co_await as_result(flights("key", [&] { return call(); }));
        EXPECT_EQ(call.running, 0);
        EXPECT_EQ(flights.size(), 0u);
        co_return by_itself(r);
    };
    EXPECT_GT(run(cancel_everywhere(attempt)), 0);
}

} // namespace cancel_everywhere_retry_test
