// SPDX-License-Identifier: BSL-1.0
#include "scripted_connection.hpp"
#include "support/allocations.hpp"
#include "support/loops.hpp"
#include "support/manual_loop.hpp"

#include <coda/runtime/deadline.hpp>
#include <coda/runtime/scope.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>
#include <vector>

namespace pool_pool_test {

using namespace std::chrono_literals;
using coda::as_result;
using coda::errc;
using coda::pool_options;
using coda::result;
using coda::scope;
using coda::task;
using coda::test::connections_to;
using coda::test::manual_loop;
using coda::test::scripted_lease;
using coda::test::scripted_pool;
using coda::test::scripted_server;
using testing::HasSubstr;

static_assert(coda::poolable<coda::test::scripted_connection>);
static_assert(!coda::poolable<std::string>);

// Waits for a connection, notes his number, and uses it for a while.
task<> take_turn(scripted_pool& pool, std::vector<int>& order, int number, coda::duration use = 0ms) {
    auto const db = co_await pool.acquire();
    order.push_back(number);
    co_await coda::sleep_for(use);
}

task<> keep_outcome(scripted_pool& pool, std::optional<result<scripted_lease>>& outcome) {
    outcome.emplace(co_await as_result(pool.acquire()));
}

using a_pool = coda::test::on_every_loop;
CODA_ON_EVERY_LOOP(a_pool);

TEST_P(a_pool, serves_waiters_in_the_order_they_came) {
    constexpr int many = 10'000;
    scripted_server server;
    scripted_pool pool(loop(), connections_to(server), {.max_size = 1, .max_waiters = many});
    std::vector<int> order;
    auto const body = [&](scope& s) -> task<> {
        for (int i = 0; i < many; ++i) s.spawn(take_turn(pool, order, i));
        co_return;
    };
    run(coda::with_scope(body));
    std::vector<int> expected(many);
    std::iota(expected.begin(), expected.end(), 0);
    EXPECT_EQ(order, expected);
    EXPECT_EQ(server.made, 1);
}

TEST_P(a_pool, refuses_to_be_used_from_another_loop) {
    scripted_server server;
    scripted_pool pool(loop(), connections_to(server), {.max_size = 1});
    auto const elsewhere = coda::test::make_loop(GetParam());
    auto const asks = [&]() -> task<> {
        auto const taken = co_await as_result(pool.acquire());
        EXPECT_EQ(taken.error().code(), errc::invalid_argument);
        EXPECT_THAT(taken.error().message(), HasSubstr("a pool was used from another loop"));
        auto const closed = co_await as_result(pool.close());
        EXPECT_EQ(closed.error().code(), errc::invalid_argument);
    };
    elsewhere->run(asks()); // with nothing to take
    auto const warms = [&]() -> task<> { auto const db = co_await pool.acquire(); };
    run(warms());
    elsewhere->run(asks()); // with an idle connection
    EXPECT_EQ(server.made, 1);
    run(warms()); // it is not closed
}

TEST_P(a_pool, never_has_more_connections_than_its_bound) {
    scripted_server server;
    scripted_pool pool(loop(), connections_to(server), {.max_size = 4});
    auto const use = [&]() -> task<> {
        for (int i = 0; i < 10; ++i) {
            auto const db = co_await pool.acquire();
            db->use();
            co_await coda::yield();
            if (i % 3 == 0) db->lose();
        }
    };
    auto const body = [&](scope& s) -> task<> {
        for (int i = 0; i < 100; ++i) s.spawn(use());
        co_return;
    };
    auto const then_close = [&]() -> task<> {
        co_await coda::with_scope(body);
        co_await pool.close();
    };
    run(then_close());
    EXPECT_EQ(server.most_live, 4);
    EXPECT_EQ(server.live, 0);
}

TEST_P(a_pool, closes_with_leases_out) {
    scripted_server server;
    scripted_pool pool(loop(), connections_to(server), {.close_timeout = 1ms});
    auto const body = [&]() -> task<> {
        auto const db = co_await pool.acquire();
        co_await pool.close();
        EXPECT_FALSE(db->usable());
    };
    run(body());
    EXPECT_EQ(server.live, 0);
}

TEST(pool, opens_a_connection_when_the_first_wants_one_and_keeps_it_for_the_next) {
    manual_loop loop;
    scripted_server server{.connect_takes = 10ms};
    scripted_pool pool(loop, connections_to(server));
    EXPECT_EQ(server.made, 0);
    auto const body = [&]() -> task<> {
        { auto const first = co_await pool.acquire(); }
        EXPECT_EQ(loop.elapsed(), 10ms);
        auto const second = co_await pool.acquire();
        EXPECT_EQ(loop.elapsed(), 10ms);
        EXPECT_EQ(second->number(), 1);
    };
    loop.run(body());
    EXPECT_EQ(server.made, 1);
}

TEST(pool, returned_connection_goes_to_the_oldest_and_nobody_passes_by) {
    manual_loop loop;
    scripted_server server;
    scripted_pool pool(loop, connections_to(server), {.max_size = 1});
    std::vector<int> order;
    auto const returns_and_comes_again = [&]() -> task<> {
        auto db = co_await pool.acquire();
        co_await coda::sleep_for(1ms);
        db.release();
        db = co_await pool.acquire();
        order.push_back(2);
    };
    auto const body = [&](scope& s) -> task<> {
        s.spawn(returns_and_comes_again());
        s.spawn(take_turn(pool, order, 1));
        co_return;
    };
    loop.run(coda::with_scope(body));
    EXPECT_EQ(order, (std::vector{1, 2}));
}

TEST(pool, acquire_ends_after_its_timeout_and_says_why) {
    manual_loop loop;
    scripted_server server;
    scripted_pool pool(loop, connections_to(server), {.max_size = 1, .acquire_timeout = 50ms});
    auto const body = [&]() -> task<> {
        auto const db = co_await pool.acquire();
        auto const start = loop.elapsed();
        auto const late = co_await as_result(pool.acquire());
        EXPECT_EQ(loop.elapsed() - start, 50ms);
        EXPECT_EQ(late.error().code(), errc::timed_out);
        EXPECT_EQ(late.error().outcome(), coda::outcome::not_sent);
        auto const* why = late.error().details<coda::acquire_error>();
        EXPECT_NE(why, nullptr);
        if (why == nullptr) co_return;
        EXPECT_EQ(why->waited, 50ms);
        EXPECT_EQ(why->pool.in_use, 1u);
        EXPECT_EQ(why->message(), "no connection after 50 ms: 1 in use, 0 connecting, 0 draining, 0 waiting");
    };
    loop.run(body());
}

TEST(pool, earlier_deadline_of_the_context_bounds_the_wait) {
    manual_loop loop;
    scripted_server server{.connect_takes = 1s};
    scripted_pool pool(loop, connections_to(server));
    auto const body = [&]() -> task<> {
        auto const late = co_await as_result(coda::with_timeout(20ms, pool.acquire()));
        EXPECT_EQ(loop.elapsed(), 20ms);
        EXPECT_EQ(late.error().code(), errc::timed_out);
        EXPECT_THAT(late.error().message(), HasSubstr("no connection after 20 ms: 0 in use, 1 connecting"));
    };
    loop.run(body());
}

TEST(pool, full_queue_rejects_at_once) {
    manual_loop loop;
    scripted_server server{.connect_takes = 10ms};
    scripted_pool pool(loop, connections_to(server), {.max_waiters = 2});
    std::optional<result<scripted_lease>> first;
    std::optional<result<scripted_lease>> second;
    auto const body = [&](scope& s) -> task<> {
        s.spawn(keep_outcome(pool, first));
        s.spawn(keep_outcome(pool, second));
        co_await coda::yield();
        auto const third = co_await as_result(pool.acquire());
        EXPECT_EQ(loop.elapsed(), 0ms);
        EXPECT_EQ(third.error().code(), errc::queue_full);
        EXPECT_THAT(third.error().message(), HasSubstr("2 connecting, 0 draining, 2 waiting"));
    };
    loop.run(coda::with_scope(body));
    EXPECT_TRUE(first->has_value());
    EXPECT_TRUE(second->has_value());
}

TEST(pool, cancelled_acquire_leaves_the_connect_alone_which_joins_the_pool) {
    manual_loop loop;
    scripted_server server{.connect_takes = 10ms};
    scripted_pool pool(loop, connections_to(server));
    coda::cancel_source stop;
    std::optional<result<scripted_lease>> cancelled;
    auto const body = [&](scope& s) -> task<> {
        s.spawn(coda::with_cancellation(stop.token(), keep_outcome(pool, cancelled)));
        co_await coda::sleep_for(5ms);
        EXPECT_EQ(pool.statistics().waiters, 1u);
        stop.request();
        EXPECT_EQ(pool.statistics().waiters, 0u);
        EXPECT_EQ(pool.statistics().connecting, 1u);
        co_await coda::sleep_for(5ms);
        EXPECT_EQ(pool.statistics().idle, 1u);
    };
    loop.run(coda::with_scope(body));
    EXPECT_EQ(server.connects, 1);
    ASSERT_TRUE(cancelled && cancelled->has_error());
    EXPECT_EQ(cancelled->error().code(), errc::cancelled);
    EXPECT_EQ(cancelled->error().outcome(), coda::outcome::not_sent);
}

TEST(pool, acquire_under_a_cancelled_context_does_not_wait) {
    manual_loop loop;
    scripted_server server;
    scripted_pool pool(loop, connections_to(server));
    coda::cancel_source stop;
    stop.request();
    auto const body = [&]() -> task<> {
        auto const none = co_await as_result(coda::with_cancellation(stop.token(), pool.acquire()));
        EXPECT_EQ(none.error().code(), errc::cancelled);
    };
    loop.run(body());
    EXPECT_EQ(server.made, 0);
}

TEST(pool, one_who_is_cancelled_after_he_was_handed_a_connection_gives_it_on) {
    manual_loop loop;
    scripted_server server;
    scripted_pool pool(loop, connections_to(server), {.max_size = 1});
    coda::cancel_source stop;
    std::vector<int> order;
    std::optional<result<scripted_lease>> cancelled;
    auto const body = [&](scope& s) -> task<> {
        auto db = co_await pool.acquire();
        s.spawn(coda::with_cancellation(stop.token(), keep_outcome(pool, cancelled)));
        s.spawn(take_turn(pool, order, 2));
        co_await coda::sleep_for(1ms);
        db.release();
        stop.request();
    };
    loop.run(coda::with_scope(body));
    ASSERT_TRUE(cancelled && cancelled->has_error());
    EXPECT_EQ(cancelled->error().code(), errc::cancelled);
    EXPECT_EQ(cancelled->error().outcome(), coda::outcome::not_sent);
    EXPECT_EQ(order, std::vector{2});
    EXPECT_EQ(pool.statistics().idle, 1u);
}

TEST(pool, one_who_is_destroyed_after_he_was_handed_a_connection_gives_it_on) {
    manual_loop loop;
    scripted_server server;
    scripted_pool pool(loop, connections_to(server), {.max_size = 1});
    std::vector<int> order;
    auto const body = [&](scope& s) -> task<> {
        auto const& ctx = co_await coda::this_context();
        std::optional<scope> abandoned(std::in_place, ctx);
        auto db = co_await pool.acquire();
        abandoned->spawn(take_turn(pool, order, 1));
        co_await coda::sleep_for(1ms);
        s.spawn(take_turn(pool, order, 2));
        co_await coda::sleep_for(1ms);
        db.release();
        abandoned.reset();
    };
    loop.run(coda::with_scope(body));
    EXPECT_EQ(order, std::vector{2});
    EXPECT_EQ(pool.statistics().idle, 1u);
}

TEST(pool, waiter_that_is_destroyed_leaves_the_queue) {
    manual_loop loop;
    scripted_server server{.connect_takes = 10ms};
    scripted_pool pool(loop, connections_to(server));
    std::vector<int> order;
    auto const body = [&]() -> task<> {
        auto const& ctx = co_await coda::this_context();
        std::optional<scope> abandoned(std::in_place, ctx);
        abandoned->spawn(take_turn(pool, order, 1));
        co_await coda::sleep_for(1ms);
        abandoned.reset();
        EXPECT_EQ(pool.statistics().waiters, 0u);
        co_await coda::sleep_for(10ms);
    };
    loop.run(body());
    EXPECT_TRUE(order.empty());
    EXPECT_EQ(pool.statistics().idle, 1u);
}

TEST(pool, reset_happens_behind_the_back_of_the_one_who_returns) {
    manual_loop loop;
    scripted_server server{.reset_takes = 10ms};
    scripted_pool pool(loop, connections_to(server), {.max_size = 1});
    auto const body = [&]() -> task<> {
        auto db = co_await pool.acquire();
        db->use();
        db.release();
        EXPECT_EQ(loop.elapsed(), 0ms);
        EXPECT_EQ(pool.statistics().resetting, 1u);
        db = co_await pool.acquire();
        EXPECT_EQ(loop.elapsed(), 10ms);
        EXPECT_EQ(db->number(), 1);
        EXPECT_FALSE(db->needs_reset());
    };
    loop.run(body());
    EXPECT_EQ(server.resets, 1);
}

TEST(pool, connection_whose_reset_takes_too_long_makes_room_for_another) {
    manual_loop loop;
    scripted_server server{.reset_takes = 1h};
    scripted_pool pool(loop, connections_to(server), {.max_size = 1, .reset_timeout = 20ms});
    auto const body = [&]() -> task<> {
        auto db = co_await pool.acquire();
        db->use();
        db.release();
        db = co_await pool.acquire();
        EXPECT_EQ(loop.elapsed(), 20ms);
        EXPECT_EQ(db->number(), 2);
    };
    loop.run(body());
    EXPECT_EQ(server.live, 1);
}

TEST(pool, connection_whose_reset_fails_makes_room_for_another) {
    manual_loop loop;
    scripted_server server{.reset_fails = true};
    scripted_pool pool(loop, connections_to(server), {.max_size = 1});
    auto const body = [&]() -> task<> {
        auto db = co_await pool.acquire();
        db->use();
        db.release();
        db = co_await pool.acquire();
        EXPECT_EQ(db->number(), 2);
    };
    loop.run(body());
    EXPECT_EQ(server.live, 1);
    EXPECT_EQ(pool.statistics().closed, 1u);
}

TEST(pool, lost_connection_is_replaced) {
    manual_loop loop;
    scripted_server server;
    scripted_pool pool(loop, connections_to(server), {.max_size = 1});
    auto const body = [&]() -> task<> {
        auto db = co_await pool.acquire();
        db->lose();
        db.release();
        db = co_await pool.acquire();
        EXPECT_EQ(db->number(), 2);
    };
    loop.run(body());
    EXPECT_EQ(server.live, 1);
}

TEST(pool, connection_that_was_lost_while_idle_is_not_handed_out) {
    manual_loop loop;
    scripted_server server;
    scripted_pool pool(loop, connections_to(server));
    auto const body = [&]() -> task<> {
        auto db = co_await pool.acquire();
        auto* idle = &*db;
        db.release();
        idle->lose();
        db = co_await pool.acquire();
        EXPECT_EQ(db->number(), 2);
    };
    loop.run(body());
    EXPECT_EQ(server.live, 1);
}

TEST(pool, connection_idle_for_long_is_pinged_before_it_is_handed_out) {
    manual_loop loop;
    scripted_server server{.ping_takes = 3ms};
    scripted_pool pool(loop, connections_to(server), {.validate_after_idle = 100ms});
    auto const body = [&]() -> task<> {
        { auto const db = co_await pool.acquire(); }
        co_await coda::sleep_for(100ms);
        { auto const db = co_await pool.acquire(); }
        EXPECT_EQ(server.pings, 0);
        co_await coda::sleep_for(101ms);
        auto const start = loop.elapsed();
        auto const db = co_await pool.acquire();
        EXPECT_EQ(loop.elapsed() - start, 3ms);
        EXPECT_EQ(db->number(), 1);
    };
    loop.run(body());
    EXPECT_EQ(server.pings, 1);
    EXPECT_EQ(server.made, 1);
}

TEST(pool, connection_that_does_not_answer_the_ping_is_replaced) {
    manual_loop loop;
    scripted_server server{.ping_takes = 1h};
    scripted_pool pool(loop, connections_to(server), {.max_size = 1, .validate_timeout = 200ms});
    auto const body = [&]() -> task<> {
        { auto const db = co_await pool.acquire(); }
        co_await coda::sleep_for(1s);
        auto const db = co_await pool.acquire();
        EXPECT_EQ(loop.elapsed(), 1200ms);
        EXPECT_EQ(db->number(), 2);
    };
    loop.run(body());
    EXPECT_EQ(server.live, 1);
}

TEST(pool, lease_moves_and_is_given_back_once) {
    manual_loop loop;
    scripted_server server;
    scripted_pool pool(loop, connections_to(server));
    auto const body = [&]() -> task<> {
        auto a = co_await pool.acquire();
        auto b = co_await pool.acquire();
        EXPECT_EQ(pool.statistics().in_use, 2u);
        a = std::move(b);
        EXPECT_FALSE(b);
        EXPECT_EQ(a->number(), 2);
        EXPECT_EQ(pool.statistics().in_use, 1u);
        a.release();
        a.release();
        EXPECT_FALSE(a);
        EXPECT_EQ(pool.statistics().in_use, 0u);
        EXPECT_EQ(pool.statistics().idle, 2u);
    };
    loop.run(body());
    EXPECT_FALSE(scripted_lease());
}

TEST(pool, takes_an_idle_connection_without_allocating) {
    manual_loop loop;
    scripted_server server;
    scripted_pool pool(loop, connections_to(server));
    auto const body = [&]() -> task<> {
        for (int i = 0; i < 3; ++i) auto const db = co_await pool.acquire();
        auto const before = coda::test::allocations();
        for (int i = 0; i < 1000; ++i) auto const db = co_await pool.acquire();
        EXPECT_EQ(coda::test::allocations() - before, 0u);
    };
    loop.run(body());
    EXPECT_EQ(pool.statistics().handed_out, 1003u);
}

TEST(pool, out_of_memory_fails_an_acquire_or_drops_a_connection_and_leaks_nothing) {
    for (std::size_t passing = 0;; ++passing) {
        manual_loop loop;
        scripted_server server;
        bool happened = false;
        {
            scripted_pool pool(loop, connections_to(server), {.max_size = 1});
            auto const body = [&]() -> task<> {
                { // what a thread has made once it keeps
                    coda::test::failing_allocation const failing(passing, coda::test::failing_allocation::then::fail);
                    try {
                        auto db = co_await pool.acquire();
                        db->use();
                    } catch (std::bad_alloc const&) {
                    } catch (coda::exception const& e) {
                        EXPECT_EQ(e.code(), boost::system::errc::not_enough_memory);
                    }
                    happened = failing.happened();
                }
                auto const db = co_await pool.acquire();
                EXPECT_TRUE(db->usable());
                EXPECT_EQ(pool.statistics().size(), 1u);
            };
            loop.run(body());
        }
        EXPECT_EQ(server.live, 0);
        if (!happened) break;
    }
}

TEST(pool, counts_each_connection_once) {
    manual_loop loop;
    scripted_server server{.connect_takes = 10ms, .reset_takes = 10ms};
    scripted_pool pool(loop, connections_to(server));
    std::vector<int> order;
    auto const body = [&](scope& s) -> task<> {
        s.spawn(take_turn(pool, order, 1, 100ms));
        auto db = co_await pool.acquire();
        db->use();
        db.release();
        s.spawn(take_turn(pool, order, 2, 100ms));
        co_await coda::sleep_for(1ms);
        auto const now = pool.statistics();
        EXPECT_EQ(now.in_use, 1u);
        EXPECT_EQ(now.resetting, 1u);
        EXPECT_EQ(now.connecting, 1u);
        EXPECT_EQ(now.waiters, 1u);
        EXPECT_EQ(now.size(), 3u);
        EXPECT_EQ(now.opened, 2u);
        EXPECT_EQ(now.handed_out, 2u);
    };
    loop.run(coda::with_scope(body));
}

} // namespace pool_pool_test
