// SPDX-License-Identifier: BSL-1.0
#include "support/manual_loop.hpp"

#include <coda/pool/session_choice.hpp>
#include <coda/runtime.hpp>

#include <gtest/gtest.h>

namespace pool_session_choice_test {

using coda::as_result;
using coda::session_choice;
using coda::task;
using coda::test::manual_loop;

struct source {
    std::shared_ptr<int> open;
    std::shared_ptr<int> opening;
    int waits = 0;

    int* pick() const { return open.get(); }
    coda::operation<std::shared_ptr<int>> wait() {
        ++waits;
        co_await coda::yield();
        if (!opening) co_return coda::error(coda::errc::not_connected);
        co_return std::move(opening);
    }
};

TEST(session_choice, takes_the_one_that_is_open) {
    manual_loop loop;
    source from{.open = std::make_shared<int>(1), .opening = {}};
    auto const body = [&]() -> task<> {
        session_choice choice(from);
        auto const chosen = co_await as_result(choice);
        EXPECT_EQ(chosen.value(), from.open.get());
    };
    loop.run(body());
    EXPECT_EQ(from.waits, 0);
}

// An await that need not suspend lets others run, now and then; they may have closed what was chosen before.
TEST(session_choice, is_used_before_others_run) {
    manual_loop loop;
    source from{.open = std::make_shared<int>(1), .opening = {}};
    bool done = false;
    auto const others = [&]() -> task<> {
        while (!done) {
            from.open = std::make_shared<int>(2);
            co_await coda::yield();
        }
    };
    auto const body = [&]() -> task<> {
        for (int i = 0; i < 2'000; ++i) {
            session_choice choice(from);
            auto const chosen = co_await as_result(choice);
            EXPECT_EQ(chosen.value(), from.open.get());
            co_await as_result([]() -> coda::operation<> { co_return coda::result<>(); }());
        }
        done = true;
    };
    auto const both = [&]() -> task<> { co_await coda::when_all(body(), others()); };
    loop.run(both());
    EXPECT_EQ(from.waits, 0);
}

TEST(session_choice, waits_for_one_and_holds_it) {
    manual_loop loop;
    source from{.open = {}, .opening = std::make_shared<int>(2)};
    std::weak_ptr<int> const opened = from.opening;
    auto const body = [&]() -> task<> {
        session_choice choice(from);
        auto const* const chosen = co_await choice;
        EXPECT_EQ(*chosen, 2);
        EXPECT_FALSE(opened.expired()) << "nobody else has it";
    };
    loop.run(body());
    EXPECT_TRUE(opened.expired());
}

TEST(session_choice, ends_with_what_the_wait_ends_with) {
    manual_loop loop;
    source from;
    auto const body = [&]() -> task<> {
        session_choice choice(from);
        auto const chosen = co_await as_result(choice);
        EXPECT_EQ(chosen.error().code(), coda::errc::not_connected);
    };
    loop.run(body());
}

} // namespace pool_session_choice_test
