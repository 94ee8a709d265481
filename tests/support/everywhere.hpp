// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/cancel_everywhere.hpp"

#include <coda/runtime/operation.hpp>

#include <gtest/gtest.h>

namespace coda::test {

// What tests of a driver's public operations, each cancelled at each of its suspensions, have in common.
template <class Fixture>
class everywhere : public Fixture {
protected:
    using Fixture::Fixture;

    // `make()` gives the operation; `after()` a task that fails the test where something was left behind.
    template <class Make, class After>
    void tried(Make make, After after) {
        auto const attempt = [&]() -> task<bool> {
            bool by_itself = false;
            {
                auto const r = co_await as_result(make());
                by_itself = r.has_value();
                if (!by_itself) {
                    EXPECT_EQ(r.error().code(), errc::cancelled) << r.error().message();
                }
            } // a lease goes back
            co_await shield(after());
            co_return by_itself;
        };
        EXPECT_GT(this->run(cancel_everywhere(attempt)), 0);
    }

    // What succeeds wherever it is cancelled: closing what `open()` has opened, while what `request()` gives is in
    // flight.
    template <class Open, class Request, class Close, class After>
    void tried_closing(Open open, Request request, Close close, After after) {
        auto const in_flight = [&]() -> task<> { static_cast<void>(co_await as_result(request())); };
        auto const attempt = [&]() -> task<bool> {
            auto const opened = co_await as_result(shield(open()));
            EXPECT_TRUE(opened.has_value());
            auto const body = [&](scope& s) -> task<> {
                s.spawn(shield(in_flight()));
                co_await shield(yield()); // it is asked
                auto const closed = co_await as_result(close());
                EXPECT_TRUE(closed.has_value());
            };
            static_cast<void>(co_await as_result(with_scope(body)));
            after();
            context const& here = co_await this_context();
            co_return !here.cancel.requested();
        };
        EXPECT_GT(this->run(cancel_everywhere(attempt)), 0);
    }
};

} // namespace coda::test
