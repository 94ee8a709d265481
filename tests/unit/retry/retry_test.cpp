// SPDX-License-Identifier: BSL-1.0
#include "scripted_call.hpp"
#include "support/manual_loop.hpp"

#include <coda/retry/retry.hpp>
#include <coda/runtime/deadline.hpp>
#include <coda/runtime/scope.hpp>

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

namespace retry_retry_test {

using namespace std::chrono_literals;
using coda::as_result;
using coda::errc;
using coda::error;
using coda::outcome;
using coda::retry;
using coda::retry_error;
using coda::retry_policy;
using coda::task;
using coda::verdict;
using coda::test::manual_loop;
using coda::test::permanent_error;
using coda::test::scripted_call;
using coda::test::transient_error;

retry_policy every(coda::duration d, std::size_t attempts) {
    return {.max_attempts = attempts, .backoff = coda::backoff::constant(d)};
}

// Runs a call under a policy and gives its outcome; the clock's way is in `elapsed`.
struct ran {
    coda::result<int> ended;
    coda::duration elapsed;
    retry_error const* tried() const { return ended.error().details<retry_error>(); }
};
ran run(retry_policy policy, scripted_call& call, coda::duration limit = 1h) {
    manual_loop loop;
    auto const body = [&]() -> task<coda::result<int>> {
        auto ended = co_await as_result(coda::with_timeout(limit, retry(policy, [&] { return call(); })));
        co_return std::move(ended);
    };
    auto ended = loop.run(body());
    return {std::move(ended), loop.elapsed()};
}

TEST(retry, gives_the_value_of_a_first_attempt_that_succeeds) {
    scripted_call call;
    auto const r = run(every(10ms, 3), call);
    EXPECT_EQ(r.ended.value(), 1);
    EXPECT_EQ(call.made, 1);
    EXPECT_EQ(r.elapsed, 0ms);
}

TEST(retry, tries_again_after_the_backoff) {
    scripted_call call({{transient_error()}, {transient_error()}});
    auto const r = run(every(10ms, 3), call);
    EXPECT_EQ(r.ended.value(), 3);
    EXPECT_EQ(r.elapsed, 20ms);
}

TEST(retry, backs_off_longer_each_time) {
    scripted_call call({{transient_error()}, {transient_error()}, {transient_error()}});
    auto const r = run({.max_attempts = 9, .backoff = {.base = 10ms, .cap = 1s, .jitter = coda::jitter::none}}, call);
    EXPECT_EQ(r.ended.value(), 4);
    EXPECT_EQ(r.elapsed, 10ms + 20ms + 40ms);
}

TEST(retry, gives_up_when_the_attempts_are_used) {
    scripted_call call({{transient_error()}, {error(errc::connection_lost)}, {error(errc::queue_full)}, {}});
    auto const r = run(every(10ms, 3), call);
    EXPECT_EQ(call.made, 3);
    EXPECT_EQ(r.ended.error().code(), errc::queue_full);
    ASSERT_NE(r.tried(), nullptr);
    EXPECT_EQ(r.tried()->why, verdict::attempts_used);
    ASSERT_EQ(r.tried()->attempts.size(), 3U);
    EXPECT_EQ(r.tried()->attempts[0].code(), errc::timed_out);
    EXPECT_EQ(r.tried()->attempts[1].code(), errc::connection_lost);
    EXPECT_EQ(r.ended.error().message(), "queue full; 3 attempts, no more attempts are allowed");
}

TEST(retry, gives_an_error_that_nothing_can_be_done_about_as_it_is) {
    auto const e = error(make_error_code(errc::type_mismatch), "the server's words", outcome::completed);
    scripted_call call({{e}});
    auto const r = run(every(10ms, 3), call);
    EXPECT_EQ(call.made, 1);
    EXPECT_EQ(r.ended.error().message(), "the server's words");
    EXPECT_EQ(r.tried(), nullptr);
}

TEST(retry, of_one_attempt_tries_once) {
    scripted_call call({{transient_error()}});
    EXPECT_EQ(run(every(10ms, 1), call).ended.error().code(), errc::timed_out);
    EXPECT_EQ(call.made, 1);
}

TEST(retry, never_sends_twice_what_may_have_been_done) {
    scripted_call call({{error(errc::connection_lost, outcome::unknown)}});
    auto const r = run(every(10ms, 3), call);
    EXPECT_EQ(call.made, 1);
    EXPECT_EQ(r.ended.error().outcome(), outcome::unknown);
    EXPECT_EQ(r.tried()->why, verdict::unsafe);
}

TEST(retry, sends_again_what_is_idempotent) {
    scripted_call call({{error(errc::connection_lost, outcome::unknown)}});
    auto policy = every(10ms, 3);
    policy.idempotent = true;
    EXPECT_EQ(run(policy, call).ended.value(), 2);
}

TEST(retry, says_unknown_when_any_attempt_may_have_done_it) {
    scripted_call call({{error(errc::connection_lost, outcome::unknown)}, {error(errc::not_connected)}});
    auto policy = every(10ms, 2);
    policy.idempotent = true;
    auto const r = run(policy, call);
    EXPECT_EQ(r.ended.error().code(), errc::not_connected);
    EXPECT_EQ(r.ended.error().outcome(), outcome::unknown); // though the last was not sent
}

TEST(retry, fails_at_once_rather_than_sleep_past_the_deadline) {
    scripted_call call({{transient_error(), 30ms}, {transient_error(), 30ms}, {transient_error(), 30ms}});
    auto const r = run(every(20ms, 9), call, 95ms); // 30, 50, 80: the next would begin at 100
    EXPECT_EQ(call.made, 2);
    EXPECT_EQ(r.elapsed, 80ms);
    EXPECT_EQ(r.ended.error().code(), errc::timed_out);
    EXPECT_EQ(r.tried()->why, verdict::no_time);
    EXPECT_EQ(r.tried()->attempts.size(), 2U);
}

struct please_wait final : coda::error_details {
    explicit please_wait(coda::duration d) : wait(d) {}
    std::string message() const override { return "please wait"; }
    std::chrono::nanoseconds retry_after() const noexcept override { return wait; }
    coda::duration wait;
};
error asks_to_wait(coda::duration d) {
    return {make_error_code(errc::queue_full), outcome::completed, std::make_shared<please_wait>(d)};
}

TEST(retry, waits_as_long_as_the_server_asks_and_then_backs_off) {
    scripted_call call({{asks_to_wait(500ms)}});
    auto const r = run(every(10ms, 3), call);
    EXPECT_EQ(r.ended.value(), 2);
    EXPECT_EQ(r.elapsed, 510ms);
}

TEST(retry, fails_at_once_when_the_server_asks_for_more_time_than_there_is) {
    scripted_call call({{asks_to_wait(2s)}});
    auto const r = run(every(10ms, 3), call, 1s);
    EXPECT_EQ(r.elapsed, 0ms);
    EXPECT_EQ(r.tried()->why, verdict::no_time);
}

TEST(retry, finds_the_details_of_the_last_attempt_inside_its_own) {
    scripted_call call({{transient_error()}, {asks_to_wait(1ms)}});
    auto const r = run(every(10ms, 2), call);
    ASSERT_NE(r.ended.error().details<please_wait>(), nullptr);
    EXPECT_EQ(r.ended.error().details<please_wait>()->wait, 1ms);
}

TEST(retry, stops_when_the_budget_is_empty) {
    coda::retry_budget budget({.burst = 2});
    auto policy = every(10ms, 9);
    policy.budget = &budget;
    scripted_call call({{transient_error()}, {transient_error()}, {transient_error()}, {transient_error()}});
    auto const r = run(policy, call);
    EXPECT_EQ(call.made, 3);
    EXPECT_EQ(r.tried()->why, verdict::budget_empty);
    EXPECT_EQ(budget.available(), 0U);
}

TEST(retry, takes_nothing_from_the_budget_for_what_is_not_tried_again) {
    coda::retry_budget budget({.burst = 2});
    auto policy = every(10ms, 9);
    policy.budget = &budget;
    scripted_call call({{permanent_error()}});
    run(policy, call);
    EXPECT_EQ(budget.available(), 2U);
}

TEST(retry, success_pays_into_the_budget) {
    coda::retry_budget budget({.burst = 2, .percent = 100});
    auto policy = every(10ms, 9);
    policy.budget = &budget;
    scripted_call call({{transient_error()}, {transient_error()}});
    EXPECT_EQ(run(policy, call).ended.value(), 3);
    EXPECT_EQ(budget.available(), 1U);
}

TEST(retry, asks_the_policy_what_kind_of_failure_it_is) {
    auto policy = every(10ms, 2);
    policy.classify = [](error const& e) noexcept {
        return e.code() == errc::type_mismatch ? coda::error_class::transient : coda::error_class::permanent;
    };
    scripted_call call({{permanent_error()}});
    EXPECT_EQ(run(policy, call).ended.value(), 2);
    scripted_call other({{transient_error()}});
    EXPECT_EQ(run(policy, other).ended.error().code(), errc::timed_out);
}

TEST(retry, understands_what_a_task_throws) {
    manual_loop loop;
    int made = 0;
    loop.run([&]() -> task<> {
        co_await retry(every(10ms, 3), [&]() -> task<> {
            if (++made < 3) throw coda::exception(transient_error());
            co_return;
        });
    }());
    EXPECT_EQ(made, 3);
    EXPECT_EQ(loop.elapsed(), 20ms);
}

TEST(retry, other_exceptions_pass_through) {
    manual_loop loop;
    int made = 0;
    auto const body = [&]() -> task<> {
        co_await retry(every(10ms, 3), [&]() -> task<int> {
            ++made;
            throw std::logic_error("a bug");
            co_return 1;
        });
    };
    EXPECT_THROW(loop.run(body()), std::logic_error);
    EXPECT_EQ(made, 1);
}

TEST(retry, cancelled_while_it_waits_ends_at_once_with_the_attempts) {
    manual_loop loop;
    scripted_call call({{transient_error()}, {transient_error()}});
    loop.run([&]() -> task<> {
        coda::cancel_source stop;
        auto const stopper = [&]() -> task<> {
            co_await coda::sleep_for(15ms);
            stop.request();
        };
        coda::scope s(co_await coda::this_context());
        s.spawn(stopper());
        auto const tried = [&] { return call(); };
        auto const r = co_await as_result(coda::with_cancellation(stop.token(), retry(every(10ms, 9), tried)));
        EXPECT_EQ(r.error().code(), errc::cancelled);
        EXPECT_EQ(r.error().kind(), coda::error_class::cancelled);
        EXPECT_EQ(r.error().outcome(), outcome::not_sent); // both attempts were answered
        EXPECT_EQ(r.error().details<retry_error>()->attempts.size(), 2U);
        co_await s.join();
    }());
    EXPECT_EQ(loop.elapsed(), 15ms);
    EXPECT_EQ(call.made, 2);
}

// Though it may be repeated, whatever became of it.
TEST(retry, cancelled_during_an_attempt_does_not_try_again) {
    manual_loop loop;
    scripted_call call({{std::nullopt, 1h}});
    auto policy = every(10ms, 9);
    policy.idempotent = true;
    coda::cancel_source stop;
    std::optional<coda::result<int>> ended;
    auto const calls = [&]() -> task<> { ended = co_await as_result(retry(policy, [&] { return call(); })); };
    auto const body = [&](coda::scope& s) -> task<> {
        s.spawn(coda::with_cancellation(stop.token(), calls()));
        co_await coda::sleep_for(5ms);
        EXPECT_EQ(call.running, 1);
        stop.request();
    };
    loop.run(coda::with_scope(body));
    EXPECT_EQ(loop.elapsed(), 5ms);
    EXPECT_EQ(call.made, 1);
    ASSERT_TRUE(ended && ended->has_error());
    EXPECT_EQ(ended->error().code(), errc::cancelled);
    EXPECT_EQ(ended->error().outcome(), outcome::unknown);
}

TEST(retry, past_its_deadline_during_an_attempt_does_not_try_again) {
    manual_loop loop;
    scripted_call call({{std::nullopt, 1h}});
    auto policy = every(10ms, 9);
    policy.idempotent = true;
    loop.run([&]() -> task<> {
        auto const tried = [&] { return call(); };
        auto const r = co_await as_result(coda::with_timeout(5ms, retry(policy, tried)));
        EXPECT_EQ(r.error().code(), errc::timed_out);
        EXPECT_EQ(r.error().outcome(), outcome::unknown);
    }());
    EXPECT_EQ(loop.elapsed(), 5ms);
    EXPECT_EQ(call.made, 1);
}

TEST(retry, refuses_a_policy_out_of_range_before_the_first_attempt) {
    scripted_call call;
    auto const r = run({.max_attempts = 0}, call);
    EXPECT_EQ(r.ended.error().code(), errc::invalid_argument);
    EXPECT_EQ(r.ended.error().message(), "max_attempts must be 1 to 1000, not 0");
    EXPECT_EQ(call.made, 0);
    EXPECT_EQ(check(retry_policy{.backoff = {.base = 0ms}}).error().message(),
              "backoff.base must be more than 0 and at most 24 h, not 0");
    EXPECT_TRUE(check(retry_policy::transient()));
    EXPECT_THROW(retry(retry_policy{.max_attempts = 1'001}), coda::exception);
}

TEST(retry, draws_its_jitter_from_the_policy) {
    auto const with_seed = [](std::uint64_t seed) {
        std::mt19937_64 generator(seed);
        scripted_call call({{transient_error()}, {transient_error()}});
        return run({.random = generator}, call).elapsed;
    };
    EXPECT_EQ(with_seed(1), with_seed(1));
    EXPECT_NE(with_seed(1), with_seed(2));
    EXPECT_LE(with_seed(1), 50ms + 100ms);
}

} // namespace retry_retry_test
