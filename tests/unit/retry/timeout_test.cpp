// SPDX-License-Identifier: BSL-1.0
#include "scripted_call.hpp"
#include "support/manual_loop.hpp"

#include <coda/retry/timeout.hpp>

#include <gtest/gtest.h>

namespace retry_timeout_test {

using namespace std::chrono_literals;
using coda::as_result;
using coda::errc;
using coda::task;
using coda::timeout;
using coda::test::manual_loop;
using coda::test::scripted_call;

TEST(timeout_stage, ends_the_call_at_its_limit) {
    manual_loop loop;
    scripted_call call({{std::nullopt, 1h}});
    loop.run([&]() -> task<> {
        auto const r = co_await as_result(timeout(30ms)([&] { return call(); }));
        EXPECT_EQ(r.error().code(), errc::timed_out);
    }());
    EXPECT_EQ(loop.elapsed(), 30ms);
    EXPECT_EQ(call.running, 0);
}

TEST(timeout_stage, gives_the_value_of_what_ends_in_time) {
    manual_loop loop;
    scripted_call call({{std::nullopt, 20ms}});
    loop.run([&]() -> task<> {
        int const value = co_await timeout(30ms)([&] { return call(); });
        EXPECT_EQ(value, 1);
        co_await coda::sleep_for(1h); // the limit is over with the call
    }());
}

TEST(timeout_stage, never_makes_a_deadline_later) {
    manual_loop loop;
    loop.run([&]() -> task<> {
        auto const inside = []() -> task<coda::time_point> { co_return (co_await coda::this_context()).deadline; };
        auto const now = loop.now();
        auto const limited = timeout(1s);
        EXPECT_EQ(co_await limited(inside), now + 1s);
        EXPECT_EQ(co_await coda::with_timeout(10ms, limited(inside)), now + 10ms);
    }());
}

TEST(timeout_stage, gives_the_error_as_it_is_when_awaited_plainly) {
    manual_loop loop;
    loop.run([&]() -> task<> {
        coda::error_code code;
        try {
            co_await timeout(1s)([]() -> coda::operation<> { co_return coda::error(errc::closed); });
        } catch (coda::exception const& e) {
            code = e.code();
        }
        EXPECT_EQ(code, errc::closed);
    }());
}

TEST(timeout_stage, refuses_a_limit_out_of_range) {
    for (auto const d : {coda::duration(0ms), coda::duration(-1ns), coda::duration(25h)}) {
        try {
            timeout const t(d);
            FAIL() << d.count();
        } catch (coda::exception const& e) {
            EXPECT_EQ(e.code(), errc::invalid_argument);
            EXPECT_TRUE(e.error().message().starts_with("timeout must be more than 0")) << e.what();
        }
    }
}

} // namespace retry_timeout_test
