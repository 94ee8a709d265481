// SPDX-License-Identifier: BSL-1.0
#include "scripted_call.hpp"
#include "support/manual_loop.hpp"

#include <coda/retry/circuit_breaker.hpp>
#include <coda/runtime/deadline.hpp>
#include <coda/runtime/scope.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>

namespace retry_circuit_breaker_test {

using namespace std::chrono_literals;
using coda::as_result;
using coda::circuit_breaker;
using coda::circuit_breaker_options;
using coda::circuit_state;
using coda::errc;
using coda::error;
using coda::operation;
using coda::outcome;
using coda::retry_errc;
using coda::task;
using coda::test::manual_loop;

constexpr circuit_breaker_options quick{
    .failure_percent = 50, .minimum_calls = 4, .window = 10s, .open_for = 1s, .probes = 2};

operation<int> good() { co_return 1; }
operation<int> bad() { co_return error(errc::connection_lost, outcome::unknown); }
operation<int> answered_no() { co_return error(errc::type_mismatch, outcome::completed); }
operation<int> cancelled() { co_return error(errc::cancelled); }
operation<int> slow(coda::duration d, bool succeeds) {
    co_await coda::sleep_for(d);
    if (succeeds) co_return 1;
    co_return error(errc::connection_lost);
}

class a_circuit_breaker : public testing::Test {
protected:
    task<> calls(operation<int> (*fn)(), int n) {
        for (int i = 0; i < n; ++i) co_await as_result(breaker(fn));
    }
    // The code that a call ends with; empty for success.
    task<coda::error_code> code_of(operation<int> (*fn)()) {
        auto const r = co_await as_result(breaker(fn));
        co_return r.has_error() ? r.error().code() : coda::error_code();
    }
    task<> open_it() {
        co_await calls(bad, 4);
        EXPECT_EQ(breaker.state(), circuit_state::open);
    }

