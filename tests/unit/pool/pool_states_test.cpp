// SPDX-License-Identifier: BSL-1.0
// Clearing, pausing, listening and measuring, with the whole pool.
#include "pool_world.hpp"
#include "scripted_connection.hpp"
#include "support/manual_loop.hpp"

#include <coda/runtime/deadline.hpp>
#include <coda/runtime/scope.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace pool_pool_states_test {

using namespace std::chrono_literals;
using coda::as_result;
using coda::errc;
using coda::pool_errc;
using coda::result;
using coda::scope;
using coda::task;
using coda::test::connections_to;
using coda::test::event_notes;
using coda::test::manual_loop;
using coda::test::scripted_lease;
using coda::test::scripted_pool;
using coda::test::scripted_server;
using testing::ElementsAre;
using testing::HasSubstr;

task<> keep_outcome(scripted_pool& pool, std::optional<result<scripted_lease>>& outcome) {
    outcome.emplace(co_await as_result(pool.acquire()));
}

TEST(pool_states, monitored_pool_tells_that_it_is_paused_and_why) {
    manual_loop loop;
    scripted_server server{.refuses = coda::error(coda::make_error_code(errc::not_connected), "nobody there")};
    scripted_pool pool(loop, connections_to(server), {.monitored = true, .name = "db:1"});
    auto const body = [&]() -> task<> {
        auto const early = co_await as_result(pool.acquire());
        EXPECT_EQ(early.error().code(), pool_errc::paused);
        EXPECT_THAT(early.error().message(), HasSubstr("db:1 is paused: no connection after 0 ms"));
        pool.ready();
        auto const refused = co_await as_result(pool.acquire());
        EXPECT_EQ(refused.error().message(), "nobody there");
        EXPECT_EQ(pool.state(), coda::pool_state::paused);
        auto const late = co_await as_result(pool.acquire());
        EXPECT_EQ(late.error().outcome(), coda::outcome::not_sent);
        EXPECT_THAT(late.error().message(), HasSubstr("last connect error: nobody there"));
        server.refuses.reset();
        pool.ready();
        auto const db = co_await pool.acquire();
        EXPECT_TRUE(db->usable());
    };
    loop.run(body());
}

TEST(pool_states, that_it_is_paused_is_worth_another_try) {
    EXPECT_EQ(coda::error(pool_errc::paused).kind(), coda::error_class::transient);
}

TEST(pool_states, interrupting_aborts_leases_and_ends_what_connects) {
    manual_loop loop;
    scripted_server server;
    event_notes notes;
    scripted_pool pool(loop, connections_to(server), {.max_size = 2, .listener = &notes});
    auto const body = [&]() -> task<> {
        auto db = co_await pool.acquire();
        server.connect_takes = 1h;
        auto const late = co_await as_result(coda::with_timeout(1ms, pool.acquire()));
        EXPECT_EQ(late.error().code(), errc::timed_out);
        notes.take();
        pool.clear({.interrupt_in_use = true});
        EXPECT_FALSE(db->usable());
        EXPECT_EQ(server.aborts, 1);
        co_await coda::sleep_for(1ms);
        EXPECT_EQ(pool.statistics().size(), 0u);
        EXPECT_EQ(server.live, 1) << "the lease's";
        server.connect_takes = {};
        auto const fresh = co_await pool.acquire();
        EXPECT_EQ(fresh->number(), 3);
        db.release();
        EXPECT_EQ(server.live, 1);
        EXPECT_THAT(notes.take(),
                    ElementsAre("ConnectionPoolCleared", "ConnectionClosed 2 stale", "ConnectionClosed 1 stale",
                                "ConnectionCheckOutStarted", "ConnectionCreated 3", "ConnectionReady 3",
                                "ConnectionCheckedOut 3", "ConnectionCheckedIn 1"));
    };
    loop.run(body());
    EXPECT_EQ(pool.statistics().in_use, 0u);
}

TEST(pool_states, one_who_was_handed_what_is_interrupted_before_he_took_it_goes_on_waiting) {
    manual_loop loop;
    scripted_server server;
    event_notes notes;
    scripted_pool pool(loop, connections_to(server), {.max_size = 1, .listener = &notes});
    std::optional<result<scripted_lease>> waiting;
    auto const body = [&](scope& s) -> task<> {
        auto db = co_await pool.acquire();
        s.spawn(keep_outcome(pool, waiting));
        co_await coda::sleep_for(1ms);
        notes.take();
        db.release();
        pool.clear({.interrupt_in_use = true});
    };
    loop.run(coda::with_scope(body));
    EXPECT_THAT(notes.take(),
                ElementsAre("ConnectionCheckedIn 1", "ConnectionCheckedOut 1", "ConnectionPoolCleared",
                            "ConnectionClosed 1 stale", "ConnectionCheckedIn 1", "ConnectionCheckOutStarted",
                            "ConnectionCreated 2", "ConnectionReady 2", "ConnectionCheckedOut 2"));
    EXPECT_EQ(waiting->value()->number(), 2);
    EXPECT_EQ(server.live, 1);
    waiting.reset();
    EXPECT_EQ(pool.statistics().idle, 1u);
}

