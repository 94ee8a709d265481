// SPDX-License-Identifier: BSL-1.0
// g++ 12 miscompiles some coroutines: temporaries inside a co_await expression that are destroyed twice or never, and
// conditions that are skipped. Each pattern that the library's interface invites its users to write is here, with
// objects that count their constructions and destructions. Built at every level of optimisation by the tests'
// CMakeLists.txt.
#include "support/manual_loop.hpp"
#include "support/tracked.hpp"

#include <coda/runtime/deadline.hpp>
#include <coda/runtime/event.hpp>
#include <coda/runtime/run.hpp>
#include <coda/runtime/scope.hpp>
#include <coda/runtime/sleep.hpp>
#include <coda/runtime/when_all.hpp>
#include <coda/runtime/when_any.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace runtime_gcc12_test {

using namespace std::chrono_literals;
using coda::as_result;
using coda::operation;
using coda::task;
using coda::test::manual_loop;
using coda::test::tally;
using coda::test::tracked;

std::string long_text() { return "a text that is longer than what a string keeps inside itself"; }

operation<std::string> echo(std::string text, tracked held) {
    co_await coda::yield();
    co_return text + std::to_string(held.value);
}
operation<std::size_t> length_by_reference(std::string const& text, tracked const& held) {
    co_await coda::yield();
    co_return text.size() + static_cast<std::size_t>(held.value);
}
task<tracked> pass(tracked held) {
    co_await coda::yield();
    co_return held;
}
operation<bool> truth(tracked held) {
    co_await coda::yield();
    co_return held.value != 0;
}
operation<int> fails(tracked) {
    co_await coda::yield();
    co_return coda::error(coda::errc::closed);
}

// Options with a member that has a destructor: the library's own have a constructor, as these have.
struct options {
    explicit options(tally& t, int v = 0) : held(t, v) {}
    options& with_text(std::string t) {
        text = std::move(t);
        return *this;
    }
    tracked held;
    std::string text;
};
operation<std::size_t> with_options(options o) {
    co_await coda::yield();
    co_return o.text.size() + static_cast<std::size_t>(o.held.value);
}
struct plain_options {
    int retries = 0;
    std::chrono::milliseconds timeout{0};
    char const* sql = nullptr;
};
static_assert(std::is_trivially_copyable_v<plain_options>);
operation<int> with_plain_options(plain_options o) {
    co_await coda::yield();
    co_return o.retries + static_cast<int>(o.timeout.count());
}

// Runs the pattern several times and checks that each object made was destroyed once, and no frame was left.
class gcc12 : public testing::Test {
protected:
    template <class Pattern>
    void holds(Pattern pattern) {
        manual_loop loop;
        for (int i = 0; i < 3; ++i) {
            loop.run(pattern(count));
            EXPECT_GT(count.made, 0);
            EXPECT_EQ(count.alive(), 0);
        }
    }
    tally count;
};

TEST_F(gcc12, prvalue_strings_and_objects_as_arguments) {
    holds([](tally& t) -> task<> {
        EXPECT_EQ(co_await echo("short", tracked(t, 1)), "short1");
        EXPECT_EQ(co_await echo(long_text(), tracked(t, 2)), long_text() + "2");
        EXPECT_EQ(co_await echo("text of a literal that is long enough for the heap", tracked(t, 3)),
                  "text of a literal that is long enough for the heap3");
    });
}

TEST_F(gcc12, prvalues_bound_to_references_live_until_the_await_ends) {
    holds([](tally& t) -> task<> {
        auto const n = co_await length_by_reference(long_text(), tracked(t, 4));
        EXPECT_EQ(n, long_text().size() + 4);
    });
}

TEST_F(gcc12, prvalue_options) {
    holds([](tally& t) -> task<> {
        EXPECT_EQ(co_await with_options(options(t, 2)), 2U);
        EXPECT_EQ(co_await with_options(options(t, 2).with_text(long_text())), long_text().size() + 2);
        EXPECT_EQ(co_await with_plain_options({.retries = 3, .timeout = 4ms}), 7);
        EXPECT_EQ(co_await with_plain_options({.sql = "select 1"}), 0);
    });
}

TEST_F(gcc12, prvalue_optional_and_smart_pointer_arguments) {
    auto const maybe = [](std::optional<tracked> o, std::unique_ptr<tracked> p) -> operation<int> {
        co_await coda::yield();
        co_return o->value + p->value;
    };
    holds([&](tally& t) -> task<> {
        EXPECT_EQ(co_await maybe(tracked(t, 1), std::make_unique<tracked>(t, 2)), 3);
        EXPECT_EQ(co_await maybe(std::optional(tracked(t, 3)), std::unique_ptr<tracked>(new tracked(t, 4))), 7);
    });
}

TEST_F(gcc12, values_with_destructors_come_back_whole) {
    holds([](tally& t) -> task<> {
        auto const v = co_await pass(tracked(t, 5));
        EXPECT_EQ(v.value, 5);
        EXPECT_EQ((co_await pass(tracked(t, 6))).value, 6);
        co_await pass(tracked(t, 7)); // dropped
    });
}

TEST_F(gcc12, as_result_of_prvalues) {
    holds([](tally& t) -> task<> {
        auto text = co_await as_result(echo(long_text(), tracked(t, 1)));
        EXPECT_EQ(*text, long_text() + "1");
        auto failure = co_await as_result(fails(tracked(t)));
        EXPECT_EQ(failure.error().code(), coda::errc::closed);
        auto value = co_await as_result(pass(tracked(t, 2)));
        EXPECT_EQ(value->value, 2);
    });
}

