// SPDX-License-Identifier: BSL-1.0
#include "scripted_call.hpp"
#include "support/allocations.hpp"
#include "support/cancel_everywhere.hpp"
#include "support/loops.hpp"
#include "support/manual_loop.hpp"
#include "support/tracked.hpp"

#include <coda/retry.hpp>
#include <coda/runtime/when_all.hpp>

#include <gtest/gtest.h>

#include <string>
#include <type_traits>
#include <vector>

namespace retry_pipeline_test {

using namespace std::chrono_literals;
using coda::as_result;
using coda::errc;
using coda::error;
using coda::operation;
using coda::pipeline;
using coda::retry;
using coda::retry_policy;
using coda::task;
using coda::timeout;
using coda::test::manual_loop;
using coda::test::scripted_call;
using coda::test::tally;
using coda::test::tracked;
using coda::test::transient_error;

operation<int> ready(int x) { co_return x; }

retry_policy every(coda::duration d, std::size_t attempts) {
    return {.max_attempts = attempts, .backoff = coda::backoff::constant(d)};
}

TEST(pipeline, of_nothing_is_the_call) {
    manual_loop loop;
    loop.run([]() -> task<> { EXPECT_EQ(co_await pipeline()([] { return ready(3); }), 3); }());
}

TEST(pipeline, puts_the_first_stage_outermost) {
    manual_loop loop;
    std::vector<std::string> order;
    auto const noted = [&](std::string name) {
        return [&order, name](auto call) -> operation<int> {
            order.push_back(name + " in");
            auto r = co_await as_result(call());
            order.push_back(name + " out");
            co_return std::move(r);
        };
    };
    loop.run([&]() -> task<> {
        auto const p = pipeline(noted("a"), noted("b"));
        EXPECT_EQ(co_await p([] { return ready(3); }), 3);
    }());
    EXPECT_EQ(order, (std::vector<std::string>{"a in", "b in", "b out", "a out"}));
}

TEST(pipeline, a_timeout_before_retry_bounds_all_attempts_and_one_behind_it_each) {
    manual_loop loop;
    scripted_call call({{std::nullopt, 1h}, {std::nullopt, 1h}, {std::nullopt, 1h}, {std::nullopt, 1h}});
    loop.run([&]() -> task<> {
        auto policy = every(10ms, 9);
        policy.idempotent = true;
        auto const p = pipeline(timeout(100ms), retry(policy), timeout(30ms));
        auto const r = co_await as_result(p([&] { return call(); }));
        EXPECT_EQ(r.error().code(), errc::timed_out);
    }());
    EXPECT_EQ(loop.elapsed(), 100ms); // 30, wait, 70, wait, 80 ..., cut
    EXPECT_EQ(call.made, 3);
    EXPECT_EQ(call.ended, 3);
}

TEST(pipeline, a_breaker_behind_retry_sees_each_attempt_and_ends_it_when_it_opens) {
    manual_loop loop;
    coda::circuit_breaker breaker({.minimum_calls = 3});
    scripted_call call({{transient_error()}, {transient_error()}, {transient_error()}, {transient_error()}});
    loop.run([&]() -> task<> {
        auto const r = co_await as_result(pipeline(retry(every(10ms, 9)), breaker)([&] { return call(); }));
        EXPECT_EQ(r.error().code(), coda::retry_errc::circuit_open);
        EXPECT_EQ(r.error().details<coda::retry_error>()->attempts.size(), 4U);
    }());
    EXPECT_EQ(call.made, 3);
    EXPECT_EQ(breaker.state(), coda::circuit_state::open);
}

TEST(pipeline, may_be_used_many_times_at_once) {
    manual_loop loop;
    coda::concurrency_limiter limiter({.initial_limit = 2, .max_limit = 2});
    std::deque<scripted_call::step> steps(10, {std::nullopt, 10ms});
    scripted_call call(std::move(steps));
    loop.run([&]() -> task<> {
        auto const p = pipeline(timeout(1s), retry(retry_policy::transient()), limiter);
        auto const body = [&](coda::scope& s) -> task<> {
            for (int i = 0; i < 10; ++i) s.spawn(p([&] { return call(); }));
            co_return;
        };
        co_await coda::with_scope(body);
    }());
    EXPECT_EQ(call.most_running, 2);
    EXPECT_EQ(loop.elapsed(), 50ms);
}

TEST(pipeline, is_an_awaitable_like_any_other) {
    manual_loop loop;
    loop.run([]() -> task<> {
        coda::circuit_breaker breaker;
        auto const p = pipeline(timeout(1s), breaker);
        auto both = co_await coda::when_all(p([] { return ready(1); }), p([]() -> task<> { co_return; }));
        EXPECT_EQ(std::get<0>(both), 1);
        auto const r = co_await as_result(coda::with_timeout(1ms, p([]() -> task<> { co_await coda::sleep_for(1h); })));
        EXPECT_EQ(r.error().code(), errc::timed_out);
        co_await p([] { return coda::sleep_for(1ms); }); // a wait of the runtime
    }());
}

TEST(pipeline, of_a_temporary_keeps_what_can_be_copied) {
    manual_loop loop;
    coda::circuit_breaker breaker;
    loop.run([&]() -> task<> {
        auto made = pipeline(timeout(1s), retry(every(1ms, 3)), breaker)([] { return ready(5); });
        int const value = co_await std::move(made);
        EXPECT_EQ(value, 5);
    }());
}

TEST(pipeline, cancelled_at_every_suspension_leaves_every_part_as_it_was) {
    manual_loop loop;
    coda::circuit_breaker breaker({.minimum_calls = 1'000'000}); // it shall not open, however many attempts fail here
    coda::concurrency_limiter limiter({.initial_limit = 1, .max_limit = 1});
    coda::rate_limiter rate({.permits = 1'000'000, .per = 1s, .burst = 1});
    coda::hedge hedged({.after = 1us});
    scripted_call const script({{transient_error(), 2us}, {transient_error(), 2us}, {transient_error()}});
    loop.run([&]() -> task<> {
        auto const p = pipeline(timeout(1h), retry(every(1us, 3)), breaker, rate, limiter, hedged);
        auto const attempt = [&]() -> task<bool> {
            auto call = script;
            bool over = false;
            auto const ticks = [&]() -> task<> { // each turn takes a while: some task is always ready here
                while (!over) {
                    loop.advance(500ns);
                    co_await coda::yield();
                }
            };
            auto const waits = [&]() -> task<> {
                auto const held = co_await limiter.acquire();
                for (int i = 0; i < 3; ++i) co_await coda::yield();
            };
            coda::scope others(co_await coda::this_context());
            others.spawn(waits());
            others.spawn(ticks());
            co_await coda::yield();
            auto const r = co_await as_result(p([&] { return call(); }));
            over = true;
            co_await as_result(others.join());
            EXPECT_EQ(call.running, 0);
            EXPECT_EQ(limiter.in_flight(), 0U);
            EXPECT_EQ(limiter.waiting(), 0U);
            EXPECT_EQ(rate.waiting(), 0U);
            co_return r.has_value() || r.error().code() != errc::cancelled;
        };
        int const cancelled = co_await coda::test::cancel_everywhere(attempt);
        EXPECT_GT(cancelled, 8);
    }());
    EXPECT_EQ(breaker.state(), coda::circuit_state::closed);
}

using allocations = coda::test::on_every_loop;
CODA_ON_EVERY_LOOP(allocations);

TEST_P(allocations, of_a_pipeline_that_is_warm_are_none) {
    coda::circuit_breaker breaker;
    coda::concurrency_limiter limiter;
    coda::rate_limiter rate({.permits = 1'000'000, .per = 1ms, .burst = 1'000'000});
    coda::retry_budget budget;
    auto const root = [&]() -> task<std::size_t> {
        auto const p = pipeline(timeout(1h), retry({.budget = &budget}), breaker, limiter, rate);
        for (int i = 0; i < 1000; ++i) co_await p([i] { return ready(i); });
        auto const before = coda::test::allocations();
        for (int i = 0; i < 1000; ++i) co_await p([i] { return ready(i); });
        co_return coda::test::allocations() - before;
    };
    auto const made = run(root());
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
    return; // there each frame is the heap's own
#endif
#endif
    EXPECT_EQ(made, 0U);
}

// What users write inside an await, with objects that count how often they are made and destroyed (see
// runtime/gcc12_test.cpp).
class gcc12_retry : public testing::Test {
protected:
    template <class Pattern>
    void holds(Pattern pattern) {
        manual_loop loop;
        for (int i = 0; i < 3; ++i) {
            loop.run(pattern(count));
            EXPECT_GT(count.made, 0);
            EXPECT_EQ(count.alive(), 0);
        }
    }
    tally count;
};

operation<std::string> echo(std::string text, tracked held) {
    co_await coda::yield();
    co_return text + std::to_string(held.value);
}
std::string long_text() { return "a text that is longer than what a string keeps inside itself"; }

TEST_F(gcc12_retry, bodies_and_policies_in_place) {
    holds([](tally& t) -> task<> {
        tracked const local(t, 3);
        int tries = 0;
        co_await retry(retry_policy::transient(), [&]() -> task<> {
            tracked const mine(local);
            if (++tries < 2) throw coda::exception(transient_error());
            co_await coda::yield();
        });
        EXPECT_EQ(tries, 2);
        auto const text =
            co_await retry({.max_attempts = 2, .idempotent = true}, [&] { return echo(long_text(), tracked(t, 1)); });
        EXPECT_EQ(text, long_text() + "1");
    });
}

TEST_F(gcc12_retry, pipelines_in_place) {
    holds([](tally& t) -> task<> {
        coda::circuit_breaker breaker({.minimum_calls = 5});
        coda::concurrency_limiter limiter({.initial_limit = 5});
        auto const text = co_await pipeline(timeout(1s), retry({.max_attempts = 2}), breaker,
                                            limiter)([&] { return echo(long_text(), tracked(t, 2)); });
        EXPECT_EQ(text, long_text() + "2");
        auto const r = co_await as_result(pipeline(timeout(1s), breaker)([&]() -> task<tracked> {
            co_await coda::yield();
            co_return tracked(t, 4);
        }));
        EXPECT_EQ(r->value, 4);
        auto const instead = co_await coda::fallback([&](error const& e) { return e.message() + long_text(); })(
            [&]() -> operation<std::string> {
                tracked const mine(t);
                co_await coda::yield();
                co_return error(errc::closed);
            });
        EXPECT_EQ(instead, "closed" + long_text());
    });
}

TEST_F(gcc12_retry, keys_and_calls_of_a_flight_in_place) {
    holds([](tally& t) -> task<> {
        coda::single_flight<std::string, std::string> flights;
        auto const text = co_await flights(long_text(), [&t] { return echo(long_text(), tracked(t, 5)); });
        EXPECT_EQ(text, long_text() + "5");
        coda::hedge hedged({.after = 1ms});
        auto const other = co_await hedged([&t] { return echo(long_text(), tracked(t, 6)); });
        EXPECT_EQ(other, long_text() + "6");
    });
}

} // namespace retry_pipeline_test
