// SPDX-License-Identifier: BSL-1.0
#include "scripted_call.hpp"
#include "support/manual_loop.hpp"

#include <coda/retry/fallback.hpp>
#include <coda/runtime/deadline.hpp>

#include <gtest/gtest.h>

#include <string>

namespace retry_fallback_test {

using namespace std::chrono_literals;
using coda::as_result;
using coda::errc;
using coda::error;
using coda::fallback;
using coda::operation;
using coda::task;
using coda::test::manual_loop;

operation<std::string> gives(std::string text) { co_return text; }
operation<std::string> fails(errc code) { co_return error(code); }

TEST(fallback, leaves_a_value_alone) {
    manual_loop loop;
    loop.run([]() -> task<> {
        int asked = 0;
        auto const handler = [&](error const&) {
            ++asked;
            return std::string("instead");
        };
        auto const text = co_await fallback(handler)([] { return gives("itself"); });
        EXPECT_EQ(text, "itself");
        EXPECT_EQ(asked, 0);
    }());
}

TEST(fallback, gives_a_value_instead_of_an_error) {
    manual_loop loop;
    loop.run([]() -> task<> {
        auto const handler = [](error const& e) { return e.code().message(); };
        auto const text = co_await fallback(handler)([] { return fails(errc::closed); });
        EXPECT_EQ(text, "closed");
    }());
}

TEST(fallback, may_fail_itself) {
    manual_loop loop;
    loop.run([]() -> task<> {
        auto const handler = [](error const& e) -> coda::result<std::string> {
            if (e.code() == errc::closed) return error(errc::queue_full);
            return std::string("instead");
        };
        auto const stage = fallback(handler);
        auto const failed = co_await as_result(stage([] { return fails(errc::closed); }));
        EXPECT_EQ(failed.error().code(), errc::queue_full);
        auto const text = co_await stage([] { return fails(errc::timed_out); });
        EXPECT_EQ(text, "instead");
    }());
}

TEST(fallback, may_be_awaited) {
    manual_loop loop;
    loop.run([]() -> task<> {
        auto const by_operation = fallback([](error const&) { return gives("another server"); });
        EXPECT_EQ(co_await by_operation([] { return fails(errc::closed); }), "another server");
        auto const by_task = fallback([](error const&) -> task<std::string> {
            co_await coda::sleep_for(3ms);
            co_return "later";
        });
        EXPECT_EQ(co_await by_task([] { return fails(errc::closed); }), "later");
    }());
    EXPECT_EQ(loop.elapsed(), 3ms);
}

TEST(fallback, does_not_replace_what_was_cancelled) {
    manual_loop loop;
    loop.run([]() -> task<> {
        auto const stage = fallback([](error const&) { return std::string("instead"); });
        auto const r = co_await as_result(stage([] { return fails(errc::cancelled); }));
        EXPECT_EQ(r.error().code(), errc::cancelled);
    }());
}

TEST(fallback, replaces_what_ran_out_of_time) {
    manual_loop loop;
    loop.run([]() -> task<> {
        auto const slow = []() -> task<int> {
            co_await coda::sleep_for(1h);
            co_return 1;
        };
        auto const limited = [&] { return coda::with_timeout(10ms, slow()); };
        EXPECT_EQ(co_await fallback([](error const&) { return 2; })(limited), 2);
    }());
    EXPECT_EQ(loop.elapsed(), 10ms);
}

TEST(fallback, of_nothing_replaces_nothing) {
    manual_loop loop;
    loop.run([]() -> task<> {
        auto const noted = fallback([](error const&) -> operation<> { co_return coda::result<>(); });
        co_await noted([]() -> operation<> { co_return error(errc::closed); });
    }());
}

} // namespace retry_fallback_test
