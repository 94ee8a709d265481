// SPDX-License-Identifier: BSL-1.0
#include "support/cancel_everywhere.hpp"
#include "support/loops.hpp"

#include <coda/runtime/run.hpp>
#include <coda/runtime/sleep.hpp>

#include <gmock/gmock.h>

#include <set>

namespace support_cancel_everywhere_test {

using namespace std::chrono_literals;
using coda::as_result;
using coda::task;
using coda::test::cancel_everywhere;
using testing::ElementsAre;

using cancelling_everywhere = coda::test::on_every_loop;
CODA_ON_EVERY_LOOP(cancelling_everywhere);

TEST_P(cancelling_everywhere, comes_to_every_suspension) {
    std::set<int> reached;
    auto const attempt = [&]() -> task<bool> {
        for (int i = 0; i < 5; ++i) {
            auto const slept = co_await as_result(coda::sleep_for(2ms));
            if (slept.has_value()) continue;
            reached.insert(i);
            co_return false;
        }
        co_return true;
    };
    EXPECT_GE(run(cancel_everywhere(attempt)), 5);
    EXPECT_THAT(reached, ElementsAre(0, 1, 2, 3, 4));
}

// What is queued in a turn is sent at its end: one who cancels before is told another thing than one who does later.
TEST_P(cancelling_everywhere, comes_before_and_after_the_end_of_the_turn) {
    struct note : coda::deferred {
        note() noexcept : deferred([](deferred& d) noexcept { static_cast<note&>(d).sent = true; }) {}
        bool sent = false;
    };
    std::set<bool> seen;
    auto const attempt = [&]() -> task<bool> {
        note n;
        loop().defer(n);
        auto const slept = co_await as_result(coda::sleep_for(2ms));
        if (slept.has_error()) seen.insert(n.sent);
        co_return slept.has_value();
    };
    EXPECT_GT(run(cancel_everywhere(attempt)), 0);
    EXPECT_THAT(seen, ElementsAre(false, true));
}

// It has its value then, and gives it, but its next wait ends.
TEST_P(cancelling_everywhere, comes_between_being_woken_and_going_on) {
    int woken_and_cancelled = 0;
    auto const attempt = [&]() -> task<bool> {
        coda::context const& here = co_await coda::this_context();
        auto const first = co_await as_result(coda::sleep_for(2ms));
        if (first.has_value() && here.cancel.requested()) ++woken_and_cancelled;
        co_return first.has_value();
    };
    run(cancel_everywhere(attempt));
    EXPECT_GT(woken_and_cancelled, 0);
}

TEST_P(cancelling_everywhere, ends_with_what_does_not_suspend) {
    auto const attempt = []() -> task<bool> { co_return true; };
    EXPECT_EQ(run(cancel_everywhere(attempt)), 0);
}

} // namespace support_cancel_everywhere_test
