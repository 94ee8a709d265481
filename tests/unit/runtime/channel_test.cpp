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
#include <string>
#include <utility>
#include <vector>

namespace runtime_channel_test {

using namespace std::chrono_literals;
using coda::channel;
using coda::errc;
using coda::scope;
using coda::task;
using coda::test::manual_loop;
using coda::test::tally;
using coda::test::tracked;

using a_channel = coda::test::on_every_loop;
CODA_ON_EVERY_LOOP(a_channel);

task<> receive_all(channel<int>& c, std::vector<int>& got) {
    while (auto v = co_await c.receive()) got.push_back(*v);
}

task<> receive_one(channel<int>& c, std::vector<int>& got) {
    auto const v = co_await c.receive();
    got.push_back(v.value_or(-1));
}

std::vector<int> first_integers(int n) {
    std::vector<int> v(static_cast<std::size_t>(n));
    std::iota(v.begin(), v.end(), 0);
    return v;
}

TEST_P(a_channel, gives_values_in_the_order_they_were_sent_with_any_capacity) {
    for (std::size_t capacity : {1u, 2u, 7u, 1000u}) {
        channel<int> c(capacity);
        std::vector<int> got;
        auto const body = [&](scope& s) -> task<> {
            s.spawn(receive_all(c, got));
            for (int i = 0; i < 1000; ++i) co_await c.send(i);
            c.close();
        };
        run(coda::with_scope(body));
        EXPECT_EQ(got, first_integers(1000)) << "capacity " << capacity;
    }
}

TEST_P(a_channel, serves_waiting_senders_in_the_order_they_came) {
    constexpr int many = 100'000;
    channel<int> c(2);
    std::vector<int> got;
    auto const body = [&](scope& s) -> task<> {
        for (int i = 0; i < many; ++i) s.spawn(c.send(i));
        co_await coda::yield();
        EXPECT_EQ(c.size(), 2u);
        for (int i = 0; i < many; ++i) co_await receive_one(c, got);
    };
    run(coda::with_scope(body));
    EXPECT_EQ(got, first_integers(many));
}

TEST_P(a_channel, serves_waiting_receivers_in_the_order_they_came) {
    constexpr int many = 100'000;
    channel<int> c(2);
    std::vector<std::pair<int, int>> got; // receiver, value
    auto const receive = [&](int number) -> task<> {
        auto const v = co_await c.receive();
        got.emplace_back(number, v.value_or(-1));
    };
    auto const body = [&](scope& s) -> task<> {
        for (int i = 0; i < many; ++i) s.spawn(receive(i));
        co_await coda::yield();
        for (int i = 0; i < many; ++i) co_await c.send(i);
    };
    run(coda::with_scope(body));
    ASSERT_EQ(got.size(), static_cast<std::size_t>(many));
    for (int i = 0; i < many; ++i) EXPECT_EQ(got[static_cast<std::size_t>(i)], std::pair(i, i));
}

TEST_P(a_channel, passes_a_million_values_without_starving_a_timer) {
    constexpr int million = 1'000'000;
    channel<int> c(16);
    int passed = 0;
    int passed_at_timer = -1;
    auto const sleeper = [&]() -> task<> {
        co_await coda::sleep_for(0ms);
        passed_at_timer = passed;
    };
    auto const body = [&](scope& s) -> task<> {
        s.spawn(sleeper());
        co_await coda::yield();
        for (; passed < million; ++passed) {
            co_await c.send(passed);
            auto const v = co_await c.receive();
            if (v != passed) ADD_FAILURE() << passed;
        }
    };
    run(coda::with_scope(body));
    EXPECT_GE(passed_at_timer, 0);
    EXPECT_LT(passed_at_timer, million);
}

TEST(channel, capacity_zero_is_refused) {
    try {
        channel<int> c(0);
        FAIL();
    } catch (coda::exception const& e) {
        EXPECT_EQ(e.code(), errc::invalid_argument);
        EXPECT_NE(std::string(e.what()).find("capacity"), std::string::npos);
    }
}

TEST(channel, sender_waits_while_it_is_full) {
    manual_loop loop;
    channel<int> c(2);
    int sent = 0;
    auto const sends = [&]() -> task<> {
        for (; sent < 5; ++sent) co_await c.send(sent);
    };
    auto const body = [&](scope& s) -> task<> {
        s.spawn(sends());
        co_await coda::sleep_for(1ms);
        EXPECT_EQ(sent, 2);
        auto const v = co_await c.receive();
        EXPECT_EQ(v, 0);
        co_await coda::sleep_for(1ms);
        EXPECT_EQ(sent, 3);
        EXPECT_EQ(c.try_receive(), 1);
        EXPECT_EQ(c.try_receive(), 2);
    };
    loop.run(coda::with_scope(body));
    EXPECT_EQ(sent, 5);
    EXPECT_EQ(c.size(), 2u);
    EXPECT_EQ(c.capacity(), 2u);
}

TEST(channel, values_may_be_move_only) {
    manual_loop loop;
    channel<std::unique_ptr<int>> c(1);
    auto const body = [&](scope& s) -> task<> {
        s.spawn(c.send(std::make_unique<int>(1)));
        s.spawn(c.send(std::make_unique<int>(2)));
        co_await coda::yield();
        auto const one = co_await c.receive();
        auto const two = co_await c.receive();
        EXPECT_EQ(**one, 1);
        EXPECT_EQ(**two, 2);
    };
    loop.run(coda::with_scope(body));
}

TEST(channel, close_lets_receivers_drain_it) {
    manual_loop loop;
    channel<int> c(3);
    std::vector<int> got;
    EXPECT_TRUE(c.try_send(0).has_value());
    EXPECT_TRUE(c.try_send(1).has_value());
    c.close();
    c.close();
    EXPECT_TRUE(c.closed());
    EXPECT_EQ(c.try_send(2).error().code(), errc::closed);
    loop.run(receive_all(c, got));
    EXPECT_EQ(got, first_integers(2));
    loop.run(receive_one(c, got));
    EXPECT_EQ(got.back(), -1);
}

TEST(channel, close_wakes_all_receivers_that_wait) {
    manual_loop loop;
    channel<int> c(1);
    std::vector<int> got;
    auto const body = [&](scope& s) -> task<> {
        for (int i = 0; i < 3; ++i) s.spawn(receive_one(c, got));
        co_await coda::yield();
        EXPECT_TRUE(c.try_send(7).has_value());
        c.close();
    };
    loop.run(coda::with_scope(body));
    EXPECT_EQ(got, (std::vector{7, -1, -1}));
}

TEST(channel, close_fails_senders_that_wait_and_their_values_are_theirs) {
    manual_loop loop;
    channel<std::string> c(1);
    EXPECT_TRUE(c.try_send("kept").has_value());
    std::string value = "a value too long for the small string buffer";
    std::string const copy = value;
    auto const send = [&]() -> task<> {
        auto const r = co_await coda::as_result(c.send_from(value));
        EXPECT_EQ(r.error().code(), errc::closed);
        auto const again = co_await coda::as_result(c.send_from(value));
        EXPECT_EQ(again.error().code(), errc::closed);
        auto const by_value = co_await coda::as_result(c.send(value));
        EXPECT_EQ(by_value.error().code(), errc::closed);
    };
    auto const body = [&](scope& s) -> task<> {
        s.spawn(send());
        co_await coda::yield();
        c.close();
    };
    loop.run(coda::with_scope(body));
    EXPECT_EQ(value, copy);
    EXPECT_EQ(c.try_receive(), "kept");
    EXPECT_EQ(c.try_receive(), std::nullopt);
}

TEST(channel, try_send_moves_from_the_value_only_when_it_is_sent) {
    channel<std::unique_ptr<int>> c(1);
    auto first = std::make_unique<int>(1);
    auto second = std::make_unique<int>(2);
    EXPECT_TRUE(c.try_send(std::move(first)).has_value());
    EXPECT_EQ(c.try_send(std::move(second)).error().code(), errc::queue_full);
    EXPECT_FALSE(first);
    ASSERT_TRUE(second);
    EXPECT_EQ(*second, 2);
}

TEST(channel, send_that_times_out_sends_nothing) {
    manual_loop loop;
    channel<int> c(1);
    int value = 2;
    loop.run([&]() -> task<> {
        co_await c.send(1);
        auto const r = co_await coda::as_result(coda::with_timeout(20ms, c.send_from(value)));
        EXPECT_EQ(r.error().code(), errc::timed_out);
        EXPECT_EQ(r.error().outcome(), coda::outcome::not_sent);
        auto const by_value = co_await coda::as_result(coda::with_timeout(20ms, c.send(value)));
        EXPECT_EQ(by_value.error().code(), errc::timed_out);
    }());
    EXPECT_EQ(loop.elapsed(), 40ms);
    EXPECT_EQ(c.try_receive(), 1);
    EXPECT_EQ(c.try_receive(), std::nullopt);
}

TEST(channel, receive_that_times_out_takes_nothing) {
    manual_loop loop;
    channel<int> c(1);
    loop.run([&]() -> task<> {
        auto const r = co_await coda::as_result(coda::with_timeout(20ms, c.receive()));
        EXPECT_EQ(r.error().code(), errc::timed_out);
        co_await c.send(1);
        auto const v = co_await c.receive();
        EXPECT_EQ(v, 1);
    }());
    EXPECT_EQ(loop.elapsed(), 20ms);
}

TEST(channel, cancelled_receive_throws_when_awaited_plainly) {
    manual_loop loop;
    channel<int> c(1);
    coda::cancel_source stop;
    auto const receive = [&]() -> task<> {
        bool thrown = false;
        try {
            co_await c.receive();
        } catch (coda::exception const& e) {
            thrown = e.code() == errc::cancelled;
        }
        EXPECT_TRUE(thrown);
    };
    auto const body = [&](scope& s) -> task<> {
        s.spawn(coda::with_cancellation(stop.token(), receive()));
        co_await coda::yield();
        stop.request();
        EXPECT_TRUE(c.try_send(1).has_value());
    };
    loop.run(coda::with_scope(body));
    EXPECT_EQ(c.try_receive(), 1);
}

TEST(channel, value_that_was_granted_is_received_in_spite_of_cancellation) {
    manual_loop loop;
    channel<int> c(1);
    std::vector<int> got;
    coda::cancel_source stop;
    auto const body = [&](scope& s) -> task<> {
        s.spawn(coda::with_cancellation(stop.token(), receive_one(c, got)));
        co_await coda::yield();
        EXPECT_TRUE(c.try_send(1).has_value());
        stop.request();
    };
    loop.run(coda::with_scope(body));
    EXPECT_EQ(got, std::vector{1});
}

TEST(channel, value_granted_to_a_receiver_that_is_gone_goes_to_the_next) {
    manual_loop loop;
    channel<int> c(2);
    std::vector<int> got;
    loop.run([&]() -> task<> {
        auto const& ctx = co_await coda::this_context();
        std::optional<scope> abandoned(std::in_place, ctx);
        scope kept(ctx);
        abandoned->spawn(receive_one(c, got));
        kept.spawn(receive_one(c, got));
        co_await coda::yield();
        EXPECT_TRUE(c.try_send(1).has_value());
        EXPECT_EQ(c.try_receive(), std::nullopt); // it is spoken for
        abandoned.reset();
        co_await kept.join();
    }());
    EXPECT_EQ(got, std::vector{1});
    EXPECT_EQ(c.size(), 0u);
}

TEST(channel, value_granted_to_a_receiver_that_is_gone_stays_first) {
    manual_loop loop;
    channel<int> c(2);
    std::vector<int> got;
    loop.run([&]() -> task<> {
        auto const& ctx = co_await coda::this_context();
        std::optional<scope> abandoned(std::in_place, ctx);
        abandoned->spawn(receive_one(c, got));
        co_await coda::yield();
        EXPECT_TRUE(c.try_send(1).has_value());
        EXPECT_TRUE(c.try_send(2).has_value());
        c.close();
        abandoned.reset();
        co_await receive_all(c, got);
    }());
    EXPECT_EQ(got, (std::vector{1, 2}));
}

TEST(channel, receiver_behind_granted_values_waits_until_it_is_drained_or_one_comes_back) {
    manual_loop loop;
    channel<int> c(1);
    std::vector<int> got;
    std::vector<int> got_behind;
    loop.run([&]() -> task<> {
        auto const& ctx = co_await coda::this_context();
        for (bool comes_back : {true, false}) {
            channel<int> d(1);
            std::optional<scope> first(std::in_place, ctx);
            scope behind(ctx);
            first->spawn(receive_one(d, got));
            co_await coda::yield();
            EXPECT_TRUE(d.try_send(1).has_value());
            d.close();
            behind.spawn(receive_one(d, got_behind));
            if (comes_back) first.reset();
            co_await behind.join();
        }
    }());
    EXPECT_EQ(got, std::vector{1});
    EXPECT_EQ(got_behind, (std::vector{1, -1}));
}

// A task whose await was ready is set aside from time to time, with what it got in its hands.
TEST(channel, value_of_a_receiver_destroyed_while_it_lets_others_go_first_is_not_lost) {
    manual_loop loop;
    constexpr int many = 1000;
    channel<int> c(many);
    std::vector<int> got;
    for (int i = 0; i < many; ++i) EXPECT_TRUE(c.try_send(int(i)).has_value());
    c.close();
    loop.run([&]() -> task<> {
        auto const& ctx = co_await coda::this_context();
        std::optional<scope> abandoned(std::in_place, ctx);
        abandoned->spawn(receive_all(c, got));
        co_await coda::yield();
        EXPECT_GT(got.size(), 0u);
        EXPECT_LT(got.size(), static_cast<std::size_t>(many));
        abandoned.reset();
        co_await receive_all(c, got);
    }());
    EXPECT_EQ(got, first_integers(many));
}

TEST(channel, destroyed_sender_leaves_the_queue_with_its_value) {
    manual_loop loop;
    tally count;
    channel<tracked> c(1);
    loop.run([&]() -> task<> {
        auto const& ctx = co_await coda::this_context();
        std::optional<scope> abandoned(std::in_place, ctx);
        scope kept(ctx);
        for (int i = 0; i < 3; ++i) (i == 1 ? *abandoned : kept).spawn(c.send(tracked(count, i)));
        co_await coda::yield();
        EXPECT_EQ(count.alive(), 3 + 2); // two wait; their child's awaitable was moved along
        abandoned.reset();
        for (int expected : {0, 2}) {
            auto const v = co_await c.receive();
            EXPECT_TRUE(v);
            EXPECT_EQ(v->value, expected);
        }
        co_await kept.join();
    }());
    EXPECT_EQ(c.size(), 0u);
    EXPECT_EQ(count.alive(), 0);
}

TEST(channel, destroys_the_values_left_in_it) {
    tally count;
    {
        channel<tracked> c(4);
        for (int i = 0; i < 4; ++i) EXPECT_TRUE(c.try_send(tracked(count, i)).has_value());
        EXPECT_EQ(count.alive(), 4);
    }
    EXPECT_EQ(count.alive(), 0);
}

TEST(channel, allocates_nothing_once_made) {
    manual_loop loop;
    channel<int> c(2);
    int received = 0;
    auto const receive = [&]() -> task<> {
        while (auto v = co_await c.receive()) ++received;
    };
    auto const body = [&](scope& s) -> task<> {
        s.spawn(receive());
        co_await coda::yield();
        auto const before = coda::test::allocations();
        for (int i = 0; i < 1000; ++i) co_await c.send(i);
        EXPECT_EQ(coda::test::allocations(), before);
        c.close();
    };
    loop.run(coda::with_scope(body));
    EXPECT_EQ(received, 1000);
}

} // namespace runtime_channel_test
