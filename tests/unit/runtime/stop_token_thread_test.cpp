// SPDX-License-Identifier: BSL-1.0
// with_stop_token: requests that come from other threads.
#include "support/loops.hpp"

#include <coda/runtime/deadline.hpp>
#include <coda/runtime/event.hpp>
#include <coda/runtime/sleep.hpp>

#include <gtest/gtest.h>

#include <stop_token>
#include <thread>

namespace runtime_stop_token_thread_test {

using namespace std::chrono_literals;
using coda::errc;

using a_stop_token = coda::test::on_every_loop;
CODA_ON_EVERY_LOOP(a_stop_token);

TEST_P(a_stop_token, is_cancelled_from_another_thread) {
    auto body = [](std::stop_token token) -> coda::task<> {
        auto const r = co_await coda::as_result(coda::with_stop_token(token, coda::sleep_for(1h)));
        EXPECT_EQ(r.error().code(), errc::cancelled);
    };
    for (int i = 0; i < 200; ++i) {
        std::stop_source stop;
        std::jthread const other([&] { stop.request_stop(); });
        run(body(stop.get_token()));
    }
}

TEST_P(a_stop_token, may_end_by_itself_while_the_request_is_made) {
    auto body = [](std::stop_token token, int i) -> coda::task<bool> {
        auto const r =
            co_await coda::as_result(coda::with_stop_token(token, coda::sleep_for(std::chrono::microseconds(i % 80))));
        co_return r.has_value() || r.error().code() == errc::cancelled;
    };
    for (int i = 0; i < 500; ++i) {
        std::stop_source stop;
        std::jthread const other([&] { stop.request_stop(); });
        EXPECT_TRUE(run(body(stop.get_token(), i)));
    }
}

TEST_P(a_stop_token, requested_before_it_begins_is_cancelled_from_the_start) {
    auto body = [](std::stop_token token) -> coda::task<> {
        auto const r = co_await coda::as_result(coda::with_stop_token(token, coda::sleep_for(1h)));
        EXPECT_EQ(r.error().code(), errc::cancelled);
    };
    std::stop_source stop;
    stop.request_stop();
    run(body(stop.get_token()));
}

TEST_P(a_stop_token, leaves_alone_what_has_ended) {
    auto body = [](std::stop_token token) -> coda::task<> { co_await coda::with_stop_token(token, coda::yield()); };
    std::stop_source stop;
    run(body(stop.get_token()));
    stop.request_stop(); // there is no callback left that would touch the loop
    run(body(std::stop_token()));
}

} // namespace runtime_stop_token_thread_test
