// SPDX-License-Identifier: BSL-1.0
// What a pool does when connecting fails.
#include "pool_world.hpp"

#include <gmock/gmock.h>

namespace pool_pool_core_backoff_test {

using namespace std::chrono_literals;
using coda::acquire_failure;
using coda::pool_options;
using coda::detail::claim;
using coda::detail::connect_backoff;
using coda::detail::jitter;
using coda::test::pool_world;
using testing::ElementsAre;

TEST(connect_backoff, waits_twice_as_long_each_time_up_to_its_most_and_half_of_that_at_least) {
    connect_backoff backoff(20ms, 500ms);
    jitter random(7);
    coda::time_point now{1h};
    for (coda::duration const most : {20ms, 40ms, 80ms, 160ms, 320ms, 500ms, 500ms, 500ms}) {
        auto const wait = backoff.failed(now, random);
        EXPECT_LE(wait, most);
        EXPECT_GE(wait, most / 2);
        EXPECT_EQ(backoff.retry_at(), now + wait);
        now += wait;
    }
    backoff.succeeded();
    EXPECT_FALSE(backoff.failing());
    EXPECT_LE(backoff.failed(now, random), 20ms);
}

TEST(jitter, is_the_same_for_the_same_seed_and_spreads_evenly) {
    jitter a(1), b(1), c(2);
    double sum = 0;
    int equal = 0;
    for (int i = 0; i < 10'000; ++i) {
        auto const d = a.spread(1s, 0.5);
        EXPECT_EQ(d, b.spread(1s, 0.5));
        equal += d == c.spread(1s, 0.5) ? 1 : 0;
        EXPECT_GE(d, 500ms);
        EXPECT_LE(d, 1s);
        sum += std::chrono::duration<double>(d).count();
    }
    EXPECT_NEAR(sum / 10'000, 0.75, 0.01);
    EXPECT_EQ(equal, 0);
}

TEST(pool_core_backoff, those_who_wait_go_on_waiting_and_are_served_when_the_server_is_back) {
    pool_world w({.max_size = 10});
    for (int i = 0; i < 5; ++i) w.acquire();
    EXPECT_EQ(w.connecting(), 2u);
    w.fail_connect();
    w.fail_connect();
    EXPECT_EQ(w.connecting(), 0u) << "it waits before it tries again";
    EXPECT_EQ(w.waiting.size(), 5u);
    while (w.connecting() == 0) w.pass(1ms);
    EXPECT_EQ(w.connecting(), 1u) << "one attempt, not one for each";
    w.connect();
    EXPECT_EQ(w.served.size(), 1u);
    EXPECT_EQ(w.connecting(), 2u) << "as before";
    w.verify();
}

// However many wait, and however long it lasts.
TEST(pool_core_backoff, a_server_that_is_gone_is_asked_less_than_once_per_250_ms_after_the_first_second) {
    pool_world w({.max_size = 100, .max_connecting = 100, .acquire_timeout = 1h});
    for (int i = 0; i < 1000; ++i) w.acquire();
    while (w.connecting() > 0) w.fail_connect();
    int attempts = 0;
    auto const fail_for = [&](coda::duration d) {
        for (auto const end = w.now + d; w.now < end;) {
            w.pass(1ms);
            while (w.connecting() > 0) w.fail_connect(), ++attempts;
        }
    };
    fail_for(1s);
    EXPECT_LE(attempts, 12);
    attempts = 0;
    fail_for(10s);
    EXPECT_LE(attempts, 40);
    EXPECT_GE(attempts, 20) << "it would not notice in time";
    EXPECT_EQ(w.waiting.size(), 1000u);
}

TEST(pool_core_backoff, a_server_that_is_back_is_noticed_within_a_second) {
    pool_world w({.max_size = 2, .acquire_timeout = 1h});
    w.acquire();
    for (auto const end = w.now + 1min; w.now < end;) {
        w.pass(1ms);
        if (w.connecting() > 0) w.fail_connect();
    }
    auto const back = w.now;
    while (w.connecting() == 0) w.pass(1ms);
    EXPECT_LT(w.now - back, 1s);
    w.connect();
    EXPECT_EQ(w.served.size(), 1u);
}

TEST(pool_core_backoff, an_attempt_that_hangs_does_not_keep_the_next_from_being_made) {
    pool_world w({.max_size = 10});
    w.acquire();
    w.fail_connect();
    w.pass(1s);
    EXPECT_EQ(w.connecting(), 2u) << "and no more than max_connecting";
    w.connect();
    EXPECT_EQ(w.served.size(), 1u);
}

TEST(pool_core_backoff, connections_that_come_back_are_handed_out_meanwhile) {
    for (bool const fail_fast : {false, true}) {
        pool_world w({.max_size = 3, .fail_fast = fail_fast});
        w.acquire();
        w.connect();
        w.acquire();
        w.fail_connect(); // the server takes no more
        EXPECT_EQ(w.waiting.size(), 1u);
        w.give_back();
        EXPECT_EQ(w.served.size(), 2u);
        EXPECT_TRUE(w.failed.empty());
    }
}

TEST(pool_core_backoff, where_it_fails_fast_all_who_wait_end_at_once_and_those_who_come_with_the_next_attempt) {
    pool_world w({.max_size = 10, .fail_fast = true});
    for (int i = 0; i < 3; ++i) w.acquire();
    w.fail_connect();
    EXPECT_EQ(w.failed.size(), 3u);
    EXPECT_EQ(w.last_failure, acquire_failure::connection_error);
    while (w.connecting() > 0) w.fail_connect();
    w.acquire();
    EXPECT_EQ(w.waiting.size(), 1u) << "the failure before is none of his";
    while (w.connecting() == 0) w.pass(1ms);
    w.fail_connect();
    EXPECT_EQ(w.failed.size(), 4u);
    w.acquire();
    while (w.connecting() == 0) w.pass(1ms);
    w.connect();
    EXPECT_EQ(w.served.size(), 1u) << "nobody is refused once the server is back";
    w.verify();
}

TEST(pool_core_backoff, where_it_fails_fast_the_server_is_asked_in_the_background_until_it_is_back) {
    pool_world w({.max_size = 10, .max_connecting = 1, .fail_fast = true});
    w.acquire();
    w.fail_connect();
    for (int i = 0; i < 20; ++i) {
        auto const since = w.now;
        while (w.connecting() == 0) w.pass(1ms);
        EXPECT_LE(w.now - since, 500ms);
        w.fail_connect();
    }
    w.pass(1s);
    w.connect();
    w.acquire();
    EXPECT_EQ(w.served.size(), 1u);
}

TEST(pool_core_backoff, what_no_waiting_cures_is_told_at_once_and_tried_again_for_who_asks_later) {
    pool_world w({.max_size = 10, .max_connecting = 1});
    for (int i = 0; i < 3; ++i) w.acquire();
    w.fail_connect(true);
    EXPECT_EQ(w.failed.size(), 3u);
    w.pass(1min);
    EXPECT_EQ(w.connecting(), 0u) << "nobody asked";
    w.acquire();
    EXPECT_EQ(w.waiting.size(), 1u);
    EXPECT_EQ(w.connecting(), 1u);
    w.pass(1s);
    EXPECT_EQ(w.waiting.size(), 1u) << "the old error is not his";
    w.fail_connect(true);
    EXPECT_EQ(w.failed.size(), 4u);
    w.acquire();
    EXPECT_EQ(w.failed.size(), 5u) << "before the next attempt is due";
}

TEST(pool_core_backoff, what_no_waiting_cures_is_told_at_once_though_another_attempt_hangs) {
    for (bool const fail_fast : {false, true}) {
        pool_world w({.max_size = 10, .fail_fast = fail_fast});
        for (int i = 0; i < 3; ++i) w.acquire();
        EXPECT_EQ(w.connecting(), 2u);
        w.fail_connect(true);
        EXPECT_EQ(w.failed.size(), 3u);
        w.acquire();
        EXPECT_EQ(w.failed.size(), 4u) << "before the next attempt is due";
        w.pass(1s);
        w.acquire();
        w.acquire();
        EXPECT_EQ(w.waiting.size(), 2u) << "for the next attempt";
        EXPECT_EQ(w.connecting(), 2u);
        w.connect();
        EXPECT_EQ(w.served.size(), 1u);
        w.verify();
    }
}

TEST(pool_core_backoff, a_success_from_before_it_was_cleared_says_nothing_about_the_server) {
    pool_world w({.max_size = 10});
    w.acquire();
    w.begin();
    w.clear();
    w.begin(); // that of before is promised to nobody any more
    std::swap(w.opening[0], w.opening[1]);
    w.fail_connect();
    EXPECT_TRUE(w.backing_off());
    w.connect();
    EXPECT_EQ(w.core.counts().closing, 1u) << "it is stale";
    EXPECT_TRUE(w.backing_off());
    EXPECT_EQ(w.connecting(), 0u) << "before the next attempt is due";
    w.verify();
}

TEST(pool_core_backoff, is_told) {
    pool_world w({.max_size = 1});
    w.notes.take();
    w.acquire();
    w.fail_connect();
    EXPECT_THAT(w.notes.take(), ElementsAre("ConnectionCheckOutStarted", "ConnectionCreated 1",
                                            "ConnectionClosed 1 error", "ConnectionPoolBackingOff"));
}

TEST(pool_core_backoff, in_a_monitored_pool_a_failure_pauses_it_and_the_oldest_gets_the_error) {
    pool_world w({.max_size = 10, .max_connecting = 1, .monitored = true});
    w.ready();
    auto& oldest = w.acquire();
    w.acquire();
    w.notes.take();
    w.fail_connect();
    EXPECT_EQ(w.core.state(), coda::pool_state::paused);
    EXPECT_EQ(w.failed.front(), &oldest);
    EXPECT_EQ(w.failed.size(), 2u);
    EXPECT_THAT(w.notes.take(),
                ElementsAre("ConnectionCreated 1", "ConnectionPoolCleared", "ConnectionClosed 1 error",
                            "ConnectionCheckOutFailed connectionError", "ConnectionCheckOutFailed connectionError"));
    w.pass(1min);
    EXPECT_EQ(w.connecting(), 0u);
    w.ready();
    w.acquire();
    EXPECT_EQ(w.connecting(), 1u);
}

TEST(pool_core_backoff, in_a_monitored_pool_an_attempt_from_before_it_was_cleared_pauses_nothing) {
    pool_world w({.max_size = 10, .monitored = true});
    w.ready();
    w.acquire();
    w.begin();
    w.clear();
    w.ready();
    w.notes.take();
    w.fail_connect();
    EXPECT_THAT(w.notes.take(), ElementsAre("ConnectionClosed 1 error"));
    EXPECT_EQ(w.core.state(), coda::pool_state::ready);
    EXPECT_EQ(w.core.counts().connect_failures, 0u);
}

} // namespace pool_pool_core_backoff_test
