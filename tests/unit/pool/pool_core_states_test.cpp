// SPDX-License-Identifier: BSL-1.0
// Ready, cleared, paused, closed; and the order in which it is told.
#include "pool_world.hpp"

#include <gmock/gmock.h>

namespace pool_pool_core_states_test {

using namespace std::chrono_literals;
using coda::acquire_failure;
using coda::pool_options;
using coda::pool_state;
using coda::test::pool_world;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(pool_core_states, is_ready_from_the_start) {
    pool_world w({});
    EXPECT_EQ(w.core.state(), pool_state::ready);
    EXPECT_THAT(w.notes.take(), ElementsAre("ConnectionPoolCreated", "ConnectionPoolReady"));
    w.ready();
    EXPECT_THAT(w.notes.take(), IsEmpty());
}

TEST(pool_core_states, monitored_pool_is_paused_until_it_is_said_to_be_ready) {
    pool_world w({.min_size = 2, .monitored = true});
    w.acquire();
    EXPECT_EQ(w.last_failure, acquire_failure::connection_error);
    EXPECT_EQ(w.connecting(), 0u);
    EXPECT_THAT(w.notes.take(), ElementsAre("ConnectionPoolCreated", "ConnectionCheckOutStarted",
                                            "ConnectionCheckOutFailed connectionError"));
    w.ready();
    EXPECT_EQ(w.connecting(), 2u);
    EXPECT_THAT(w.notes.take(), ElementsAre("ConnectionPoolReady"));
}

TEST(pool_core_states, tells_of_a_connection_from_its_creation_to_its_end) {
    pool_world w({});
    w.notes.take();
    w.acquire();
    w.connect();
    w.give_back();
    w.acquire();
    w.leased.front()->fit = false;
    w.give_back();
    EXPECT_THAT(w.notes.take(),
                ElementsAre("ConnectionCheckOutStarted", "ConnectionCreated 1", "ConnectionReady 1",
                            "ConnectionCheckedOut 1", "ConnectionCheckedIn 1", "ConnectionCheckOutStarted",
                            "ConnectionCheckedOut 1", "ConnectionCheckedIn 1", "ConnectionClosed 1 error"));
}

TEST(pool_core_states, numbers_connections_from_one_on) {
    pool_world w({.max_size = 3});
    w.warm(3);
    w.acquire();
    w.clear(true);
    w.notes.take();
    w.acquire();
    w.connect();
    EXPECT_EQ(w.notes.notes.back(), "ConnectionCheckedOut 4");
}

TEST(pool_core_states, clearing_touches_no_connection_and_the_upkeep_closes_the_idle_ones_at_once) {
    pool_world w({.max_size = 2});
    w.warm(2);
    w.core.clear(false, w.now);
    EXPECT_THAT(w.notes.take(), ElementsAre("ConnectionPoolCleared"));
    EXPECT_EQ(w.core.counts().idle, 2u);
    w.pass(0s);
    EXPECT_THAT(w.notes.take(), ElementsAre("ConnectionClosed 1 stale", "ConnectionClosed 2 stale"));
    EXPECT_EQ(w.closing.size(), 2u);
}

TEST(pool_core_states, without_upkeep_a_stale_one_is_closed_when_it_would_be_handed_out) {
    pool_world w({.max_size = 2, .upkeep_interval = 0s});
    w.warm(1);
    w.clear();
    w.pass(1h);
    EXPECT_EQ(w.idle.size(), 1u);
    w.notes.take();
    w.acquire();
    w.connect();
    EXPECT_THAT(w.notes.take(), ElementsAre("ConnectionCheckOutStarted", "ConnectionClosed 1 stale",
                                            "ConnectionCreated 2", "ConnectionReady 2", "ConnectionCheckedOut 2"));
}

TEST(pool_core_states, lease_from_before_is_closed_when_it_comes_back) {
    pool_world w({.max_size = 2});
    w.warm(1);
    w.acquire();
    w.leased.front()->dirty = true;
    w.clear();
    w.notes.take();
    w.give_back();
    EXPECT_EQ(w.closing.size(), 1u) << "without a reset first";
    EXPECT_THAT(w.notes.take(), ElementsAre("ConnectionCheckedIn 1", "ConnectionClosed 1 stale"));
}

TEST(pool_core_states, attempt_from_before_ends_in_a_connection_that_is_closed) {
    pool_world w({.max_size = 2});
    w.acquire();
    w.begin();
    w.leave(0);
    w.clear();
    w.notes.take();
    w.connect();
    EXPECT_EQ(w.closing.size(), 1u);
    EXPECT_THAT(w.notes.take(), ElementsAre("ConnectionReady 1", "ConnectionClosed 1 stale"));
}

TEST(pool_core_states, cleared_pool_that_nobody_monitors_goes_on) {
    pool_world w({.max_size = 1});
    w.warm(1);
    w.acquire();
    auto& waiting = w.acquire();
    w.clear();
    EXPECT_EQ(w.waiting.size(), 1u);
    w.give_back();
    w.end_close();
    w.connect();
    EXPECT_EQ(w.served.back(), &waiting);
}

TEST(pool_core_states, cleared_monitored_pool_fails_who_waits_and_is_paused) {
    pool_world w({.max_size = 1, .monitored = true});
    w.ready();
    w.warm(1);
    w.acquire();
    w.acquire();
    w.acquire();
    w.notes.take();
    w.clear();
    EXPECT_EQ(w.core.state(), pool_state::paused);
    EXPECT_EQ(w.failed.size(), 2u);
    EXPECT_THAT(w.notes.take(), ElementsAre("ConnectionPoolCleared", "ConnectionCheckOutFailed connectionError",
                                            "ConnectionCheckOutFailed connectionError"));
    w.clear();
    EXPECT_THAT(w.notes.take(), IsEmpty()) << "told once";
}

TEST(pool_core_states, interrupting_aborts_leases_ends_attempts_and_then_fails_who_waits) {
    pool_world w({.max_size = 3, .max_connecting = 1, .monitored = true});
    w.ready();
    w.warm(1);
    w.acquire();
    w.acquire();
    w.begin();
    auto* const opening = w.opening.front();
    auto* const leased = w.leased.front();
    w.notes.take();
    w.clear(true);
    EXPECT_TRUE(opening->interrupted);
    EXPECT_EQ(w.aborted, std::vector{leased});
    EXPECT_EQ(w.core.counts().in_use, 0u);
    EXPECT_THAT(w.notes.take(), ElementsAre("ConnectionPoolCleared", "ConnectionClosed 2 stale",
                                            "ConnectionClosed 1 stale", "ConnectionCheckOutFailed connectionError"));
    w.ready();
    w.fail_connect();
    EXPECT_EQ(w.core.state(), pool_state::ready) << "it failed because it was to";
    w.give_back();
    EXPECT_THAT(w.notes.take(), ElementsAre("ConnectionPoolReady", "ConnectionCheckedIn 1")) << "they are told once";
    w.verify();
}

TEST(pool_core_states, interrupted_attempt_that_succeeds_all_the_same_is_dropped) {
    pool_world w({.max_size = 1});
    w.acquire();
    w.begin();
    w.clear(true);
    w.notes.take();
    w.connect();
    EXPECT_THAT(w.notes.take(), IsEmpty());
    EXPECT_EQ(w.core.counts().opened, 0u);
    EXPECT_EQ(w.waiting.size(), 1u);
    EXPECT_EQ(w.connecting(), 1u) << "another for the one who waits";
}

TEST(pool_core_states, interrupting_does_not_reach_what_was_opened_after) {
    pool_world w({.max_size = 2});
    w.warm(1);
    w.clear(true);
    w.acquire();
    w.connect();
    EXPECT_TRUE(w.aborted.empty());
    w.give_back();
    EXPECT_EQ(w.idle.size(), 1u);
}

TEST(pool_core_states, pings_and_resets_under_way_are_interrupted_as_well) {
    pool_world w({.max_size = 2});
    w.warm(2);
    w.acquire();
    w.leased.front()->dirty = true;
    w.give_back();
    w.pass(600ms);
    w.acquire();
    ASSERT_EQ(w.checking.size(), 1u);
    ASSERT_EQ(w.resetting.size(), 1u);
    w.clear(true);
    EXPECT_TRUE(w.checking.front()->interrupted);
    EXPECT_TRUE(w.resetting.front()->interrupted);
    w.notes.take();
    w.end_check(true);
    w.end_reset(false);
    EXPECT_THAT(w.notes.take(), ElementsAre("ConnectionClosed 1 stale", "ConnectionClosed 2 stale"));
}

TEST(pool_core_states, closing_closes_idle_connections_then_the_pool_and_then_fails_who_waits) {
    pool_world w({.max_size = 2, .acquire_timeout = 1h, .validate_after_idle = 0s});
    w.warm(2);
    w.acquire();
    w.pass(1ms);
    w.acquire();
    w.acquire();
    w.notes.take();
    w.shut();
    EXPECT_EQ(w.core.state(), pool_state::closed);
    w.end_check(true);
    w.give_back();
    w.shut();
    EXPECT_THAT(w.notes.take(), ElementsAre("ConnectionPoolClosed", "ConnectionCheckOutFailed poolClosed",
                                            "ConnectionCheckOutFailed poolClosed", "ConnectionClosed 1 poolClosed",
                                            "ConnectionCheckedIn 2", "ConnectionClosed 2 poolClosed"));
}

TEST(pool_core_states, closed_pool_is_not_made_ready_nor_cleared_and_fails_who_asks) {
    pool_world w({.max_size = 2});
    w.warm(1);
    w.shut();
    EXPECT_THAT(w.notes.take(), ElementsAre("ConnectionClosed 1 poolClosed", "ConnectionPoolClosed"));
    w.ready();
    w.clear();
    w.clear(true);
    w.acquire();
    EXPECT_EQ(w.last_failure, acquire_failure::pool_closed);
    EXPECT_THAT(w.notes.take(), ElementsAre("ConnectionCheckOutStarted", "ConnectionCheckOutFailed poolClosed"));
}

TEST(pool_core_states, attempt_under_way_when_the_pool_is_closed) {
    pool_world w({.max_size = 3, .max_connecting = 3});
    for (int i = 0; i < 3; ++i) w.acquire();
    w.begin();
    w.begin();
    w.shut();
    w.notes.take();
    w.fail_connect();
    w.connect();
    w.begin();
    EXPECT_EQ(w.connecting(), 0u) << "one that had not begun never does";
    EXPECT_THAT(w.notes.take(),
                ElementsAre("ConnectionClosed 1 poolClosed", "ConnectionReady 2", "ConnectionClosed 2 poolClosed"));
    w.verify();
}

} // namespace pool_pool_core_states_test
