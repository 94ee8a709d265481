// SPDX-License-Identifier: BSL-1.0
#include "support/manual_loop.hpp"
#include "support/tracked.hpp"

#include <coda/runtime/cancellation.hpp>
#include <coda/runtime/deadline.hpp>
#include <coda/runtime/operation.hpp>
#include <coda/runtime/scope.hpp>
#include <coda/runtime/sleep.hpp>
#include <coda/runtime/task.hpp>
#include <coda/runtime/this_context.hpp>
#include <coda/runtime/when_all.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace runtime_scope_test {

using namespace std::chrono_literals;
using coda::as_result;
using coda::errc;
using coda::operation;
using coda::outcome;
using coda::scope;
using coda::task;
using coda::with_scope;
using coda::test::manual_loop;
using coda::test::tally;
using coda::test::tracked;

template <class T>
task<T> after(coda::duration d, T value) {
    co_await coda::sleep_for(d);
    co_return value;
}
operation<int> fails_after(coda::duration d, errc code) {
    co_await coda::sleep_for(d);
    co_return coda::error(code);
}
task<> throws_after(coda::duration d) {
    co_await coda::sleep_for(d);
    throw std::runtime_error("on purpose");
}

// Runs `body(scope)` under with_scope on a loop of its own.
template <class Body>
coda::duration in_scope(Body body) {
    manual_loop loop;
    loop.run(with_scope(std::move(body)));
    return loop.elapsed();
}

TEST(with_scope, joins_all_that_it_spawned) {
    int ended = 0;
    auto const child = [&](coda::duration d) -> task<> {
        co_await coda::sleep_for(d);
        ++ended;
    };
    EXPECT_EQ(in_scope([&](scope& s) -> task<> {
                  for (auto d : {1s, 3s, 2s}) s.spawn(child(d));
                  co_return;
              }),
              3s);
    EXPECT_EQ(ended, 3);
}

TEST(with_scope, children_may_spawn_siblings) {
    int ended = 0;
    auto const spawn_more = [&](auto const& self, scope& s, int depth) -> task<> {
        co_await coda::sleep_for(1s);
        if (depth > 0) s.spawn(self(self, s, depth - 1));
        ++ended;
    };
    in_scope([&](scope& s) -> task<> {
        s.spawn(spawn_more(spawn_more, s, 4));
        co_return;
    });
    EXPECT_EQ(ended, 5);
}

TEST(with_scope, first_failure_cancels_the_body_and_the_children) {
    manual_loop loop;
    coda::error_code body_saw, child_saw;
    auto const child = [&]() -> task<> {
        auto r = co_await as_result(coda::sleep_for(1h));
        child_saw = r.error().code();
    };
    auto const body = [&](scope& s) -> task<> {
        s.spawn(child());
        s.spawn(fails_after(1s, errc::closed));
        auto r = co_await as_result(coda::sleep_for(1h));
        body_saw = r.error().code();
    };
    loop.run([&]() -> task<> {
        auto r = co_await as_result(with_scope(body));
        EXPECT_EQ(r.error().code(), errc::closed);
    }());
    EXPECT_EQ(body_saw, errc::cancelled);
    EXPECT_EQ(child_saw, errc::cancelled);
    EXPECT_EQ(loop.elapsed(), 1s);
}

TEST(with_scope, body_that_throws_is_joined_with_its_children_first) {
    manual_loop loop;
    bool ended = false;
    auto const child = [&]() -> task<> {
        co_await as_result(coda::sleep_for(1h));
        co_await coda::shield(coda::sleep_for(2s));
        ended = true;
    };
    auto const body = [&](scope& s) -> task<> {
        s.spawn(child());
        co_await coda::sleep_for(1s);
        throw std::runtime_error("on purpose");
    };
    EXPECT_THROW(loop.run(with_scope(body)), std::runtime_error);
    EXPECT_TRUE(ended);
    EXPECT_EQ(loop.elapsed(), 3s);
}

TEST(with_scope, unhandled_exception_of_a_child_is_thrown_at_the_join) {
    manual_loop loop;
    tally t;
    auto const body = [&](scope& s) -> task<> {
        auto const holds = [](tracked) -> task<> { co_await coda::sleep_for(1h); };
        s.spawn(holds(tracked(t)));
        s.spawn(throws_after(1s));
        s.spawn(holds(tracked(t)));
        co_await coda::sleep_for(1h);
    };
    EXPECT_THROW(loop.run(with_scope(body)), std::runtime_error);
    EXPECT_EQ(t.alive(), 0);
    EXPECT_EQ(loop.elapsed(), 1s);
}

// A destructor that throws and catches while its frame is unwound by another exception.
struct throws_inside {
    ~throws_inside() {
        try {
            throw std::logic_error("inside");
        } catch (std::logic_error const&) {
            ++caught;
        }
    }
    int& caught;
};

