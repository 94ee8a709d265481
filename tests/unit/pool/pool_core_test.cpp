// SPDX-License-Identifier: BSL-1.0
// Who gets which connection, and when another is opened.
#include "pool_world.hpp"

namespace pool_pool_core_test {

using namespace std::chrono_literals;
using coda::acquire_failure;
using coda::pool_options;
using coda::detail::claim;
using coda::test::pool_world;

pool_options bounds(std::size_t max_size, std::size_t max_connecting = 2) {
    return {.max_size = max_size, .max_connecting = max_connecting, .max_waiters = 3};
}

TEST(pool_core, opens_one_connection_per_waiter_and_at_most_max_connecting_at_once) {
    pool_world w(bounds(10));
    w.acquire();
    EXPECT_EQ(w.connecting(), 1u);
    w.acquire();
    w.acquire();
    EXPECT_EQ(w.connecting(), 2u);
    w.connect();
    EXPECT_EQ(w.connecting(), 2u);
    w.connect();
    EXPECT_EQ(w.connecting(), 1u);
}

TEST(pool_core, whichever_is_there_first_serves_the_oldest) {
    pool_world w(bounds(2));
    w.acquire();
    w.connect();
    auto& oldest = w.acquire();
    auto& second = w.acquire();
    w.give_back();
    ASSERT_EQ(w.served.back(), &oldest);
    w.connect();
    EXPECT_EQ(w.served.back(), &second);
}

TEST(pool_core, hands_out_the_idle_connection_that_was_used_last) {
    pool_world w(bounds(2));
    w.acquire();
    w.acquire();
    w.connect();
    w.connect();
    auto* last = w.leased.front();
    w.give_back(1);
    w.give_back(0);
    w.acquire();
    EXPECT_EQ(w.leased.back(), last);
}

TEST(pool_core, attempt_whose_waiter_has_left_goes_on_and_joins_the_pool) {
    pool_world w(bounds(10));
    w.acquire();
    w.leave(0);
    EXPECT_EQ(w.connecting(), 1u);
    w.connect();
    EXPECT_EQ(w.core.counts().idle, 1u);
}

TEST(pool_core, connection_being_reset_counts_against_max_size_and_then_serves_the_oldest) {
    pool_world w(bounds(1));
    w.acquire();
    w.connect();
    w.leased.front()->dirty = true;
    w.give_back();
    auto& waiting = w.acquire();
    EXPECT_EQ(w.connecting(), 0u);
    w.end_reset(true);
    EXPECT_EQ(w.served.back(), &waiting);
}

TEST(pool_core, where_there_is_room_nobody_waits_for_a_reset) {
    pool_world w(bounds(2));
    w.acquire();
    w.connect();
    w.leased.front()->dirty = true;
    w.give_back();
    w.acquire();
    EXPECT_EQ(w.connecting(), 1u);
}

TEST(pool_core, place_of_a_connection_that_is_lost_goes_to_a_new_one) {
    pool_world w(bounds(1));
    w.acquire();
    w.connect();
    w.acquire();
    EXPECT_EQ(w.connecting(), 0u);
    w.leased.front()->fit = false;
    w.give_back();
    EXPECT_EQ(w.connecting(), 1u);
    EXPECT_EQ(w.core.counts().closed, 1u);
}

TEST(pool_core, place_of_a_connection_whose_reset_failed_goes_to_a_new_one) {
    pool_world w(bounds(1));
    w.acquire();
    w.connect();
    w.leased.front()->dirty = true;
    w.give_back();
    w.acquire();
    w.end_reset(false);
    EXPECT_EQ(w.connecting(), 1u);
}

TEST(pool_core, connection_idle_for_exactly_the_limit_is_handed_out_unchecked) {
    pool_world w(bounds(1));
    w.acquire();
    w.connect();
    w.give_back();
    w.now += w.options.validate_after_idle;
    w.acquire();
    EXPECT_EQ(w.leased.size(), 1u);
}

TEST(pool_core, connection_idle_for_longer_is_checked_instead_of_opening_another) {
    pool_world w(bounds(2));
    w.acquire();
    w.connect();
    w.give_back();
    w.now += w.options.validate_after_idle + 1ns;
    auto& waiting = w.acquire();
    EXPECT_EQ(w.checking.size(), 1u);
    EXPECT_EQ(w.connecting(), 0u);
    w.end_check(true);
    EXPECT_EQ(w.served.back(), &waiting);
}

TEST(pool_core, connection_idle_for_longer_is_checked_although_another_is_being_opened) {
    pool_world w(bounds(2));
    w.acquire();
    w.connect();
    w.acquire();
    w.leave(0); // the connect that it caused hangs
    w.give_back();
    w.now += w.options.validate_after_idle + 1ns;
    auto& waiting = w.acquire();
    EXPECT_EQ(w.connecting(), 1u);
    ASSERT_EQ(w.checking.size(), 1u);
    w.end_check(true);
    EXPECT_EQ(w.served.back(), &waiting);
}

TEST(pool_core, connection_that_fails_its_check_is_replaced) {
    pool_world w(bounds(1));
    w.acquire();
    w.connect();
    w.give_back();
    w.now += 1s;
    w.acquire();
    w.end_check(false);
    EXPECT_EQ(w.connecting(), 1u);
    EXPECT_EQ(w.waiting.size(), 1u);
}

TEST(pool_core, idle_connections_that_broke_are_dropped_on_the_way_to_one_that_works) {
    pool_world w(bounds(3, 3));
    for (int i = 0; i < 3; ++i) w.acquire();
    for (int i = 0; i < 3; ++i) w.connect();
    auto* good = w.leased.front();
    for (int i = 0; i < 3; ++i) w.give_back();
    for (auto& c : w.connections) c.fit = &c == good;
    w.acquire();
    EXPECT_EQ(w.leased, std::vector{good});
    EXPECT_EQ(w.core.counts().closed, 2u);
}

TEST(pool_core, queue_is_bounded) {
    pool_world w(bounds(1));
    for (std::size_t i = 0; i < w.options.max_waiters; ++i) w.acquire();
    EXPECT_TRUE(w.failed.empty());
    w.acquire();
    EXPECT_EQ(w.failed.size(), 1u);
    EXPECT_EQ(w.last_failure, acquire_failure::queue_full);
    w.leave(1);
    w.acquire();
    EXPECT_EQ(w.failed.size(), 1u);
}

TEST(pool_core, oldest_is_told_when_it_is_too_late_and_others_wait_on) {
    pool_world w(bounds(1));
    w.warm(1);
    w.acquire();
    auto& oldest = w.acquire();
    w.pass(3s);
    w.acquire();
    w.pass(2s - 1ns);
    EXPECT_TRUE(w.failed.empty());
    w.pass(1ns);
    EXPECT_EQ(w.failed, std::vector<claim const*>{&oldest});
    EXPECT_EQ(w.last_failure, acquire_failure::timed_out);
    EXPECT_EQ(w.waiting.size(), 1u);
    w.verify();
}

TEST(pool_core, shut_fails_waiters_and_closes_what_is_idle_and_what_comes_back) {
    pool_world w(bounds(2));
    w.acquire();
    w.acquire();
    w.connect();
    w.connect();
    w.give_back();
    w.shut();
    EXPECT_EQ(w.closing.size(), 1u);
    w.leased.front()->dirty = true;
    w.give_back();
    EXPECT_EQ(w.closing.size(), 2u) << "without a reset first";
    w.end_close();
    w.end_close();
    EXPECT_EQ(w.core.counts().size(), 0u);
}

} // namespace pool_pool_core_test