// Also one who was given an idle one and had to let others go first.
TEST(pool_states, nobody_is_told_that_a_pool_is_paused_which_cannot_be) {
    manual_loop loop;
    scripted_server server;
    scripted_pool pool(loop, connections_to(server), {.max_size = 1});
    int interrupted = 0;
    bool done = false;
    auto const acquire = [&]() -> task<> {
        for (int i = 0; i < 2'000; ++i) {
            auto const got = co_await as_result(pool.acquire());
            interrupted += got.has_error() ? 1 : 0;
            EXPECT_TRUE(got.has_value() ? (*got)->usable() : got.error().code() == coda::errc::connection_lost);
        }
        done = true;
    };
    auto const body = [&](scope& s) -> task<> {
        s.spawn(acquire());
        while (!done) {
            for (int turn = 0; turn < 10; ++turn) co_await coda::yield(); // in which it connects
            pool.clear({.interrupt_in_use = true});
        }
    };
    loop.run(coda::with_scope(body));
    EXPECT_GT(interrupted, 0) << "it has not come to that";
}

// Of two who were handed one the first stays the first, before one who was handed none.
TEST(pool_states, those_who_wait_again_keep_their_places) {
    manual_loop loop;
    scripted_server server;
    scripted_pool pool(loop, connections_to(server), {.max_size = 2});
    std::vector<int> served;
    auto const wait = [&](int number) -> task<> {
        auto const db = co_await pool.acquire();
        served.push_back(number);
        co_await coda::sleep_for(10ms);
    };
    auto const body = [&](scope& s) -> task<> {
        auto first = co_await pool.acquire();
        auto second = co_await pool.acquire();
        for (int i = 0; i < 3; ++i) s.spawn(wait(i));
        co_await coda::sleep_for(1ms);
        first.release();
        second.release();
        pool.clear({.interrupt_in_use = true});
        EXPECT_EQ(pool.statistics().waiters, 3u);
    };
    loop.run(coda::with_scope(body));
    EXPECT_THAT(served, ElementsAre(0, 1, 2));
}

TEST(pool_states, one_who_waits_again_does_so_until_his_own_deadline) {
    manual_loop loop;
    scripted_server server;
    scripted_pool pool(loop, connections_to(server), {.max_size = 1, .acquire_timeout = 50ms});
    std::optional<result<scripted_lease>> waiting;
    auto const body = [&](scope& s) -> task<> {
        auto db = co_await pool.acquire();
        s.spawn(keep_outcome(pool, waiting));
        co_await coda::sleep_for(20ms);
        server.connect_takes = 1h;
        db.release();
        pool.clear({.interrupt_in_use = true});
    };
    loop.run(coda::with_scope(body));
    EXPECT_EQ(waiting->error().code(), errc::timed_out);
    EXPECT_EQ(loop.elapsed(), 50ms);
}

TEST(pool_states, one_who_was_cancelled_before_it_is_interrupted_does_not_wait_again) {
    manual_loop loop;
    scripted_server server;
    scripted_pool pool(loop, connections_to(server), {.max_size = 1});
    std::optional<result<scripted_lease>> waiting;
    coda::cancel_source stop;
    auto const body = [&](scope& s) -> task<> {
        auto db = co_await pool.acquire();
        s.spawn(coda::with_cancellation(stop.token(), keep_outcome(pool, waiting)));
        co_await coda::sleep_for(1ms);
        db.release();
        stop.request();
        pool.clear({.interrupt_in_use = true});
        EXPECT_EQ(pool.statistics().waiters, 0u);
    };
    loop.run(coda::with_scope(body));
    EXPECT_EQ(waiting->error().code(), errc::cancelled);
    EXPECT_EQ(server.live, 0);
}

TEST(pool_states, one_who_was_handed_what_is_interrupted_in_a_monitored_pool_is_told_that_it_is_paused) {
    manual_loop loop;
    scripted_server server;
    scripted_pool pool(loop, connections_to(server), {.max_size = 1, .monitored = true});
    std::optional<result<scripted_lease>> waiting;
    auto const body = [&](scope& s) -> task<> {
        pool.ready();
        auto db = co_await pool.acquire();
        s.spawn(keep_outcome(pool, waiting));
        co_await coda::sleep_for(1ms);
        db.release();
        pool.clear({.interrupt_in_use = true});
    };
    loop.run(coda::with_scope(body));
    EXPECT_EQ(waiting->error().code(), pool_errc::paused);
    EXPECT_EQ(waiting->error().kind(), coda::error_class::transient);
    EXPECT_EQ(server.live, 0);
}