TEST(with_scope, destructors_on_an_exceptions_way_may_throw_and_catch) {
    manual_loop loop;
    int caught = 0;
    auto const child = [&]() -> task<> {
        throws_inside const inner{caught};
        co_await coda::sleep_for(1h);
    };
    auto const body = [&](scope& s) -> task<> {
        throws_inside const local{caught};
        s.spawn(child());
        co_await coda::sleep_for(1s);
        throw std::runtime_error("on purpose");
    };
    EXPECT_THROW(loop.run(with_scope(body)), std::runtime_error);
    EXPECT_EQ(caught, 2);
}

// A scope that is unwound past destroys its children during the unwinding.
TEST(scope, destroyed_by_an_exception_releases_its_children) {
    manual_loop loop;
    int caught = 0;
    loop.run([](int& c) -> task<> {
        auto const child = [&]() -> task<> {
            throws_inside const inner{c};
            co_await coda::sleep_for(1h);
        };
        bool thrown = false;
        try {
            scope s(co_await coda::this_context());
            s.spawn(child());
            s.spawn(child());
            co_await coda::yield();
            co_await coda::yield();
            throw std::runtime_error("on purpose");
        } catch (std::runtime_error const&) {
            thrown = true;
        }
        EXPECT_TRUE(thrown);
        EXPECT_EQ(c, 2);
    }(caught));
}

TEST(with_scope, cancelled_from_above_joins_and_gives_the_reason) {
    manual_loop loop;
    int ended = 0;
    auto const child = [&]() -> task<> {
        co_await as_result(coda::sleep_for(1h));
        ++ended;
    };
    auto const body = [&](scope& s) -> task<> {
        s.spawn(child());
        s.spawn(child());
        co_await child();
    };
    loop.run([&]() -> task<> {
        auto r = co_await as_result(coda::with_timeout(1s, with_scope(body)));
        EXPECT_EQ(r.error().code(), errc::timed_out);
    }());
    EXPECT_EQ(ended, 3);
}

TEST(scope, cancelled_ends_its_children_and_those_to_come_without_failure) {
    int first_waits = 0;
    auto const child = [&]() -> task<> {
        ++first_waits;
        co_await coda::sleep_for(1h);
        ADD_FAILURE() << "went on";
    };
    EXPECT_EQ(in_scope([&](scope& s) -> task<> {
                  s.spawn(child());
                  co_await coda::shield(coda::sleep_for(1s));
                  s.cancel();
                  s.spawn(child());
                  co_return;
              }),
              1s);
    EXPECT_EQ(first_waits, 2);
}

TEST(scope, failure_after_a_request_to_cancel_is_still_one) {
    manual_loop loop;
    auto const body = [](scope& s) -> task<> {
        auto const child = []() -> operation<> {
            co_await as_result(coda::sleep_for(1h));
            co_return coda::error(errc::connection_lost);
        };
        s.spawn(child());
        co_await coda::yield();
        s.cancel();
    };
    loop.run([&]() -> task<> {
        auto r = co_await as_result(with_scope(body));
        EXPECT_EQ(r.error().code(), errc::connection_lost);
    }());
}

TEST(scope, own_timeout_of_a_child_is_a_failure) {
    manual_loop loop;
    auto const body = [](scope& s) -> task<> {
        s.spawn(coda::with_timeout(1s, coda::sleep_for(1h)));
        co_return;
    };
    loop.run([&]() -> task<> {
        auto r = co_await as_result(with_scope(body));
        EXPECT_EQ(r.error().code(), errc::timed_out);
    }());
}

TEST(scope, counts_the_children_that_have_not_ended) {
    in_scope([](scope& s) -> task<> {
        EXPECT_EQ(s.size(), 1U); // the body
        s.spawn(coda::sleep_for(1s));
        s.spawn(coda::sleep_for(2s));
        EXPECT_EQ(s.size(), 3U);
        co_await coda::sleep_for(1500ms);
        EXPECT_EQ(s.size(), 2U);
    });
}

TEST(scope, may_be_joined_and_used_again) {
    manual_loop loop;
    loop.run([]() -> task<> {
        scope s(co_await coda::this_context());
        co_await s.join(); // nobody there
        s.spawn(coda::sleep_for(1s));
        co_await s.join();
        s.spawn(coda::sleep_for(1s));
        co_await s.join();
        EXPECT_EQ(s.size(), 0U);
    }());
    EXPECT_EQ(loop.elapsed(), 2s);
}

TEST(scope, join_is_not_cancelled_but_its_children_are) {
    manual_loop loop;
    loop.run([]() -> task<> {
        auto const joins = []() -> operation<> {
            scope s(co_await coda::this_context());
            s.spawn(coda::shield(coda::sleep_for(3s)));
            co_return co_await as_result(s.join());
        };
        auto r = co_await as_result(coda::with_timeout(1s, joins()));
        EXPECT_EQ(r.error().code(), errc::timed_out);
    }());
    EXPECT_EQ(loop.elapsed(), 3s);
}

