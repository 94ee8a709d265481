// SPDX-License-Identifier: BSL-1.0
// How a pool ends: closed in order, or destroyed with things going on.
#include "scripted_connection.hpp"
#include "support/manual_loop.hpp"

#include <coda/runtime/deadline.hpp>
#include <coda/runtime/scope.hpp>
#include <coda/runtime/when_all.hpp>

#include <gtest/gtest.h>

#include <optional>

namespace pool_pool_close_test {

using namespace std::chrono_literals;
using coda::as_result;
using coda::errc;
using coda::result;
using coda::scope;
using coda::task;
using coda::test::connections_to;
using coda::test::manual_loop;
using coda::test::scripted_lease;
using coda::test::scripted_pool;
using coda::test::scripted_server;

task<> keep_outcome(scripted_pool& pool, std::optional<result<scripted_lease>>& outcome) {
    outcome.emplace(co_await as_result(pool.acquire()));
}

// And that nothing was sent for him.
void expect_closed(std::optional<result<scripted_lease>> const& ended) {
    ASSERT_TRUE(ended && ended->has_error());
    EXPECT_EQ(ended->error().code(), errc::closed);
    EXPECT_EQ(ended->error().outcome(), coda::outcome::not_sent);
}

task<> use_for(scripted_lease db, coda::duration d) {
    db->use();
    co_await coda::sleep_for(d);
}

TEST(pool_close, refuses_new_acquires) {
    manual_loop loop;
    scripted_server server;
    scripted_pool pool(loop, connections_to(server));
    auto const body = [&]() -> task<> {
        co_await pool.close();
        auto const none = co_await as_result(pool.acquire());
        EXPECT_EQ(none.error().code(), errc::closed);
        co_await pool.close();
    };
    loop.run(body());
    EXPECT_EQ(server.made, 0);
}

TEST(pool_close, closes_idle_connections_in_order) {
    manual_loop loop;
    scripted_server server{.close_takes = 5ms};
    scripted_pool pool(loop, connections_to(server));
    auto const body = [&]() -> task<> {
        { auto const db = co_await pool.acquire(); }
        co_await pool.close();
        EXPECT_EQ(loop.elapsed(), 5ms);
        EXPECT_EQ(server.closes, 1);
        EXPECT_EQ(server.live, 0);
        EXPECT_EQ(pool.statistics().size(), 0u);
    };
    loop.run(body());
}

TEST(pool_close, fails_waiters_and_ends_connects_under_way) {
    manual_loop loop;
    scripted_server server{.connect_takes = 1s};
    scripted_pool pool(loop, connections_to(server));
    std::optional<result<scripted_lease>> waiting;
    auto const body = [&](scope& s) -> task<> {
        s.spawn(keep_outcome(pool, waiting));
        co_await coda::sleep_for(1ms);
        co_await pool.close();
        EXPECT_EQ(loop.elapsed(), 1ms);
        EXPECT_EQ(server.live, 0);
    };
    loop.run(coda::with_scope(body));
    expect_closed(waiting);
}

TEST(pool_close, waits_for_leases_which_are_then_closed) {
    manual_loop loop;
    scripted_server server;
    scripted_pool pool(loop, connections_to(server));
    auto const body = [&](scope& s) -> task<> {
        auto db = co_await pool.acquire();
        s.spawn(use_for(std::move(db), 30ms));
        co_await pool.close();
        EXPECT_EQ(loop.elapsed(), 30ms);
        EXPECT_EQ(server.closes, 1);
        EXPECT_EQ(server.resets, 0);
        EXPECT_EQ(server.aborts, 0);
        EXPECT_EQ(server.live, 0);
    };
    loop.run(coda::with_scope(body));
}

TEST(pool_close, aborts_leases_that_outlast_close_timeout) {
    manual_loop loop;
    scripted_server server;
    scripted_pool pool(loop, connections_to(server), {.close_timeout = 20ms});
    auto const body = [&]() -> task<> {
        auto db = co_await pool.acquire();
        co_await pool.close();
        EXPECT_EQ(loop.elapsed(), 20ms);
        EXPECT_EQ(server.aborts, 1);
        EXPECT_FALSE(db->usable());
        EXPECT_EQ(pool.statistics().size(), 0u);
        EXPECT_EQ(server.live, 1);
        db.release();
        EXPECT_EQ(server.live, 0);
    };
    loop.run(body());
}

TEST(pool_close, does_not_wait_when_it_is_cancelled) {
    manual_loop loop;
    scripted_server server;
    scripted_pool pool(loop, connections_to(server));
    auto const body = [&]() -> task<> {
        auto const db = co_await pool.acquire();
        auto const done = co_await as_result(coda::with_timeout(3ms, pool.close()));
        EXPECT_TRUE(done.has_value());
        EXPECT_EQ(loop.elapsed(), 3ms);
        EXPECT_FALSE(db->usable());
    };
    loop.run(body());
}

TEST(pool_close, gives_up_connections_that_do_not_close) {
    manual_loop loop;
    scripted_server server{.close_takes = 1h};
    scripted_pool pool(loop, connections_to(server), {.close_timeout = 20ms});
    auto const body = [&]() -> task<> {
        { auto const db = co_await pool.acquire(); }
        co_await pool.close();
        EXPECT_EQ(loop.elapsed(), 20ms);
        EXPECT_EQ(server.live, 0);
    };
    loop.run(body());
}

TEST(pool_close, may_be_awaited_by_several) {
    manual_loop loop;
    scripted_server server;
    scripted_pool pool(loop, connections_to(server));
    auto const body = [&](scope& s) -> task<> {
        auto db = co_await pool.acquire();
        s.spawn(pool.close());
        s.spawn(pool.close());
        co_await coda::sleep_for(2ms);
        EXPECT_EQ(s.size(), 3u);
        db.release();
    };
    loop.run(coda::with_scope(body));
    EXPECT_EQ(server.live, 0);
}

TEST(pool_close, handed_out_and_aborted_before_he_could_take_it_is_closed) {
    manual_loop loop;
    scripted_server server;
    scripted_pool pool(loop, connections_to(server), {.max_size = 1, .close_timeout = 0ms});
    std::optional<result<scripted_lease>> waiting;
    auto const body = [&](scope& s) -> task<> {
        auto db = co_await pool.acquire();
        s.spawn(keep_outcome(pool, waiting));
        co_await coda::sleep_for(1ms);
        db.release();
        co_await pool.close();
    };
    loop.run(coda::with_scope(body));
    expect_closed(waiting);
    EXPECT_EQ(server.live, 0);
}

TEST(pool_destroyed, leases_keep_their_connection_until_they_go) {
    manual_loop loop;
    scripted_server server;
    std::optional<scripted_pool> pool(std::in_place, loop, connections_to(server));
    auto const body = [&]() -> task<> {
        auto db = co_await pool->acquire();
        pool.reset();
        EXPECT_TRUE(db->usable());
        EXPECT_EQ(server.live, 1);
        db->use();
        db.release();
        EXPECT_EQ(server.live, 0);
    };
    loop.run(body());
}

TEST(pool_destroyed, waiters_end_with_closed) {
    manual_loop loop;
    scripted_server server{.connect_takes = 1s};
    std::optional<scripted_pool> pool(std::in_place, loop, connections_to(server));
    std::optional<result<scripted_lease>> waiting;
    auto const body = [&](scope& s) -> task<> {
        s.spawn(keep_outcome(*pool, waiting));
        co_await coda::sleep_for(1ms);
        pool.reset();
        EXPECT_EQ(server.live, 0) << "the connect under way ended";
    };
    loop.run(coda::with_scope(body));
    expect_closed(waiting);
    EXPECT_EQ(loop.elapsed(), 1ms);
}

TEST(pool_destroyed, one_who_was_handed_a_connection_ends_with_closed) {
    manual_loop loop;
    scripted_server server;
    std::optional<scripted_pool> pool(std::in_place, loop, connections_to(server), coda::pool_options{.max_size = 1});
    std::optional<result<scripted_lease>> waiting;
    auto const body = [&](scope& s) -> task<> {
        auto db = co_await pool->acquire();
        s.spawn(keep_outcome(*pool, waiting));
        co_await coda::sleep_for(1ms);
        db.release();
        pool.reset();
    };
    loop.run(coda::with_scope(body));
    expect_closed(waiting);
    EXPECT_EQ(server.live, 0);
}

// A task that has spent its budget has its operation begin when others had their turn.
TEST(pool_destroyed, what_was_asked_of_it_and_has_not_begun_ends_with_closed) {
    manual_loop loop;
    scripted_server server;
    int asked = 0;
    auto const acquires = [&](std::optional<scripted_pool>& pool, int awaits) -> task<> {
        coda::event ready(true);
        co_await coda::yield();
        for (int i = 0; i < awaits; ++i) co_await ready.wait();
        if (!pool) co_return; // spent already
        ++asked;
        auto const r = co_await as_result(pool->acquire());
        EXPECT_EQ(r.error().code(), errc::closed);
    };
    auto const destroys = [](std::optional<scripted_pool>& pool) -> task<> {
        co_await coda::yield();
        pool.reset();
    };
    auto const body = [&]() -> task<> {
        for (int awaits = 240; awaits < 260; ++awaits) {
            std::optional<scripted_pool> pool(std::in_place, loop, connections_to(server));
            co_await coda::when_all(acquires(pool, awaits), destroys(pool));
        }
    };
    loop.run(body());
    EXPECT_GE(asked, 1);
    EXPECT_EQ(server.live, 0);
}

// The listener has to outlive the pool, and nobody else.
TEST(pool_destroyed, tells_its_listener_nothing_of_who_comes_later) {
    struct counting final : coda::pool_listener {
        void on_event(coda::pool_event const&) noexcept override { ++told; }
        int told = 0;
    };
    manual_loop loop;
    scripted_server server;
    counting listener;
    auto const body = [&]() -> task<> {
        std::optional<scripted_pool> pool(std::in_place, loop, connections_to(server),
                                          coda::pool_options{.listener = &listener});
        auto late = pool->acquire();
        pool.reset();
        int const before = listener.told;
        EXPECT_GT(before, 0);
        auto const r = co_await as_result(std::move(late));
        EXPECT_EQ(r.error().code(), errc::closed);
        EXPECT_EQ(listener.told, before);
    };
    loop.run(body());
}

TEST(pool_destroyed, operations_that_were_made_and_never_awaited_do_not_need_it) {
    manual_loop loop;
    scripted_server server;
    std::optional<scripted_pool> pool(std::in_place, loop, connections_to(server));
    auto acquired = pool->acquire();
    auto closed = pool->close();
    auto dropped = pool->acquire();
    pool.reset();
    auto const body = [&]() -> task<> {
        auto const r = co_await as_result(std::move(acquired));
        EXPECT_EQ(r.error().code(), errc::closed);
        co_await std::move(closed);
    };
    loop.run(body());
}

TEST(pool_destroyed, while_it_is_being_closed) {
    manual_loop loop;
    scripted_server server{.close_takes = 1s};
    std::optional<scripted_pool> pool(std::in_place, loop, connections_to(server));
    auto const closes = [&]() -> task<> {
        { auto const unused = co_await pool->acquire(); }
        co_await pool->close();
    };
    auto const body = [&](scope& s) -> task<> {
        s.spawn(closes());
        co_await coda::sleep_for(1ms);
        pool.reset();
        EXPECT_EQ(server.live, 0);
    };
    loop.run(coda::with_scope(body));
    EXPECT_EQ(loop.elapsed(), 1ms);
}

TEST(pool_destroyed, ends_what_goes_on_in_the_background) {
    manual_loop loop;
    scripted_server server{.ping_takes = 1s, .reset_takes = 1s};
    std::optional<scripted_pool> pool(std::in_place, loop, connections_to(server));
    std::optional<result<scripted_lease>> waiting;
    auto const body = [&](scope& s) -> task<> {
        auto used = co_await pool->acquire();
        { auto const unused = co_await pool->acquire(); }
        co_await coda::sleep_for(1s);
        used->use();
        used.release();
        s.spawn(keep_outcome(*pool, waiting));
        co_await coda::sleep_for(1ms);
        EXPECT_EQ(pool->statistics().resetting, 1u);
        EXPECT_EQ(pool->statistics().checking, 1u);
        pool.reset();
        EXPECT_EQ(server.live, 0);
    };
    loop.run(coda::with_scope(body));
}

TEST(pool_destroyed, after_the_loop_was_stopped) {
    manual_loop loop;
    scripted_server server{.connect_takes = 10ms, .reset_takes = 1s};
    scripted_pool pool(loop, connections_to(server), {.max_size = 2});
    std::optional<result<scripted_lease>> waiting;
    auto const body = [&](scope& s) -> task<> {
        auto used = co_await pool.acquire();
        auto held = co_await pool.acquire();
        used->use();
        used.release();
        s.spawn(keep_outcome(pool, waiting));
        co_await coda::sleep_for(1ms);
        loop.stop();
        co_await coda::sleep_for(1s);
    };
    EXPECT_THROW(loop.run(coda::with_scope(body)), coda::exception);
    EXPECT_FALSE(waiting.has_value());
    EXPECT_EQ(pool.statistics().waiters, 0u);
    EXPECT_EQ(pool.statistics().in_use, 0u);
    EXPECT_EQ(server.live, 2);
}

} // namespace pool_pool_close_test