TEST(pool_states, idle_connections_are_closed_by_themselves_after_a_clear) {
    manual_loop loop;
    scripted_server server;
    scripted_pool pool(loop, connections_to(server));
    auto const body = [&]() -> task<> {
        { auto const db = co_await pool.acquire(); }
        pool.clear();
        EXPECT_EQ(server.closes, 0) << "not in the caller's path";
        co_await coda::sleep_for(1ms);
        EXPECT_EQ(server.closes, 1);
        EXPECT_EQ(server.live, 0);
    };
    loop.run(body());
}

TEST(pool_states, listener_hears_of_every_end_also_of_the_pools) {
    manual_loop loop;
    scripted_server server{.connect_takes = 10ms, .reset_takes = 1s};
    event_notes notes;
    std::optional<scripted_pool> pool(std::in_place, loop, connections_to(server),
                                      coda::pool_options{.max_size = 4, .listener = &notes});
    std::optional<result<scripted_lease>> waiting;
    auto const body = [&](scope& s) -> task<> {
        auto held = co_await pool->acquire();
        auto reset = co_await pool->acquire();
        reset->use();
        { auto const idle = co_await pool->acquire(); }
        reset.release();
        auto const last = co_await pool->acquire();
        s.spawn(keep_outcome(*pool, waiting));
        co_await coda::sleep_for(1ms);
        notes.take();
        pool.reset();
        EXPECT_THAT(notes.take(), ElementsAre("ConnectionPoolClosed", "ConnectionClosed 1 poolClosed",
                                              "ConnectionClosed 3 poolClosed", "ConnectionCheckOutFailed poolClosed",
                                              "ConnectionClosed 2 poolClosed", "ConnectionClosed 4 poolClosed"));
    };
    loop.run(coda::with_scope(body));
    EXPECT_EQ(waiting->error().code(), errc::closed);
    EXPECT_EQ(server.live, 0);
}

TEST(pool_states, lease_held_for_too_long_is_told_with_the_place_that_took_it) {
    manual_loop loop;
    scripted_server server;
    struct : coda::pool_listener {
        void on_event(coda::pool_event const& e) noexcept override {
            if (e.what == coda::pool_event::kind::held_too_long) place = e.taken_at;
        }
        std::source_location place{};
    } listener;
    scripted_pool pool(loop, connections_to(server), {.leak_warning_after = 2s, .listener = &listener});
    std::uint_least32_t line = 0;
    auto const body = [&]() -> task<> {
        line = std::source_location::current().line() + 1;
        auto const db = co_await pool.acquire();
        co_await coda::sleep_for(5s);
        EXPECT_EQ(pool.statistics().held_too_long, 1u);
    };
    loop.run(body());
    EXPECT_EQ(listener.place.line(), line);
    EXPECT_THAT(listener.place.file_name(), HasSubstr("pool_states_test.cpp"));
}

TEST(pool_states, statistics_tell_how_long_things_took) {
    manual_loop loop;
    scripted_server server{.connect_takes = 40ms};
    scripted_pool pool(loop, connections_to(server), {.max_size = 1, .acquire_timeout = 1min});
    auto const use = [&]() -> task<> {
        auto const db = co_await pool.acquire();
        co_await coda::sleep_for(10ms);
    };
    auto const body = [&](scope& s) -> task<> {
        for (int i = 0; i < 100; ++i) s.spawn(use());
        co_return;
    };
    loop.run(coda::with_scope(body));
    auto const all = pool.statistics();
    auto const near = [](coda::duration is, coda::duration wanted) {
        EXPECT_NEAR(static_cast<double>(is.count()), static_cast<double>(wanted.count()),
                    static_cast<double>(wanted.count()) * 0.02);
    };
    EXPECT_EQ(all.connect.count, 1u);
    EXPECT_EQ(all.connect.max, 40ms);
    EXPECT_EQ(all.hold.count, 100u);
    near(all.hold.p50, 10ms);
    EXPECT_EQ(all.wait.count, 100u);
    near(all.wait.p50, 530ms);
    near(all.wait.p99, 1020ms);
    EXPECT_EQ(all.wait.max, 1030ms);
}

// Whoever asks takes what comes back first: 48 of the 50 are served by the first two connections before the next two
// are there.
TEST(pool_states, a_burst_of_short_requests_opens_few_connections) {
    manual_loop loop;
    scripted_server server{.connect_takes = 150ms};
    scripted_pool pool(loop, connections_to(server), {.max_size = 50});
    auto const request = [&]() -> task<> {
        auto const db = co_await pool.acquire();
        co_await coda::sleep_for(2ms);
    };
    auto const body = [&](scope& s) -> task<> {
        for (int i = 0; i < 50; ++i) s.spawn(request());
        co_return;
    };
    loop.run(coda::with_scope(body));
    EXPECT_EQ(server.made, 4);
    EXPECT_EQ(loop.elapsed(), 150ms + 25 * 2ms);
}

} // namespace pool_pool_states_test