TEST(scope, of_a_loop_has_no_parent) {
    manual_loop loop;
    scope background(loop);
    int ended = 0;
    auto const child = [&]() -> task<> {
        co_await coda::sleep_for(1s);
        ++ended;
    };
    background.spawn(child());
    loop.run([&]() -> task<> {
        background.spawn(child());
        co_await background.join();
    }());
    EXPECT_EQ(ended, 2);
}

TEST(scope, destroyed_with_suspended_children_destroys_them) {
    manual_loop loop;
    tally t;
    auto const child = [](tracked) -> task<> { co_await coda::sleep_for(1h); };
    loop.run([&]() -> task<> {
        {
            scope s(co_await coda::this_context());
            for (int i = 0; i < 10; ++i) {
                s.spawn(child(tracked(t)));
                if (i % 3 == 0) co_await coda::yield();
            }
            EXPECT_EQ(t.alive(), 10);
        }
        EXPECT_EQ(t.alive(), 0);
    }());
    EXPECT_EQ(loop.elapsed(), 0s);
}

TEST(spawned, join_gives_the_childs_value) {
    in_scope([](scope& s) -> task<> {
        auto running = s.spawn(after(1s, std::make_unique<int>(5)));
        auto ended = s.spawn(after(0s, std::string("done")));
        auto p = co_await running.join();
        EXPECT_EQ(*p, 5);
        EXPECT_EQ(co_await ended.join(), "done");
    });
}

TEST(spawned, joined_a_second_time_was_already_awaited) {
    in_scope([](scope& s) -> task<> {
        auto handle = s.spawn(after(1s, std::string("value")));
        EXPECT_EQ(co_await handle.join(), "value");
        auto second = co_await as_result(handle.join());
        EXPECT_EQ(second.error().code(), errc::already_awaited);
    });
}

TEST(spawned, join_gives_the_childs_failure) {
    manual_loop loop;
    loop.run([]() -> task<> {
        scope s(co_await coda::this_context());
        auto fails = s.spawn(fails_after(1s, errc::closed));
        auto r = co_await as_result(fails.join());
        EXPECT_EQ(r.error().code(), errc::closed);
        auto throws = s.spawn(throws_after(0s)); // starts cancelled: the scope has failed
        auto late = co_await as_result(throws.join());
        EXPECT_EQ(late.error().code(), errc::cancelled);
        auto joined = co_await as_result(s.join());
        EXPECT_EQ(joined.error().code(), errc::closed);
    }());
}

TEST(spawned, join_rethrows_the_childs_exception) {
    manual_loop loop;
    loop.run([]() -> task<> {
        scope s(co_await coda::this_context());
        auto throws = s.spawn(throws_after(1s));
        int caught = 0;
        for (int i = 0; i < 2; ++i) {
            try {
                co_await throws.join();
            } catch (std::runtime_error const&) {
                ++caught;
            }
        }
        EXPECT_EQ(caught, 2);
    }());
}

TEST(spawned, cancelling_the_wait_leaves_the_child_alone) {
    in_scope([](scope& s) -> task<> {
        auto handle = s.spawn(after(2s, 3));
        auto impatient = co_await as_result(coda::with_timeout(1s, handle.join()));
        EXPECT_EQ(impatient.error().code(), errc::timed_out);
        EXPECT_EQ(co_await handle.join(), 3);
    });
}

TEST(spawned, cancel_returns_when_the_child_has_ended) {
    EXPECT_EQ(in_scope([](scope& s) -> task<> {
                  bool ended = false;
                  auto const child = [&]() -> operation<> {
                      auto r = co_await as_result(coda::sleep_for(1h));
                      EXPECT_EQ(r.error().code(), errc::cancelled);
                      co_await coda::shield(coda::sleep_for(2s));
                      ended = true;
                      co_return coda::error(errc::cancelled, outcome::unknown);
                  };
                  auto handle = s.spawn(child());
                  co_await coda::sleep_for(1s);
                  EXPECT_EQ(co_await handle.cancel(), outcome::unknown);
                  EXPECT_TRUE(ended);
                  EXPECT_EQ(s.size(), 1U);
              }),
              3s);
}

TEST(spawned, cancel_tells_what_became_of_the_child) {
    in_scope([](scope& s) -> task<> {
        auto value = s.spawn(coda::shield(after(1s, 1)));
        EXPECT_EQ(co_await value.cancel(), outcome::completed);
        EXPECT_EQ(co_await value.join(), 1);
        auto waits = s.spawn(coda::sleep_for(1h));
        EXPECT_EQ(co_await waits.cancel(), outcome::not_sent);
        auto ended = s.spawn(after(0s, 1));
        co_await coda::sleep_for(1s);
        EXPECT_EQ(co_await ended.cancel(), outcome::completed);
        EXPECT_EQ(co_await ended.cancel(), outcome::completed);
    });
}

