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
#include <coda/runtime/when_any.hpp>

#include <gtest/gtest.h>

#include <optional>
#include <vector>

namespace runtime_cancellation_test {

using namespace std::chrono_literals;
using coda::as_result;
using coda::cancel_callback;
using coda::cancel_source;
using coda::errc;
using coda::task;
using coda::test::manual_loop;

struct counting_callback : cancel_callback {
    counting_callback() noexcept
        : cancel_callback([](cancel_callback& c) noexcept { ++static_cast<counting_callback&>(c).calls; }) {}
    int calls = 0;
};

TEST(cancel_source, first_request_counts) {
    cancel_source source;
    counting_callback callback;
    source.token().attach(callback);
    EXPECT_FALSE(source.requested());
    source.request(errc::timed_out);
    source.request(errc::cancelled);
    EXPECT_TRUE(source.requested());
    EXPECT_EQ(source.reason(), errc::timed_out);
    EXPECT_EQ(source.token().reason(), errc::timed_out);
    EXPECT_EQ(callback.calls, 1);
}

TEST(cancel_source, request_without_a_reason_is_none) {
    cancel_source source;
    source.request(coda::error_code());
    EXPECT_FALSE(source.requested());
}

TEST(cancel_token, of_no_source_is_never_requested) {
    coda::cancel_token const none;
    counting_callback callback;
    none.attach(callback);
    EXPECT_FALSE(none.requested());
    EXPECT_FALSE(none.reason().failed());
    EXPECT_FALSE(callback.linked());
}

TEST(cancel_callback, attached_after_the_request_is_not_called) {
    cancel_source source;
    source.request();
    counting_callback callback;
    source.token().attach(callback);
    EXPECT_EQ(callback.calls, 0);
    EXPECT_FALSE(callback.linked());
}

TEST(cancel_callback, destroyed_or_unlinked_leaves) {
    cancel_source source;
    counting_callback first, last;
    {
        counting_callback gone;
        source.token().attach(first);
        source.token().attach(gone);
        source.token().attach(last);
    }
    first.unlink();
    source.request();
    EXPECT_EQ(first.calls, 0);
    EXPECT_EQ(last.calls, 1);
}

TEST(cancel_callback, may_outlive_its_source) {
    counting_callback callback;
    {
        cancel_source source;
        source.token().attach(callback);
    }
    EXPECT_FALSE(callback.linked());
}

// Those that come later in the list, those that came earlier, and itself.
struct destroys_others : cancel_callback {
    destroys_others() noexcept
        : cancel_callback([](cancel_callback& c) noexcept {
              for (auto* victim : static_cast<destroys_others&>(c).victims) victim->reset();
          }) {}
    std::vector<std::optional<counting_callback>*> victims;
};

TEST(cancel_callback, may_destroy_others_during_the_request) {
    cancel_source source;
    std::optional<counting_callback> before(std::in_place), next(std::in_place), last(std::in_place);
    counting_callback end;
    destroys_others killer;
    killer.victims = {&before, &next, &last};
    source.token().attach(*before);
    source.token().attach(killer);
    source.token().attach(*next);
    source.token().attach(*last);
    source.token().attach(end);
    source.request();
    EXPECT_FALSE(before || next || last);
    EXPECT_EQ(end.calls, 1);
}

struct attaches_another : cancel_callback {
    attaches_another(coda::cancel_token t, counting_callback& c) noexcept
        : cancel_callback([](cancel_callback& self) noexcept {
              auto& me = static_cast<attaches_another&>(self);
              me.token.attach(me.other);
          }),
          token(t),
          other(c) {}
    coda::cancel_token token;
    counting_callback& other;
};

TEST(cancel_callback, attached_during_the_request_is_not_called) {
    cancel_source source;
    counting_callback late;
    attaches_another callback(source.token(), late);
    source.token().attach(callback);
    source.request();
    EXPECT_EQ(late.calls, 0);
}

TEST(linked_cancel_source, follows_its_parent_with_its_reason) {
    cancel_source parent;
    coda::linked_cancel_source child(parent.token());
    coda::linked_cancel_source grandchild(child.token());
    counting_callback callback;
    grandchild.token().attach(callback);
    parent.request(errc::timed_out);
    EXPECT_EQ(child.reason(), errc::timed_out);
    EXPECT_EQ(grandchild.reason(), errc::timed_out);
    EXPECT_EQ(callback.calls, 1);
}

TEST(linked_cancel_source, of_a_cancelled_parent_is_cancelled) {
    cancel_source parent;
    parent.request(errc::timed_out);
    coda::linked_cancel_source const child(parent.token());
    EXPECT_EQ(child.reason(), errc::timed_out);
}

TEST(linked_cancel_source, does_not_reach_its_parent) {
    cancel_source parent;
    coda::linked_cancel_source child(parent.token());
    child.request();
    EXPECT_FALSE(parent.requested());
    parent.request(errc::timed_out);
    EXPECT_EQ(child.reason(), errc::cancelled);
}

TEST(with_cancellation, ends_the_wait_with_the_requests_reason) {
    manual_loop loop;
    loop.run([]() -> task<> {
        cancel_source source;
        auto const cancel_later = [&]() -> task<> {
            co_await coda::sleep_for(3s);
            source.request(errc::closed);
        };
        auto const child = []() -> task<> { co_await coda::sleep_for(1h); };
        auto const start = (co_await coda::this_context()).loop->now();
        auto all = co_await coda::when_all(as_result(coda::with_cancellation(source.token(), child())), cancel_later());
        EXPECT_EQ(std::get<0>(all).error().code(), errc::closed);
        EXPECT_EQ((co_await coda::this_context()).loop->now() - start, 3s);
    }());
}

TEST(with_cancellation, requested_before_cancels_the_first_wait) {
    manual_loop loop;
    loop.run([]() -> task<> {
        cancel_source source;
        source.request();
        int steps = 0;
        auto const child = [&]() -> task<> {
            ++steps;
            co_await coda::sleep_for(1h);
            ++steps;
        };
        auto r = co_await as_result(coda::with_cancellation(source.token(), child()));
        EXPECT_EQ(r.error().code(), errc::cancelled);
        EXPECT_EQ(steps, 1);
    }());
    EXPECT_EQ(loop.elapsed(), 0s);
}

TEST(with_cancellation, is_cancelled_with_its_parent_too) {
    manual_loop loop;
    loop.run([]() -> task<> {
        cancel_source source;
        auto r =
            co_await as_result(coda::with_timeout(2s, coda::with_cancellation(source.token(), coda::sleep_for(1h))));
        EXPECT_EQ(r.error().code(), errc::timed_out);
        source.request(); // nobody is left to hear it
    }());
}

TEST(with_cancellation, leaves_no_callback_behind) {
    manual_loop loop;
    cancel_source source;
    loop.run(
        [](cancel_source& s) -> task<> { co_await coda::with_cancellation(s.token(), coda::sleep_for(1s)); }(source));
    source.request();
}

// A request wakes; it never runs the one who is cancelled from inside.
TEST(cancellation, does_not_resume_inside_the_request) {
    manual_loop loop;
    loop.run([]() -> task<> {
        cancel_source source;
        bool ended = false;
        auto const child = [&]() -> task<> {
            co_await as_result(coda::sleep_for(1h));
            ended = true;
        };
        auto const other = [&]() -> task<> {
            co_await coda::yield();
            source.request();
            EXPECT_FALSE(ended);
            co_await coda::yield();
            EXPECT_TRUE(ended);
        };
        co_await coda::when_all(coda::with_cancellation(source.token(), child()), other());
    }());
}

TEST(cancellation, after_the_wake_comes_too_late_for_that_wait) {
    manual_loop loop;
    loop.run([]() -> task<> {
        cancel_source source;
        coda::event ready;
        auto const other = [&]() -> task<> {
            co_await coda::yield();
            ready.set();
            source.request();
        };
        auto all = co_await coda::when_all(as_result(coda::with_cancellation(source.token(), ready.wait())), other());
        EXPECT_TRUE(std::get<0>(all).has_value());
    }());
}

TEST(cancellation, reaches_through_any_depth) {
    manual_loop loop;
    loop.run([]() -> task<> {
        auto const leaf = []() -> task<> { co_await coda::sleep_for(1h); };
        auto const middle = [&]() -> task<> { co_await coda::when_all(leaf(), coda::when_any(leaf(), leaf())); };
        auto const body = [&](coda::scope& s) -> task<> {
            s.spawn(middle());
            co_await middle();
        };
        auto r = co_await as_result(coda::with_timeout(1s, coda::with_scope(body)));
        EXPECT_EQ(r.error().code(), errc::timed_out);
    }());
    EXPECT_EQ(loop.elapsed(), 1s);
}

} // namespace runtime_cancellation_test