    manual_loop loop;
    circuit_breaker breaker{quick};
};

TEST_F(a_circuit_breaker, closed_gives_values_and_errors_as_they_are) {
    loop.run([&]() -> task<> {
        EXPECT_EQ(co_await breaker(good), 1);
        EXPECT_EQ(co_await code_of(bad), errc::connection_lost);
        EXPECT_EQ(breaker.state(), circuit_state::closed);
    }());
}

TEST_F(a_circuit_breaker, opens_when_the_share_of_failures_is_reached) {
    loop.run([&]() -> task<> {
        co_await calls(good, 3);
        co_await calls(bad, 2);
        EXPECT_EQ(breaker.state(), circuit_state::closed); // 2 of 5
        co_await calls(bad, 1);
        EXPECT_EQ(breaker.state(), circuit_state::open); // 3 of 6
    }());
}

TEST_F(a_circuit_breaker, does_not_judge_by_too_few_calls) {
    loop.run([&]() -> task<> {
        co_await calls(bad, 3);
        EXPECT_EQ(breaker.state(), circuit_state::closed);
        co_await calls(bad, 1);
        EXPECT_EQ(breaker.state(), circuit_state::open);
    }());
}

TEST_F(a_circuit_breaker, open_ends_calls_at_once_without_making_them) {
    loop.run([&]() -> task<> {
        co_await open_it();
        int made = 0;
        auto const counted = [&] {
            ++made;
            return good();
        };
        auto const r = co_await as_result(breaker(counted));
        EXPECT_EQ(r.error().code(), retry_errc::circuit_open);
        EXPECT_EQ(r.error().outcome(), outcome::not_sent);
        EXPECT_EQ(r.error().kind(), coda::error_class::permanent); // retry does not wait for it
        EXPECT_EQ(made, 0);
    }());
}

TEST_F(a_circuit_breaker, forgets_failures_that_have_left_the_window) {
    loop.run([&]() -> task<> {
        co_await calls(bad, 3);
        co_await coda::sleep_for(11s);
        co_await calls(bad, 3);
        EXPECT_EQ(breaker.state(), circuit_state::closed);
        co_await coda::sleep_for(5s);
        co_await calls(bad, 1); // those of 5 s ago are still in it
        EXPECT_EQ(breaker.state(), circuit_state::open);
    }());
}

TEST_F(a_circuit_breaker, answers_of_the_server_are_no_failures_of_it) {
    loop.run([&]() -> task<> {
        co_await calls(answered_no, 100);
        EXPECT_EQ(breaker.state(), circuit_state::closed);
        co_await calls(bad, 99);
        EXPECT_EQ(breaker.state(), circuit_state::closed); // they counted as calls
        co_await calls(bad, 1);
        EXPECT_EQ(breaker.state(), circuit_state::open);
    }());
}

TEST_F(a_circuit_breaker, cancelled_calls_count_as_nothing) {
    loop.run([&]() -> task<> {
        co_await calls(bad, 3);
        co_await calls(cancelled, 100);
        co_await calls(bad, 1);
        EXPECT_EQ(breaker.state(), circuit_state::open);
    }());
}

TEST_F(a_circuit_breaker, closes_when_the_probes_succeed) {
    loop.run([&]() -> task<> {
        co_await open_it();
        co_await coda::sleep_for(1s - 1ns);
        EXPECT_EQ(co_await code_of(good), retry_errc::circuit_open);
        co_await coda::sleep_for(1ns);
        EXPECT_EQ(co_await code_of(good), coda::error_code());
        EXPECT_EQ(breaker.state(), circuit_state::half_open);
        EXPECT_EQ(co_await code_of(good), coda::error_code());
        EXPECT_EQ(breaker.state(), circuit_state::closed);
    }());
}

TEST_F(a_circuit_breaker, opens_again_when_a_probe_fails) {
    loop.run([&]() -> task<> {
        co_await open_it();
        co_await coda::sleep_for(1s);
        co_await calls(good, 1);
        co_await calls(bad, 1);
        EXPECT_EQ(breaker.state(), circuit_state::open);
        co_await coda::sleep_for(1s - 1ns);
        EXPECT_EQ(co_await code_of(good), retry_errc::circuit_open); // the whole time once more
    }());
}

TEST_F(a_circuit_breaker, half_open_lets_no_more_calls_through_than_probes) {
    loop.run([&]() -> task<> {
        co_await open_it();
        co_await coda::sleep_for(1s);
        int refused = 0;
        auto const probe = [&]() -> task<> {
            auto const r = co_await as_result(breaker([] { return slow(10ms, true); }));
            refused += r.has_error() ? 1 : 0;
        };
        auto const body = [&](coda::scope& s) -> task<> {
            for (int i = 0; i < 5; ++i) s.spawn(probe());
            co_return;
        };
        co_await coda::with_scope(body);
        EXPECT_EQ(refused, 3);
        EXPECT_EQ(breaker.state(), circuit_state::closed);
    }());
}

TEST_F(a_circuit_breaker, a_probe_that_says_nothing_leaves_its_place_to_another) {
    loop.run([&]() -> task<> {
        co_await open_it();
        co_await coda::sleep_for(1s);
        co_await calls(cancelled, 10);
        EXPECT_EQ(breaker.state(), circuit_state::half_open);
        co_await calls(good, 2);
        EXPECT_EQ(breaker.state(), circuit_state::closed);
    }());
}

TEST_F(a_circuit_breaker, a_probe_that_is_destroyed_or_throws_leaves_its_place_to_another) {
    loop.run([&]() -> task<> {
        co_await open_it();
        co_await coda::sleep_for(1s);
        auto const throws = []() -> task<int> {
            throw std::logic_error("a bug");
            co_return 1;
        };
        for (int i = 0; i < 3; ++i) {
            bool thrown = false;
            try {
                co_await breaker(throws);
            } catch (std::logic_error const&) {
                thrown = true;
            }
            EXPECT_TRUE(thrown);
        }
        auto const& ctx = co_await coda::this_context();
        std::optional<coda::scope> abandoned(std::in_place, ctx);
        for (int i = 0; i < 2; ++i) abandoned->spawn(breaker([] { return slow(1h, true); }));
        co_await coda::yield();
        EXPECT_EQ(co_await code_of(good), retry_errc::circuit_open);
        abandoned.reset();
        co_await calls(good, 2);
        EXPECT_EQ(breaker.state(), circuit_state::closed);
    }());
}

TEST_F(a_circuit_breaker, calls_that_began_before_it_opened_no_longer_count) {
    loop.run([&]() -> task<> {
        auto const body = [&](coda::scope& s) -> task<> {
            for (int i = 0; i < 10; ++i) s.spawn(as_result(breaker([] { return slow(1500ms, false); })));
            co_await coda::yield();
            co_await open_it();
            co_await coda::sleep_for(1s);
            co_await calls(good, 1); // a probe; then the old ones fail
            co_await coda::sleep_for(1s);
            EXPECT_EQ(breaker.state(), circuit_state::half_open);
            co_await calls(good, 1);
            EXPECT_EQ(breaker.state(), circuit_state::closed);
        };
        co_await coda::with_scope(body);
    }());
}

TEST_F(a_circuit_breaker, isolated_lets_nothing_through_until_it_is_reset) {
    loop.run([&]() -> task<> {
        breaker.isolate();
        EXPECT_EQ(breaker.state(), circuit_state::isolated);
        co_await coda::sleep_for(1h);
        EXPECT_EQ(co_await code_of(good), retry_errc::isolated);
        breaker.reset();
        EXPECT_EQ(co_await code_of(good), coda::error_code());
    }());
}

TEST_F(a_circuit_breaker, refused_calls_without_end_let_others_run) {
    breaker.isolate();
    bool over = false;
    loop.run([&]() -> task<> {
        auto const other = [&]() -> task<> {
            over = true;
            co_return;
        };
        auto const body = [&](coda::scope& s) -> task<> {
            s.spawn(other());
            while (!over) co_await as_result(breaker(good));
        };
        co_await coda::with_scope(body);
    }());
    EXPECT_TRUE(over);
}

TEST_F(a_circuit_breaker, guards_by_hand_what_is_no_awaitable) {
    loop.run([&]() -> task<> {
        auto const& ctx = co_await coda::this_context();
        for (int i = 0; i < 4; ++i) {
            circuit_breaker::pass pass;
            EXPECT_TRUE(breaker.try_enter(ctx, pass));
            pass.ended(ctx, coda::health::bad);
            pass.ended(ctx, coda::health::bad); // nothing the second time
        }
        circuit_breaker::pass pass;
        EXPECT_FALSE(breaker.try_enter(ctx, pass));
        EXPECT_EQ(breaker.refusal().code(), retry_errc::circuit_open);
    }());
}

TEST(circuit_breaker, error_names_the_option_its_range_and_its_value) {
    struct {
        circuit_breaker_options options;
        char const* message;
    } const cases[] = {
        {{.failure_percent = 0}, "failure_percent must be 1 to 100, not 0"},
        {{.failure_percent = 101}, "failure_percent must be 1 to 100, not 101"},
        {{.minimum_calls = 0}, "minimum_calls must be 1 to 1000000, not 0"},
        {{.window = 0ms}, "window must be more than 0 and at most 24 h, not 0"},
        {{.open_for = 0ms}, "open_for must be more than 0 and at most 24 h, not 0"},
        {{.probes = 0}, "probes must be 1 to 1000, not 0"},
    };
    for (auto const& c : cases) {
        EXPECT_EQ(check(c.options).error().message(), c.message);
        EXPECT_THROW(circuit_breaker{c.options}, coda::exception);
    }
    EXPECT_TRUE(check(circuit_breaker_options()));
}

TEST(failure_window, counts_what_the_last_ten_slices_have) {
    coda::detail::failure_window window(10s);
    auto const at = [](auto t) { return coda::time_point(t); };
    window.add(at(100s), true);
    window.add(at(105s), false);
    window.add(at(109s), true);
    EXPECT_EQ(window.calls(), 3U);
    EXPECT_EQ(window.failures(), 2U);
    window.add(at(110s), false); // the slice of 100 s is gone
    EXPECT_EQ(window.calls(), 3U);
    EXPECT_EQ(window.failures(), 1U);
    window.add(at(1000s), true); // all are
    EXPECT_EQ(window.calls(), 1U);
    EXPECT_EQ(window.failures(), 1U);
}

TEST(failure_window, of_the_shortest_length) {
    coda::detail::failure_window window(1ns);
    window.add(coda::time_point(0ns), true);
    window.add(coda::time_point(9ns), true);
    EXPECT_EQ(window.calls(), 2U); // a slice is at least a nanosecond
    window.add(coda::time_point(1h), true);
    EXPECT_EQ(window.calls(), 1U);
}

} // namespace retry_circuit_breaker_test