TEST(spawned, cancel_is_not_cut_short_by_cancellation) {
    EXPECT_EQ(in_scope([](scope& s) -> task<> {
                  auto handle = s.spawn(coda::shield(after(2s, 1)));
                  EXPECT_EQ(co_await coda::with_timeout(1s, handle.cancel()), outcome::completed);
              }),
              2s);
}

TEST(spawned, moves) {
    in_scope([](scope& s) -> task<> {
        auto first = s.spawn(after(1s, 9));
        auto second = std::move(first);
        auto r = co_await as_result(first.join());
        EXPECT_EQ(r.error().code(), errc::closed);
        EXPECT_EQ(co_await second.join(), 9);
    });
}

TEST(spawned, keeps_the_value_of_a_child_that_ended_before_its_scope_went) {
    manual_loop loop;
    tally t;
    auto const child = [](tracked held) -> task<int> { co_return held.value; };
    loop.run([&]() -> task<> {
        {
            std::optional<scope> s(std::in_place, co_await coda::this_context());
            auto handle = s->spawn(child(tracked(t, 4)));
            auto unused = s->spawn(child(tracked(t, 4)));
            co_await s->join();
            s.reset();
            EXPECT_EQ(co_await handle.join(), 4);
            auto gone = co_await as_result(handle.cancel());
            EXPECT_EQ(*gone, outcome::completed);
        }
        EXPECT_EQ(t.alive(), 0);
    }());
}

TEST(spawned, outliving_its_scope_is_closed) {
    manual_loop loop;
    loop.run([]() -> task<> {
        std::optional<scope> s(std::in_place, co_await coda::this_context());
        auto handle = s->spawn(after(1h, 1));
        co_await coda::yield();
        s.reset();
        auto joined = co_await as_result(handle.join());
        EXPECT_EQ(joined.error().code(), errc::closed);
        auto cancelled = co_await as_result(handle.cancel());
        EXPECT_EQ(cancelled.error().code(), errc::closed);
    }());
}

TEST(spawned, waits_end_as_closed_when_the_scope_goes) {
    manual_loop loop;
    loop.run([]() -> task<> {
        std::optional<scope> s(std::in_place, co_await coda::this_context());
        auto handle = s->spawn(after(1h, 1));
        auto shielded = s->spawn(coda::shield(after(1h, 1)));
        auto const destroys = [&]() -> task<> {
            co_await coda::sleep_for(1s);
            s.reset();
        };
        auto all = co_await coda::when_all(as_result(handle.join()), as_result(shielded.cancel()), destroys());
        EXPECT_EQ(std::get<0>(all).error().code(), errc::closed);
        EXPECT_EQ(std::get<1>(all).error().code(), errc::closed);
    }());
    EXPECT_EQ(loop.elapsed(), 1s);
}

// Having spent its budget, cancelling lets others run first, and with them the scope go.
TEST(spawned, cancelling_ends_as_closed_wherever_the_scope_goes) {
    manual_loop loop;
    auto const cancels = [](coda::spawned<int>& handle, int awaits) -> task<> {
        coda::event ready(true);
        co_await coda::yield();
        for (int i = 0; i < awaits; ++i) co_await ready.wait();
        auto const gone = co_await as_result(handle.cancel());
        EXPECT_EQ(gone.error().code(), errc::closed);
    };
    auto const destroys = [](std::optional<scope>& s) -> task<> {
        co_await coda::yield();
        s.reset();
    };
    loop.run([&]() -> task<> {
        for (int awaits = 240; awaits < 260; ++awaits) {
            std::optional<scope> s(std::in_place, co_await coda::this_context());
            auto handle = s->spawn(after(1h, 1));
            co_await coda::when_all(cancels(handle, awaits), destroys(s));
        }
    }());
}

// Each child holds a handle to the next: whichever is destroyed first, the other side notices.
TEST(spawned, handles_in_siblings_go_with_the_scope) {
    manual_loop loop;
    tally t;
    loop.run([&]() -> task<> {
        {
            scope s(co_await coda::this_context());
            auto const last = [](tracked) -> task<> { co_await coda::sleep_for(1h); };
            auto const next = [&](tracked held) -> task<> {
                auto handle = s.spawn(last(held));
                co_await handle.join();
            };
            s.spawn(next(tracked(t)));
            s.spawn(next(tracked(t)));
            for (int i = 0; i < 4; ++i) co_await coda::yield();
            EXPECT_EQ(t.alive(), 4);
        }
        EXPECT_EQ(t.alive(), 0);
        co_await coda::yield();
    }());
}

} // namespace runtime_scope_test
