// SPDX-License-Identifier: BSL-1.0
#include "support/allocations.hpp"
#include "support/loops.hpp"
#include "support/manual_loop.hpp"
#include "support/tracked.hpp"

#include <coda/runtime.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace runtime_stream_test {

using namespace std::chrono_literals;
using coda::errc;
using coda::scope;
using coda::stream;
using coda::task;
using coda::test::manual_loop;
using coda::test::tally;
using coda::test::tracked;

using a_stream = coda::test::on_every_loop;
CODA_ON_EVERY_LOOP(a_stream);

stream<int> integers(int n) {
    for (int i = 0; i < n; ++i) co_yield i;
}

stream<int> slow_integers(int n, coda::duration between) {
    for (int i = 0; i < n; ++i) {
        co_await coda::sleep_for(between);
        co_yield i;
    }
}

// Holds something while it runs, and waits for ever after the first value.
stream<int> holds_while_it_waits(tally& count, coda::event& never) {
    tracked const held(count);
    co_yield 1;
    co_await never.wait();
    co_yield 2;
}

task<std::vector<int>> read_all(stream<int> s) {
    std::vector<int> all;
    while (auto v = co_await s.next()) all.push_back(*v);
    co_return all;
}

task<> read_one(stream<int>& s, coda::result<std::optional<int>>& r) { r = co_await coda::as_result(s.next()); }

std::vector<int> first_integers(int n) {
    std::vector<int> v(static_cast<std::size_t>(n));
    std::iota(v.begin(), v.end(), 0);
    return v;
}

TEST_P(a_stream, gives_what_the_body_yields_in_order) {
    EXPECT_EQ(run(read_all(integers(1000))), first_integers(1000));
}

TEST_P(a_stream, body_may_wait_between_values) {
    EXPECT_EQ(run(read_all(slow_integers(20, 100us))), first_integers(20));
}

TEST_P(a_stream, of_a_million_values_that_never_waits_does_not_starve_a_timer) {
    constexpr int million = 1'000'000;
    int read = 0;
    int read_at_timer = -1;
    auto const sleeper = [&]() -> task<> {
        co_await coda::sleep_for(0ms);
        read_at_timer = read;
    };
    auto const body = [&](scope& s) -> task<> {
        s.spawn(sleeper());
        co_await coda::yield();
        auto all = integers(million);
        while (auto v = co_await all.next()) {
            if (*v != read) ADD_FAILURE() << read;
            ++read;
        }
    };
    run(coda::with_scope(body));
    EXPECT_EQ(read, million);
    EXPECT_GE(read_at_timer, 0);
    EXPECT_LT(read_at_timer, million);
}

stream<int> nested(int depth) {
    if (depth == 0) {
        co_yield 1;
        co_yield 2;
        co_return;
    }
    auto inner = nested(depth - 1);
    while (auto v = co_await inner.next()) co_yield *v;
}

