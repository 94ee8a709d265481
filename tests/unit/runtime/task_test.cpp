// SPDX-License-Identifier: BSL-1.0
#include "support/manual_loop.hpp"
#include "support/tracked.hpp"

#include <coda/runtime/cancellation.hpp>
#include <coda/runtime/context.hpp>
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

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace runtime_task_test {

using namespace std::chrono_literals;
using coda::errc;
using coda::task;
using coda::test::manual_loop;
using coda::test::tally;
using coda::test::tracked;

task<int> answer() { co_return 42; }
task<> throws() {
    throw std::runtime_error("on purpose");
    co_return;
}

TEST(task, body_runs_when_awaited_and_not_before) {
    manual_loop loop;
    bool ran = false;
    auto const child = [&]() -> task<> {
        ran = true;
        co_return;
    };
    loop.run([&]() -> task<> {
        auto t = child();
        co_await coda::yield();
        EXPECT_FALSE(ran);
        co_await std::move(t);
        EXPECT_TRUE(ran);
    }());
}

TEST(task, gives_its_value) {
    manual_loop loop;
    EXPECT_EQ(loop.run(answer()), 42);
}

TEST(task, carries_what_can_only_be_moved) {
    manual_loop loop;
    auto made = [](std::unique_ptr<int> p) -> task<std::unique_ptr<int>> { co_return p; };
    auto const p = loop.run([&]() -> task<std::unique_ptr<int>> {
        auto inner = co_await made(std::make_unique<int>(7));
        co_return std::move(inner);
    }());
    EXPECT_EQ(*p, 7);
}

struct no_default {
    explicit no_default(int v) : value(v) {}
    int value;
};

TEST(task, value_needs_no_default_constructor) {
    manual_loop loop;
    EXPECT_EQ(loop.run([]() -> task<no_default> { co_return no_default(3); }()).value, 3);
}

TEST(task, exception_reaches_the_one_who_awaits) {
    manual_loop loop;
    loop.run([]() -> task<> {
        std::string caught;
        try {
            co_await throws();
        } catch (std::runtime_error const& e) {
            caught = e.what();
        }
        EXPECT_EQ(caught, "on purpose");
    }());
}

struct throws_when_copied {
    throws_when_copied() = default;
    throws_when_copied(throws_when_copied const&) { throw std::runtime_error("copied"); }
};

TEST(task, exception_while_the_value_is_stored_reaches_the_one_who_awaits) {
    manual_loop loop;
    auto const child = [](throws_when_copied const& v) -> task<throws_when_copied> { co_return v; };
    throws_when_copied const v;
    EXPECT_THROW(loop.run(child(v)), std::runtime_error);
}

TEST(task, runs_at_once_in_its_parents_step) {
    manual_loop loop;
    std::vector<int> order;
    auto const child = [&]() -> task<> {
        order.push_back(2);
        co_return;
    };
    loop.run([&]() -> task<> {
        order.push_back(1);
        co_await child();
        order.push_back(3);
    }());
    EXPECT_EQ(order, (std::vector{1, 2, 3}));
}

TEST(task, destroyed_unstarted_releases_its_parameters) {
    tally t;
    auto const child = [](tracked) -> task<> { co_return; };
    { auto const unstarted = child(tracked(t)); }
    EXPECT_GT(t.made, 0);
    EXPECT_EQ(t.alive(), 0);
}

TEST(task, assignment_releases_what_was_there) {
    tally first, second;
    auto const child = [](tracked) -> task<> { co_return; };
    auto a = child(tracked(first));
    a = child(tracked(second));
    EXPECT_EQ(first.alive(), 0);
    EXPECT_EQ(second.alive(), 1);
    EXPECT_TRUE(a.valid());
}

TEST(task, locals_are_gone_when_the_parent_goes_on) {
    manual_loop loop;
    tally t;
    auto const child = [](tracked p) -> task<> {
        tracked const local(p);
        co_await coda::yield();
    };
    loop.run([&]() -> task<> {
        co_await child(tracked(t));
        EXPECT_EQ(t.alive(), 0);
    }());
}

TEST(task, awaited_twice_throws_already_awaited) {
    manual_loop loop;
    loop.run([]() -> task<> {
        auto t = answer();
        EXPECT_EQ(co_await std::move(t), 42);
        EXPECT_FALSE(t.valid());
        coda::error_code code;
        try {
            co_await std::move(t);
        } catch (coda::exception const& e) {
            code = e.code();
        }
        EXPECT_EQ(code, errc::already_awaited);
    }());
}

TEST(task, moved_from_ends_with_already_awaited_wherever_it_is_awaited) {
    manual_loop loop;
    loop.run([]() -> task<> {
        auto t = answer();
        auto const taken = std::move(t);
        auto direct = co_await coda::as_result(std::move(t));
        EXPECT_EQ(direct.error().code(), errc::already_awaited);
        auto bounded = co_await coda::as_result(coda::with_timeout(1s, std::move(t)));
        EXPECT_EQ(bounded.error().code(), errc::already_awaited);
        auto all = co_await coda::as_result(coda::when_all(std::move(t), answer()));
        EXPECT_EQ(all.error().code(), errc::already_awaited);
        auto any = co_await coda::as_result(coda::when_any(std::move(t)));
        EXPECT_EQ(any.error().code(), errc::already_awaited);
    }());
}

// A task that waits in some way, holding `held`; each kind of wait of the runtime.
struct kind_of_wait {
    char const* name;
    task<> (*wait)(coda::event& never, tracked held);
};

task<> at_event(coda::event& never, tracked) { co_await never.wait(); }
task<> at_sleep(coda::event&, tracked) { co_await coda::sleep_for(1h); }
task<> at_yield(coda::event&, tracked) {
    while (true) co_await coda::yield();
}
task<> at_child(coda::event& never, tracked held) { co_await at_event(never, held); }
task<> at_when_all(coda::event& never, tracked held) {
    co_await coda::when_all(at_event(never, held), at_sleep(never, held), coda::sleep_for(2h));
}
task<> at_when_any(coda::event& never, tracked held) { co_await coda::when_any(at_event(never, held), never.wait()); }
task<> at_timeout(coda::event& never, tracked held) { co_await coda::with_timeout(1h, at_child(never, held)); }
task<> at_shield(coda::event& never, tracked held) { co_await coda::shield(at_event(never, held)); }
task<> at_as_result(coda::event& never, tracked held) {
    auto r = co_await coda::as_result(at_event(never, held));
    ADD_FAILURE() << "went on with " << r.has_error();
}
task<> at_scope(coda::event& never, tracked held) {
    auto const body = [&](coda::scope& s) -> task<> {
        s.spawn(at_event(never, held));
        auto handle = s.spawn(at_timeout(never, held));
        co_await handle.join();
    };
    co_await coda::with_scope(body);
}
task<> at_handle_cancel(coda::event& never, tracked held) {
    auto const body = [&](coda::scope& s) -> task<> {
        auto handle = s.spawn(at_shield(never, held));
        co_await coda::yield();
        co_await handle.cancel();
    };
    co_await coda::with_scope(body);
}

class task_destroyed : public testing::TestWithParam<kind_of_wait> {};

constexpr kind_of_wait waits[] = {
    {"at_an_event", at_event},       {"at_a_sleep", at_sleep},        {"while_ready", at_yield},
    {"at_a_child", at_child},        {"at_when_all", at_when_all},    {"at_when_any", at_when_any},
    {"at_with_timeout", at_timeout}, {"at_a_shield", at_shield},      {"at_as_result", at_as_result},
    {"at_a_scope", at_scope},        {"at_cancel", at_handle_cancel},
};
INSTANTIATE_TEST_SUITE_P(, task_destroyed, testing::ValuesIn(waits), [](auto const& i) { return i.param.name; });

// Nothing in a queue, no timer, no callback: with what it waited for set and cancelled, nothing happens; the loop
// asserts that it is empty in the end.
TEST_P(task_destroyed, releases_everything) {
    tally t;
    coda::event never;
    coda::cancel_source source;
    for (int turns = 0; turns < 5; ++turns) {
        manual_loop loop;
        coda::context ctx{&loop, source.token(), coda::no_deadline, nullptr};
        loop.run([&]() -> task<> {
            {
                coda::scope owner(ctx);
                owner.spawn(GetParam().wait(never, tracked(t)));
                for (int i = 0; i < turns; ++i) co_await coda::yield();
                EXPECT_GT(t.alive(), 0);
            }
            EXPECT_EQ(t.alive(), 0) << "after " << turns << " turns";
            never.set();
            co_await coda::yield();
            never.reset();
        }());
        EXPECT_EQ(loop.elapsed(), 0s);
    }
    source.request();
    EXPECT_EQ(t.alive(), 0);
}

TEST_P(task_destroyed, after_the_loop_was_stopped_releases_everything) {
    tally t;
    coda::event never;
    manual_loop loop;
    auto const root = [&]() -> task<> {
        loop.post([&] { loop.stop(); });
        co_await GetParam().wait(never, tracked(t));
    };
    try {
        loop.run(root());
        FAIL() << "ended";
    } catch (coda::exception const& e) {
        EXPECT_EQ(e.code(), errc::loop_stopped);
    }
    EXPECT_EQ(t.alive(), 0);
}

} // namespace runtime_task_test
