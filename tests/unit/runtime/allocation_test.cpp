// SPDX-License-Identifier: BSL-1.0
// Once a loop is warm, no await takes anything from the heap: counted, for each kind of await, on each backend.
#include "support/allocations.hpp"
#include "support/loops.hpp"

#include <coda/runtime/deadline.hpp>
#include <coda/runtime/event.hpp>
#include <coda/runtime/scope.hpp>
#include <coda/runtime/sleep.hpp>
#include <coda/runtime/when_all.hpp>
#include <coda/runtime/when_any.hpp>

#include <gtest/gtest.h>

#include <string>
#include <tuple>

namespace runtime_allocation_test {

using namespace std::chrono_literals;
using coda::operation;
using coda::task;
using coda::test::allocations;

task<int> child(int x) { co_return x; }
operation<int> op(int x) { co_return x; }
operation<int> fails() { co_return coda::error(coda::errc::closed); }
task<> returns_nothing() { co_return; }

task<> one_child() { co_await child(1); }
task<> one_operation() { co_await op(1); }
task<> one_error() {
    auto r = co_await coda::as_result(fails());
    EXPECT_TRUE(r.has_error());
}
task<> one_yield() { co_await coda::yield(); }
task<> one_sleep() { co_await coda::sleep_for(1us); }
task<> one_event() {
    coda::event e;
    auto const sets = [&]() -> task<> {
        e.set();
        co_return;
    };
    co_await coda::when_all(e.wait(), sets());
}
task<> one_timeout() { co_await coda::with_timeout(1h, op(1)); }
task<> one_that_times_out() {
    auto r = co_await coda::as_result(coda::with_timeout(1us, coda::sleep_for(1h)));
    EXPECT_TRUE(r.has_error());
}
task<> one_that_is_cancelled() {
    coda::cancel_source source;
    source.request();
    auto r = co_await coda::as_result(coda::with_cancellation(source.token(), coda::sleep_for(1h)));
    EXPECT_TRUE(r.has_error());
}
task<> one_shield() { co_await coda::shield(op(1)); }
task<> one_when_all() { co_await coda::when_all(child(1), op(2), coda::yield()); }
task<> one_when_any() { co_await coda::when_any(child(1), coda::sleep_for(1h)); }
task<> one_scope() {
    auto const body = [](coda::scope& s) -> task<> {
        s.spawn(returns_nothing());
        auto handle = s.spawn(op(1));
        co_await handle.join();
    };
    co_await coda::with_scope(body);
}

struct kind_of_await {
    char const* name;
    task<> (*once)();
};
constexpr kind_of_await kinds[] = {
    {"child", one_child},
    {"operation", one_operation},
    {"error", one_error},
    {"yield", one_yield},
    {"sleep", one_sleep},
    {"event", one_event},
    {"with_timeout", one_timeout},
    {"timed_out", one_that_times_out},
    {"cancelled", one_that_is_cancelled},
    {"shield", one_shield},
    {"when_all", one_when_all},
    {"when_any", one_when_any},
    {"with_scope", one_scope},
};

using parameters = std::tuple<coda::test::loop_kind, kind_of_await>;
class allocation : public testing::TestWithParam<parameters> {};
INSTANTIATE_TEST_SUITE_P(, allocation, testing::Combine(coda::test::every_loop(), testing::ValuesIn(kinds)),
                         [](auto const& i) {
                             return testing::PrintToString(std::get<0>(i.param)) + "_" + std::get<1>(i.param).name;
                         });

TEST_P(allocation, none_per_await_once_warm) {
    auto const [kind, await] = GetParam();
    auto const loop = coda::test::make_loop(kind);
    auto const root = [](task<> (*once)()) -> task<std::size_t> {
        for (int i = 0; i < 1000; ++i) co_await once();
        auto const before = allocations();
        for (int i = 0; i < 1000; ++i) co_await once();
        co_return allocations() - before;
    };
    auto const made = loop->run(root(await.once));
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
    return; // there each frame is the heap's own
#endif
#endif
    EXPECT_EQ(made, 0U);
}

} // namespace runtime_allocation_test
