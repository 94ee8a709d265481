// SPDX-License-Identifier: BSL-1.0
// Minimum size, idle time, lifetime, uses, overflow, pings, leases held for too long.
#include "pool_world.hpp"

#include <gmock/gmock.h>

#include <set>

namespace pool_pool_core_upkeep_test {

using namespace std::chrono_literals;
using coda::pool_options;
using coda::test::pool_world;
using testing::ElementsAre;
using testing::IsEmpty;

void open_all(pool_world& w) {
    while (w.connecting() > 0) w.connect();
}

TEST(pool_core_upkeep, opens_connections_up_to_min_size_at_most_max_connecting_at_once) {
    pool_world w({.max_size = 10, .min_size = 5});
    EXPECT_EQ(w.connecting(), 2u);
    open_all(w);
    EXPECT_EQ(w.idle.size(), 5u);
    w.verify();
}

TEST(pool_core_upkeep, min_size_counts_connections_in_use_and_replaces_those_that_are_lost) {
    pool_world w({.max_size = 10, .min_size = 2});
    open_all(w);
    w.acquire();
    w.acquire();
    EXPECT_EQ(w.connecting(), 0u);
    w.leased.front()->fit = false;
    w.give_back();
    EXPECT_EQ(w.connecting(), 1u);
}

TEST(pool_core_upkeep, who_waits_takes_what_is_being_opened_for_min_size) {
    pool_world w({.max_size = 3, .min_size = 2});
    w.acquire();
    w.acquire();
    EXPECT_EQ(w.connecting(), 2u);
    open_all(w);
    EXPECT_EQ(w.leased.size(), 2u);
}

TEST(pool_core_upkeep, opening_for_min_size_backs_off_too) {
    pool_world w({.max_size = 3, .min_size = 1, .max_connecting = 1});
    w.fail_connect();
    EXPECT_EQ(w.connecting(), 0u);
    w.pass(20ms);
    EXPECT_EQ(w.connecting(), 1u);
}

TEST(pool_core_upkeep, closes_what_was_idle_for_too_long) {
    pool_world w({.max_size = 2, .max_idle_time = 10s, .ping_after_idle = 1h});
    w.warm(2);
    w.pass(5s);
    w.acquire();
    w.end_check(true);
    w.give_back();
    w.notes.take();
    w.pass(6s);
    EXPECT_THAT(w.notes.take(), ElementsAre("ConnectionClosed 1 idle"));
    w.pass(5s);
    EXPECT_THAT(w.notes.take(), ElementsAre("ConnectionClosed 2 idle"));
}

TEST(pool_core_upkeep, replaces_what_was_idle_for_too_long_where_min_size_asks_for_it) {
    pool_world w({.max_size = 2, .min_size = 1, .max_idle_time = 10s, .ping_after_idle = 1h});
    open_all(w);
    w.pass(11s);
    EXPECT_EQ(w.closing.size(), 1u);
    EXPECT_EQ(w.connecting(), 1u);
}

TEST(pool_core_upkeep, lifetimes_end_spread_over_their_last_tenth) {
    pool_world w(
        {.max_size = 50, .max_connecting = 50, .max_idle_time = 24h, .max_lifetime = 1000s, .ping_after_idle = 24h});
    w.warm(50);
    w.pass(900s);
    EXPECT_THAT(w.notes.take(), IsEmpty());
    std::set<coda::time_point> ends;
    for (int i = 0; i < 101; ++i) {
        w.pass(1s);
        for (auto const& note : w.notes.take()) {
            EXPECT_TRUE(note.ends_with(" expired")) << note;
            ends.insert(w.now);
        }
    }
    EXPECT_EQ(w.core.counts().idle, 0u);
    EXPECT_GT(ends.size(), 25u) << "all at once";
}

TEST(pool_core_upkeep, lease_that_outlives_its_connections_lifetime_ends_it) {
    pool_world w({.max_size = 1, .max_lifetime = 10s, .leak_warning_after = 1h});
    w.warm(1);
    w.acquire();
    w.pass(11s);
    EXPECT_EQ(w.leased.size(), 1u);
    w.notes.take();
    w.give_back();
    EXPECT_THAT(w.notes.take(), ElementsAre("ConnectionCheckedIn 1", "ConnectionClosed 1 expired"));
}

TEST(pool_core_upkeep, connection_is_closed_after_max_uses) {
    pool_world w({.max_size = 1, .max_uses = 3});
    w.warm(1);
    for (int i = 0; i < 2; ++i) {
        w.acquire();
        EXPECT_EQ(w.closing.size(), 0u);
        w.notes.take();
        w.give_back();
    }
    EXPECT_THAT(w.notes.take(), ElementsAre("ConnectionCheckedIn 1", "ConnectionClosed 1 usedUp"));
}

TEST(pool_core_upkeep, overflow_is_closed_when_it_was_idle_for_one_interval) {
    pool_world w({.max_size = 5, .keep = 2, .max_connecting = 5, .ping_after_idle = 1h});
    w.warm(5);
    EXPECT_EQ(w.idle.size(), 5u) << "not in the one who returns";
    w.pass(1s);
    EXPECT_THAT(w.notes.take(), ElementsAre("ConnectionClosed 1 overflow", "ConnectionClosed 2 overflow",
                                            "ConnectionClosed 3 overflow"))
        << "those used longest ago";
    w.pass(1min);
    EXPECT_EQ(w.idle.size(), 2u);
}

TEST(pool_core_upkeep, overflow_that_is_used_stays) {
    pool_world w({.max_size = 5, .keep = 1, .max_connecting = 5, .validate_after_idle = 1h});
    w.warm(2);
    for (int i = 0; i < 20; ++i) {
        w.pass(300ms);
        w.acquire();
        w.acquire();
        w.give_back();
        w.give_back();
    }
    EXPECT_EQ(w.core.counts().opened, 2u);
    EXPECT_EQ(w.core.counts().idle, 2u);
}

TEST(pool_core_upkeep, pings_what_is_idle_and_keeps_its_place) {
    pool_world w({.max_size = 3, .max_connecting = 3, .ping_after_idle = 10s});
    w.warm(3);
    w.pass(11s);
    EXPECT_EQ(w.checking.size(), 3u);
    for (int i = 0; i < 3; ++i) w.end_check(true);
    w.pass(5s);
    EXPECT_EQ(w.checking.size(), 0u);
    w.pass(6s);
    EXPECT_EQ(w.checking.size(), 3u);
    w.end_check(false);
    w.notes.take();
    EXPECT_EQ(w.core.counts().closed, 1u);
}

TEST(pool_core_upkeep, pings_at_most_as_many_at_once_as_may_be_connecting) {
    pool_world w({.max_size = 10, .ping_after_idle = 10s});
    w.warm(10);
    w.pass(20s);
    EXPECT_EQ(w.checking.size(), 2u);
    EXPECT_EQ(w.idle.size(), 8u);
}

TEST(pool_core_upkeep, one_that_was_pinged_lately_is_handed_out_as_it_is) {
    pool_world w({.max_size = 1, .ping_after_idle = 10s});
    w.warm(1);
    w.pass(10s);
    w.end_check(true);
    w.pass(400ms);
    w.acquire();
    EXPECT_EQ(w.leased.size(), 1u);
}

TEST(pool_core_upkeep, tells_once_of_a_lease_that_is_held_for_too_long_and_who_took_it) {
    struct : coda::pool_listener {
        void on_event(coda::pool_event const& e) noexcept override {
            if (e.what != coda::pool_event::kind::held_too_long) return;
            ++told;
            EXPECT_EQ(e.took, 30s);
            EXPECT_STREQ(e.taken_at.function_name(), by.function_name());
            EXPECT_EQ(e.taken_at.line(), by.line());
        }
        int told = 0;
        std::source_location by{};
    } listener;
    coda::detail::pool_core core({.leak_warning_after = 30s, .listener = &listener}, 1);
    coda::test::world_connection c;
    coda::time_point const start{1h};
    coda::detail::claim claim;
    listener.by = std::source_location::current();
    core.wait(claim, start, listener.by);
    core.next(start);
    core.begins_opening();
    core.created(c, start);
    core.connected(c, start);
    core.next(start);
    core.upkeep(start + 29s);
    EXPECT_EQ(listener.told, 0);
    core.upkeep(start + 30s);
    core.upkeep(start + 31s);
    EXPECT_EQ(listener.told, 1);
    EXPECT_EQ(core.counts().held_too_long, 1u);
    core.returned(c, start + 32s);
    EXPECT_EQ(core.counts().in_use, 0u);
}

TEST(pool_core_upkeep, is_not_due_in_a_pool_without_connections) {
    pool_world w({});
    EXPECT_EQ(w.next_due(), coda::no_deadline);
    w.warm(1);
    EXPECT_LE(w.next_due(), w.now + 1s);
    w.shut();
    EXPECT_EQ(w.next_due(), coda::no_deadline);
}

TEST(pool_core_upkeep, that_never_happens_opens_and_closes_nothing_by_itself) {
    pool_world w({.min_size = 3, .max_idle_time = 1s, .leak_warning_after = 1s, .upkeep_interval = 0s});
    EXPECT_EQ(w.connecting(), 0u);
    w.warm(1);
    w.pass(1h);
    EXPECT_EQ(w.idle.size(), 1u);
    EXPECT_EQ(w.next_due(), coda::no_deadline);
}

} // namespace pool_pool_core_upkeep_test
