// SPDX-License-Identifier: BSL-1.0
#include "support/manual_loop.hpp"

#include <coda/runtime/cancellation.hpp>
#include <coda/runtime/deadline.hpp>
#include <coda/runtime/event.hpp>
#include <coda/runtime/operation.hpp>
#include <coda/runtime/scope.hpp>
#include <coda/runtime/sleep.hpp>
#include <coda/runtime/task.hpp>
#include <coda/runtime/this_context.hpp>
#include <coda/runtime/when_all.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <type_traits>

namespace runtime_deadline_test {

using namespace std::chrono_literals;
using coda::as_result;
using coda::errc;
using coda::operation;
using coda::task;
using coda::with_timeout;
using coda::test::manual_loop;

task<coda::time_point> inherited_deadline() { co_return (co_await coda::this_context()).deadline; }

// Runs `t` and gives how far the clock moved.
template <class F>
coda::duration time_taken(F body) {
    manual_loop loop;
    loop.run(body());
    return loop.elapsed();
}

TEST(with_timeout, ends_the_wait_at_the_deadline) {
    EXPECT_EQ(time_taken([]() -> task<> {
                  auto r = co_await as_result(with_timeout(250ms, coda::sleep_for(1h)));
                  EXPECT_EQ(r.error().code(), errc::timed_out);
              }),
              250ms);
}

TEST(with_timeout, gives_the_value_of_what_ends_in_time) {
    EXPECT_EQ(time_taken([]() -> task<> {
                  auto const child = []() -> task<std::unique_ptr<int>> {
                      co_await coda::sleep_for(1s);
                      co_return std::make_unique<int>(4);
                  };
                  auto p = co_await with_timeout(2s, child());
                  EXPECT_EQ(*p, 4);
              }),
              1s);
}

TEST(with_timeout, throws_where_it_is_awaited_plainly) {
    time_taken([]() -> task<> {
        coda::error_code code;
        try {
            co_await with_timeout(1ms, coda::sleep_for(1h));
        } catch (coda::exception const& e) {
            code = e.code();
        }
        EXPECT_EQ(code, errc::timed_out);
    });
}

TEST(with_timeout, is_an_operation_over_operations_and_waits_and_a_task_over_tasks) {
    coda::event e;
    auto const op = []() -> operation<int> { co_return 1; };
    auto const child = []() -> task<int> { co_return 1; };
    static_assert(std::is_same_v<decltype(with_timeout(1s, op())), operation<int>>);
    static_assert(std::is_same_v<decltype(with_timeout(1s, e.wait())), operation<>>);
    static_assert(std::is_same_v<decltype(with_timeout(1s, child())), task<int>>);
}

TEST(with_timeout, of_zero_or_less_has_timed_out_from_the_start) {
    EXPECT_EQ(time_taken([]() -> task<> {
                  for (coda::duration d : {coda::duration(0s), coda::duration(-1s), coda::duration::min()}) {
                      bool started = false;
                      auto const child = [&]() -> task<> {
                          started = true;
                          co_await coda::sleep_for(1h);
                      };
                      auto r = co_await as_result(with_timeout(d, child()));
                      EXPECT_EQ(r.error().code(), errc::timed_out);
                      EXPECT_TRUE(started);
                  }
              }),
              0s);
}

TEST(with_timeout, of_the_longest_duration_is_no_deadline) {
    EXPECT_EQ(time_taken([]() -> task<> {
                  co_await coda::sleep_for(5s);
                  auto const deadline = co_await with_timeout(coda::duration::max(), inherited_deadline());
                  EXPECT_EQ(deadline, coda::no_deadline);
                  co_await with_timeout(coda::duration::max(), coda::sleep_for(1s));
              }),
              6s);
}

TEST(with_timeout, inner_deadline_counts_when_it_is_earlier) {
    EXPECT_EQ(time_taken([]() -> task<> {
                  auto inner = co_await as_result(with_timeout(3s, with_timeout(1s, coda::sleep_for(1h))));
                  EXPECT_EQ(inner.error().code(), errc::timed_out);
              }),
              1s);
}

TEST(with_timeout, outer_deadline_counts_when_it_is_earlier) {
    EXPECT_EQ(time_taken([]() -> task<> {
                  auto const start = (co_await coda::this_context()).loop->now();
                  auto const both = []() -> task<coda::time_point> {
                      co_return co_await with_timeout(1h, inherited_deadline());
                  };
                  auto const deadline = co_await with_timeout(2s, both());
                  EXPECT_EQ(deadline, start + 2s);
                  auto outer = co_await as_result(with_timeout(2s, with_timeout(1h, coda::sleep_for(2h))));
                  EXPECT_EQ(outer.error().code(), errc::timed_out);
              }),
              2s);
}

TEST(with_timeout, deadline_is_exact_however_the_clock_was_used_before) {
    EXPECT_EQ(time_taken([]() -> task<> {
                  for (int i = 0; i < 10; ++i) {
                      co_await coda::sleep_for(7ms);
                      auto r = co_await as_result(with_timeout(3ms, coda::sleep_for(4ms)));
                      EXPECT_TRUE(r.has_error());
                  }
              }),
              100ms);
}

TEST(with_timeout, waits_for_a_child_that_takes_its_time_to_end) {
    EXPECT_EQ(time_taken([]() -> task<> {
                  auto const stubborn = []() -> task<int> {
                      auto r = co_await as_result(coda::sleep_for(1h));
                      EXPECT_EQ(r.error().code(), errc::timed_out);
                      co_await coda::shield(coda::sleep_for(2s)); // its clean-up
                      co_return 5;
                  };
                  EXPECT_EQ(co_await with_timeout(1s, stubborn()), 5); // a value it still gives is given
              }),
              3s);
}

TEST(with_timeout, later_waits_of_the_child_end_at_once) {
    EXPECT_EQ(time_taken([]() -> task<> {
                  auto const child = []() -> operation<> {
                      for (int i = 0; i < 5; ++i) {
                          auto r = co_await as_result(coda::sleep_for(1h));
                          EXPECT_EQ(r.error().code(), errc::timed_out);
                      }
                      co_return coda::error(errc::closed);
                  };
                  auto r = co_await as_result(with_timeout(1s, child()));
                  EXPECT_EQ(r.error().code(), errc::closed); // the child's own word counts
              }),
              1s);
}

TEST(with_timeout, other_exceptions_pass) {
    time_taken([]() -> task<> {
        auto const child = []() -> task<> {
            co_await coda::sleep_for(1s);
            throw std::runtime_error("on purpose");
        };
        bool caught = false;
        try {
            co_await with_timeout(2s, child());
        } catch (std::runtime_error const&) {
            caught = true;
        }
        EXPECT_TRUE(caught);
    });
}

TEST(with_timeout, leaves_no_timer_behind) {
    EXPECT_EQ(time_taken([]() -> task<> {
                  co_await with_timeout(1h, coda::yield());
                  co_await coda::sleep_for(1s);
              }),
              1s); // and the loop asserts that no timer is armed
}

TEST(with_deadline, is_a_moment_on_the_loops_clock) {
    EXPECT_EQ(time_taken([]() -> task<> {
                  auto const now = (co_await coda::this_context()).loop->now();
                  auto late = co_await as_result(coda::with_deadline(now + 4s, coda::sleep_for(1h)));
                  EXPECT_EQ(late.error().code(), errc::timed_out);
                  auto past = co_await as_result(coda::with_deadline(now + 1s, coda::sleep_for(1h)));
                  EXPECT_EQ(past.error().code(), errc::timed_out);
                  auto const none = co_await coda::with_deadline(coda::no_deadline, inherited_deadline());
                  EXPECT_EQ(none, coda::no_deadline);
              }),
              4s);
}

TEST(with_deadline, is_inherited_by_children_of_every_kind) {
    time_taken([]() -> task<> {
        auto const deadline = (co_await coda::this_context()).loop->now() + 9s;
        auto const parent = [&]() -> task<> {
            auto all = co_await coda::when_all(inherited_deadline(), coda::with_timeout(1h, inherited_deadline()));
            EXPECT_EQ(std::get<0>(all), deadline);
            EXPECT_EQ(std::get<1>(all), deadline);
            auto const body = [&](coda::scope& s) -> task<> {
                auto handle = s.spawn(inherited_deadline());
                EXPECT_EQ(co_await handle.join(), deadline);
            };
            co_await coda::with_scope(body);
        };
        co_await coda::with_deadline(deadline, parent());
    });
}

TEST(shield, is_reached_by_neither_cancellation_nor_deadline) {
    EXPECT_EQ(time_taken([]() -> task<> {
                  auto const child = []() -> task<int> {
                      EXPECT_EQ(co_await inherited_deadline(), coda::no_deadline);
                      co_await coda::sleep_for(5s);
                      co_return 1;
                  };
                  EXPECT_EQ(co_await with_timeout(1s, coda::shield(child())), 1);
              }),
              5s);
}

TEST(shield, started_after_the_request_runs_all_the_same) {
    EXPECT_EQ(time_taken([]() -> task<> {
                  coda::cancel_source source;
                  source.request();
                  auto r =
                      co_await as_result(coda::with_cancellation(source.token(), coda::shield(coda::sleep_for(2s))));
                  EXPECT_TRUE(r.has_value());
              }),
              2s);
}

TEST(shield, may_have_a_bound_of_its_own) {
    EXPECT_EQ(time_taken([]() -> task<> {
                  auto r = co_await as_result(with_timeout(1s, coda::shield(with_timeout(3s, coda::sleep_for(1h)))));
                  EXPECT_EQ(r.error().code(), errc::timed_out);
              }),
              3s);
}

TEST(with_stop_token, requested_before_cancels_from_the_start) {
    EXPECT_EQ(time_taken([]() -> task<> {
                  std::stop_source source;
                  source.request_stop();
                  auto r = co_await as_result(coda::with_stop_token(source.get_token(), coda::sleep_for(1h)));
                  EXPECT_EQ(r.error().code(), errc::cancelled);
              }),
              0s);
}

TEST(fair_share, is_an_even_part_of_the_time_that_is_left) {
    coda::time_point const now(10s);
    EXPECT_EQ(coda::fair_share(now, coda::time_point(40s), 3), coda::time_point(20s));
    EXPECT_EQ(coda::fair_share(now, coda::time_point(40s), 1), coda::time_point(40s));
    EXPECT_EQ(coda::fair_share(now, coda::time_point(40s), 0), coda::time_point(40s));
    EXPECT_EQ(coda::fair_share(now, coda::no_deadline, 3), coda::no_deadline);
    EXPECT_EQ(coda::fair_share(now, coda::time_point(9s), 3), coda::time_point(9s)) << "none is left";
    EXPECT_EQ(coda::fair_share(now, coda::time_point::min(), 3), coda::time_point::min())
        << "nor is there a difference";
}

TEST(with_stop_token, requested_on_the_loops_thread_cancels) {
    EXPECT_EQ(time_taken([]() -> task<> {
                  std::stop_source source;
                  auto const stop_later = [&]() -> task<> {
                      co_await coda::sleep_for(2s);
                      source.request_stop();
                  };
                  auto all = co_await coda::when_all(
                      as_result(coda::with_stop_token(source.get_token(), coda::sleep_for(1h))), stop_later());
                  EXPECT_EQ(std::get<0>(all).error().code(), errc::cancelled);
              }),
              2s);
}

TEST(with_stop_token, requested_when_all_is_over_does_nothing) {
    std::stop_source source;
    EXPECT_EQ(time_taken([&]() -> task<> {
                  co_await coda::with_stop_token(source.get_token(), coda::sleep_for(1s));
                  source.request_stop();
                  co_await coda::sleep_for(1s);
              }),
              2s);
}

} // namespace runtime_deadline_test