TEST_P(a_stream, may_read_streams_a_hundred_thousand_deep) {
    EXPECT_EQ(run(read_all(nested(100'000))), (std::vector{1, 2}));
}

TEST(stream, is_lazy) {
    manual_loop loop;
    tally count;
    coda::event never;
    loop.run([&]() -> task<> {
        auto s = holds_while_it_waits(count, never);
        co_await coda::yield();
        EXPECT_EQ(count.made, 0);
        auto const v = co_await s.next();
        EXPECT_EQ(v, 1);
        EXPECT_EQ(count.alive(), 1);
    }());
    EXPECT_EQ(count.alive(), 0);
}

TEST(stream, unread_runs_nothing_and_releases_its_parameters) {
    tally count;
    auto const make = [](tracked) -> stream<int> { co_yield 1; };
    {
        auto s = make(tracked(count));
        EXPECT_EQ(count.alive(), 1);
    }
    EXPECT_EQ(count.alive(), 0);
}

TEST(stream, ends_with_nullopt_for_ever) {
    manual_loop loop;
    loop.run([]() -> task<> {
        auto s = integers(1);
        auto const first = co_await s.next();
        EXPECT_EQ(first, 0);
        for (int i = 0; i < 3; ++i) {
            auto const end = co_await s.next();
            EXPECT_EQ(end, std::nullopt);
        }
    }());
}

TEST(stream, destroyed_early_releases_what_the_body_holds) {
    manual_loop loop;
    tally count;
    coda::event never;
    loop.run([&]() -> task<> {
        {
            auto s = holds_while_it_waits(count, never);
            co_await s.next();
        }
        EXPECT_EQ(count.alive(), 0);
    }());
}

TEST(stream, body_is_destroyed_as_soon_as_its_end_is_told) {
    manual_loop loop;
    tally count;
    auto const one = [&]() -> stream<int> {
        tracked const held(count);
        co_yield 1;
        co_yield coda::error(errc::connection_lost);
        ADD_FAILURE() << "went on after its error";
    };
    loop.run([&]() -> task<> {
        auto s = one();
        co_await s.next();
        EXPECT_EQ(count.alive(), 1);
        auto const r = co_await coda::as_result(s.next());
        EXPECT_EQ(r.error().code(), errc::connection_lost);
        EXPECT_EQ(count.alive(), 0);
        auto const end = co_await coda::as_result(s.next());
        EXPECT_TRUE(end.has_value() && !*end);
    }());
}

TEST(stream, yielded_error_is_thrown_when_read_plainly) {
    manual_loop loop;
    auto const fails = []() -> stream<std::string> {
        co_yield coda::error(errc::protocol_error, coda::outcome::unknown);
    };
    loop.run([&]() -> task<> {
        auto s = fails();
        coda::error seen;
        try {
            co_await s.next();
        } catch (coda::exception const& e) {
            seen = e.error();
        }
        EXPECT_EQ(seen.code(), errc::protocol_error);
        EXPECT_EQ(seen.outcome(), coda::outcome::unknown);
    }());
}

TEST(stream, results_can_be_yielded) {
    manual_loop loop;
    auto const both = []() -> stream<std::string> {
        coda::result<std::string> good = std::string("as an lvalue");
        co_yield good;
        co_yield std::move(good);
        coda::result<std::string> bad = coda::error(errc::type_mismatch);
        co_yield bad;
    };
    loop.run([&]() -> task<> {
        auto s = both();
        for (int i = 0; i < 2; ++i) {
            auto const v = co_await s.next();
            EXPECT_EQ(v, "as an lvalue");
        }
        auto const r = co_await coda::as_result(s.next());
        EXPECT_EQ(r.error().code(), errc::type_mismatch);
    }());
}

TEST(stream, exception_of_the_body_comes_out_of_next_once) {
    manual_loop loop;
    auto const throws = []() -> stream<int> {
        co_yield 1;
        throw std::runtime_error("on purpose");
    };
    loop.run([&]() -> task<> {
        auto s = throws();
        co_await s.next();
        std::string seen;
        try {
            co_await coda::as_result(s.next()); // no failure of coda's: still thrown
        } catch (std::runtime_error const& e) {
            seen = e.what();
        }
        EXPECT_EQ(seen, "on purpose");
        auto const end = co_await s.next();
        EXPECT_EQ(end, std::nullopt);
    }());
}

TEST(stream, exception_of_coda_can_be_had_as_a_result) {
    manual_loop loop;
    auto const throws = []() -> stream<int> {
        co_await coda::yield();
        throw coda::exception(errc::not_connected);
        co_yield 1;
    };
    loop.run([&]() -> task<> {
        auto s = throws();
        auto const r = co_await coda::as_result(s.next());
        EXPECT_EQ(r.error().code(), errc::not_connected);
    }());
}

TEST(stream, values_may_be_move_only) {
    manual_loop loop;
    auto const pointers = []() -> stream<std::unique_ptr<int>> {
        co_yield std::make_unique<int>(1);
        auto named = std::make_unique<int>(2);
        co_yield std::move(named);
    };
    loop.run([&]() -> task<> {
        auto s = pointers();
        for (int expected : {1, 2}) {
            auto const v = co_await s.next();
            EXPECT_EQ(**v, expected);
        }
    }());
}

struct row {
    int id;
    std::string name;
    tracked counted;
};

// What the documentation tells users of g++ 12 to write.
TEST(stream, named_aggregates_are_destroyed_once) {
    manual_loop loop;
    tally count;
    auto const rows = [&]() -> stream<row> {
        for (int i = 0; i < 3; ++i) {
            row r{i, "a name too long for the small string buffer", tracked(count)};
            co_yield std::move(r);
        }
    };
    loop.run([&]() -> task<> {
        auto s = rows();
        int n = 0;
        while (auto r = co_await s.next()) EXPECT_EQ(r->id, n++);
        EXPECT_EQ(n, 3);
    }());
    EXPECT_GT(count.made, 0);
    EXPECT_EQ(count.alive(), 0);
}

TEST(stream, each_next_brings_its_own_deadline) {
    manual_loop loop;
    auto const patient = []() -> stream<int> {
        for (int i = 0;; ++i) {
            auto const r = co_await coda::as_result(coda::sleep_for(100ms));
            co_yield r.has_value() ? i : -i;
        }
    };
    loop.run([&]() -> task<> {
        auto s = patient();
        auto const in_time = co_await coda::with_timeout(150ms, s.next());
        EXPECT_EQ(in_time, 0);
        auto const cut_short = co_await coda::with_timeout(50ms, s.next());
        EXPECT_EQ(cut_short, -1);
        auto const unbounded = co_await s.next();
        EXPECT_EQ(unbounded, 2);
    }());
    EXPECT_EQ(loop.elapsed(), 250ms);
}

TEST(stream, cancelled_wait_of_the_body_ends_it_with_the_reason) {
    manual_loop loop;
    loop.run([]() -> task<> {
        auto s = slow_integers(2, 1h);
        auto const r = co_await coda::as_result(coda::with_timeout(1ms, s.next()));
        EXPECT_EQ(r.error().code(), errc::timed_out);
        auto const end = co_await s.next();
        EXPECT_EQ(end, std::nullopt);
    }());
    EXPECT_EQ(loop.elapsed(), 1ms);
}

TEST(stream, second_reader_is_refused_while_one_is_there) {
    manual_loop loop;
    auto const body = [&](scope& sc) -> task<> {
        auto s = slow_integers(2, 10ms);
        coda::result<std::optional<int>> first;
        sc.spawn(read_one(s, first));
        co_await coda::yield();
        auto const second = co_await coda::as_result(s.next());
        EXPECT_EQ(second.error().code(), errc::already_awaited);
        co_await coda::sleep_for(15ms);
        EXPECT_TRUE(first.has_value() && *first == 0);
        auto const third = co_await s.next();
        EXPECT_EQ(third, 1);
    };
    loop.run(coda::with_scope(body));
}

TEST(stream, reader_destroyed_while_the_body_waits_ends_the_stream) {
    manual_loop loop;
    tally count;
    coda::event never;
    loop.run([&]() -> task<> {
        auto const& ctx = co_await coda::this_context();
        auto s = holds_while_it_waits(count, never);
        co_await s.next();
        coda::result<std::optional<int>> unused;
        std::optional<scope> abandoned(std::in_place, ctx);
        abandoned->spawn(read_one(s, unused));
        co_await coda::yield();
        EXPECT_EQ(count.alive(), 1);
        abandoned.reset();
        EXPECT_EQ(count.alive(), 0);
        auto const end = co_await s.next();
        EXPECT_EQ(end, std::nullopt);
    }());
}

// Reads after as many awaits that are ready, which shift where the reader lets others go first.
task<> read_after(int ready_awaits, stream<int>& s, std::size_t at_most, std::vector<int>& got) {
    coda::event set(true);
    for (int i = 0; i < ready_awaits; ++i) co_await set.wait();
    for (std::size_t n = 0; n < at_most; ++n) {
        auto const v = co_await s.next();
        if (!v) co_return;
        got.push_back(*v);
    }
}

// Runs a reader until it lets others go first, and destroys it there.
task<> read_and_abandon(int ready_awaits, stream<int>& s, std::size_t at_most, std::vector<int>& got) {
    auto const& ctx = co_await coda::this_context();
    scope abandoned(ctx);
    abandoned.spawn(read_after(ready_awaits, s, at_most, got));
    co_await coda::yield();
}

// Two readers are destroyed, each at any of the places where that can happen. Where the body was in the middle of its
// work it is gone; where it had made a value, the next reader gets that one.
TEST(stream, value_that_a_destroyed_reader_did_not_take_is_given_to_the_next) {
    manual_loop loop;
    constexpr int many = 1000;
    int went_on = 0;
    int ended = 0;
    loop.run([&]() -> task<> {
        for (int first : {0, 1})
            for (int second = 0; second < 600; ++second) {
                auto s = integers(many);
                std::vector<int> got;
                co_await read_and_abandon(first, s, many, got);
                co_await read_and_abandon(second, s, 1, got);
                co_await read_after(0, s, many, got);
                EXPECT_EQ(got, first_integers(static_cast<int>(got.size())));
                ++(got.size() == many ? went_on : ended);
            }
    }());
    EXPECT_GT(went_on, 0);
    EXPECT_GT(ended, 0);
}

TEST(stream, destroyed_while_a_reader_waits_tells_it_so) {
    manual_loop loop;
    tally count;
    coda::event never;
    coda::result<std::optional<int>> r;
    auto const body = [&](scope& sc) -> task<> {
        std::optional<stream<int>> s(holds_while_it_waits(count, never));
        co_await s->next();
        sc.spawn(read_one(*s, r));
        co_await coda::yield();
        s.reset();
        EXPECT_EQ(count.alive(), 0);
    };
    loop.run(coda::with_scope(body));
    EXPECT_EQ(r.error().code(), errc::closed);
}

TEST(stream, moves_while_it_is_read) {
    manual_loop loop;
    coda::result<std::optional<int>> r;
    auto const body = [&](scope& sc) -> task<> {
        auto s = slow_integers(2, 10ms);
        sc.spawn(read_one(s, r));
        co_await coda::yield();
        auto moved = std::move(s);
        auto assigned = integers(0);
        assigned = std::move(moved);
        co_await coda::sleep_for(15ms);
        EXPECT_TRUE(r.has_value() && *r == 0);
        auto const next = co_await assigned.next();
        EXPECT_EQ(next, 1);
        auto const nothing = co_await moved.next();
        EXPECT_EQ(nothing, std::nullopt);
    };
    loop.run(coda::with_scope(body));
}

TEST(stream, can_be_closed_by_when_any_like_every_wait) {
    manual_loop loop;
    loop.run([]() -> task<> {
        auto s = slow_integers(1, 1h);
        auto const first = co_await coda::when_any(coda::sleep_for(1ms), s.next());
        EXPECT_EQ(first.index(), 0u);
    }());
    EXPECT_EQ(loop.elapsed(), 1ms);
}

TEST(stream, allocates_nothing_per_value) {
    manual_loop loop;
    loop.run([]() -> task<> {
        auto s = integers(10'000);
        co_await s.next();
        auto const before = coda::test::allocations();
        while (auto v = co_await s.next()) {}
        EXPECT_EQ(coda::test::allocations(), before);
    }());
}

} // namespace runtime_stream_test