TEST_F(gcc12, timeouts_around_prvalues) {
    holds([](tally& t) -> task<> {
        EXPECT_EQ(co_await coda::with_timeout(1s, echo(long_text(), tracked(t, 1))), long_text() + "1");
        auto r = co_await as_result(coda::with_timeout(1s, echo(long_text(), tracked(t, 2))));
        EXPECT_EQ(*r, long_text() + "2");
        auto v = co_await coda::with_timeout(1s, coda::shield(pass(tracked(t, 3))));
        EXPECT_EQ(v.value, 3);
    });
}

TEST_F(gcc12, groups_of_prvalues) {
    holds([](tally& t) -> task<> {
        auto all = co_await coda::when_all(echo(long_text(), tracked(t, 1)), pass(tracked(t, 2)),
                                           as_result(fails(tracked(t))), coda::yield());
        EXPECT_EQ(std::get<0>(all), long_text() + "1");
        EXPECT_EQ(std::get<1>(all).value, 2);
        EXPECT_TRUE(std::get<2>(all).has_error());
        auto any = co_await coda::when_any(echo(long_text(), tracked(t, 3)), coda::sleep_for(1h));
        EXPECT_EQ(std::get<0>(any), long_text() + "3");
    });
}

TEST_F(gcc12, structured_bindings_of_a_group) {
    holds([](tally& t) -> task<> {
        auto [text, object] = co_await coda::when_all(echo(long_text(), tracked(t, 1)), pass(tracked(t, 2)));
        EXPECT_EQ(text, long_text() + "1");
        EXPECT_EQ(object.value, 2);
    });
}

TEST_F(gcc12, condition_on_a_named_result) {
    holds([](tally& t) -> task<> {
        int taken = 0;
        bool const yes = co_await truth(tracked(t, 1));
        if (yes) ++taken;
        if (bool const no = co_await truth(tracked(t, 0)); !no) ++taken;
        auto r = co_await as_result(fails(tracked(t)));
        if (!r) ++taken;
        int rounds = 0;
        for (bool more = true; more; more = co_await truth(tracked(t, rounds < 3 ? 1 : 0))) ++rounds;
        EXPECT_EQ(taken, 3);
        EXPECT_EQ(rounds, 3);
    });
}

TEST_F(gcc12, bodies_that_capture_by_reference_passed_in_place) {
    holds([](tally& t) -> task<> {
        tracked const local(t, 3);
        int seen = 0;
        co_await coda::with_scope([&](coda::scope& s) -> task<> {
            s.spawn(pass(tracked(t)));
            auto handle = s.spawn(pass(local));
            auto const v = co_await handle.join();
            seen = v.value;
        });
        EXPECT_EQ(seen, 3);
    });
}

TEST_F(gcc12, bodies_that_capture_objects_passed_by_name) {
    holds([](tally& t) -> task<> {
        int seen = 0;
        auto body = [held = tracked(t, 4), text = long_text(), &seen](coda::scope& s) -> task<> {
            s.spawn(coda::yield());
            co_await coda::yield();
            seen = held.value + static_cast<int>(text.size());
        };
        co_await coda::with_scope(std::move(body));
        EXPECT_EQ(seen, 4 + static_cast<int>(long_text().size()));
    });
}

TEST_F(gcc12, temporaries_of_the_whole_expression_live_until_its_end) {
    struct guard {
        guard(tally& t, bool& f) : held(t, 1), open(f) { open = true; }
        ~guard() { open = false; }
        operation<bool> check() const {
            co_await coda::yield();
            co_return open;
        }
        tracked held;
        bool& open;
    };
    holds([](tally& t) -> task<> {
        bool open = false;
        EXPECT_TRUE(co_await guard(t, open).check());
        EXPECT_FALSE(open);
        EXPECT_TRUE(co_await coda::with_timeout(1s, guard(t, open).check()));
        EXPECT_FALSE(open);
    });
}

TEST_F(gcc12, several_awaits_in_one_expression) {
    holds([](tally& t) -> task<> {
        auto const both = co_await echo(long_text(), tracked(t, 1)) + co_await echo("x", tracked(t, 2));
        EXPECT_EQ(both, long_text() + "1x2");
        auto const nested = co_await echo(co_await echo(long_text(), tracked(t, 3)), co_await pass(tracked(t, 4)));
        EXPECT_EQ(nested, long_text() + "34");
    });
}

TEST_F(gcc12, exceptions_past_prvalues) {
    holds([](tally& t) -> task<> {
        int caught = 0;
        for (int i = 0; i < 3; ++i) {
            try {
                tracked const local(t);
                co_await coda::with_timeout(1s, fails(tracked(t)));
            } catch (coda::exception const&) {
                ++caught;
            }
        }
        EXPECT_EQ(caught, 3);
    });
}

TEST_F(gcc12, objects_are_made_as_often_as_they_must) {
    manual_loop loop;
    loop.run([](tally& t) -> task<> { co_await pass(tracked(t)); }(count));
    EXPECT_LE(count.made, 4); // the argument, the parameter in the frame, the value kept, the value given
}

} // namespace runtime_gcc12_test
