// SPDX-License-Identifier: BSL-1.0
// A client's few connections when connecting fails or one is lost, and what they tell of themselves.
#include "event_notes.hpp"
#include "support/allocations.hpp"
#include "support/manual_loop.hpp"

#include <coda/pool/error.hpp>
#include <coda/pool/shared_connections.hpp>
#include <coda/runtime/scope.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>

namespace pool_shared_connections_test {

using namespace std::chrono_literals;
using coda::as_result;
using coda::duration;
using coda::errc;
using coda::error;
using coda::operation;
using coda::outcome;
using coda::result;
using coda::scope;
using coda::task;
using coda::test::event_notes;
using coda::test::manual_loop;
using testing::ElementsAre;

// Answers nothing; how busy it is is said by the test.
struct scripted_session : std::enable_shared_from_this<scripted_session> {
    bool usable() const noexcept { return !lost; }
    std::size_t load() const noexcept { return busy; }
    coda::event& idle() noexcept { return idle_event; }
    coda::event& ended() noexcept { return ended_event; }
    error const& why_lost() const noexcept { return *lost; }
    void lose(error const& why) noexcept {
        if (lost) return;
        lost = why;
        busy = 0;
        idle_event.set();
        ended_event.set();
    }

    std::size_t busy = 0;
    std::optional<error> lost;
    coda::event idle_event{true};
    coda::event ended_event;
};

using connections = coda::shared_connections<scripted_session>;
using session = std::shared_ptr<scripted_session>;

struct server {
    duration connect_takes = 1ms;
    std::optional<error> refuses;
    int asked = 0;
    std::vector<std::weak_ptr<scripted_session>> sessions;

    operation<session> connect() {
        ++asked;
        co_await coda::sleep_for(connect_takes);
        if (refuses) co_return *refuses;
        session made(new scripted_session); // apart from what counts it, so that its memory goes with it
        sessions.push_back(made);
        co_return made;
    }
    connections::opener opener() {
        return [this] { return connect(); };
    }
};

struct sharing : testing::Test {
    task<result<session>> get(connections& shared) { co_return co_await as_result(shared.wait()); }

    manual_loop loop;
    server peer;
    event_notes log;
};

error const refused{errc::not_connected, outcome::unknown};
// A category that does not say counts as one where trying again will not help.
error const wrong_password{std::make_error_code(std::errc::permission_denied)};

TEST_F(sharing, one_who_comes_after_a_failure_waits_for_the_next_attempt_and_gets_its_error) {
    peer.refuses = refused;
    connections shared(loop, peer.opener(), {});
    auto const body = [&]() -> task<> {
        auto const first = co_await get(shared);
        EXPECT_EQ(loop.elapsed(), 1ms);
        EXPECT_EQ(first.error().code(), errc::not_connected);
        EXPECT_EQ(first.error().outcome(), outcome::not_sent);
        auto const second = co_await get(shared);
        EXPECT_GE(loop.elapsed(), 1ms + 10ms + 1ms);
        EXPECT_LE(loop.elapsed(), 1ms + 20ms + 1ms);
        EXPECT_EQ(second.error().code(), errc::not_connected);
        EXPECT_EQ(peer.asked, 2);
    };
    loop.run(body());
}

TEST_F(sharing, a_refusing_server_is_not_stormed_however_many_ask) {
    peer.refuses = refused;
    connections shared(loop, peer.opener(), {.connections = 8});
    auto const ask_on = [&]() -> task<> {
        while (loop.elapsed() < 5s) EXPECT_TRUE((co_await get(shared)).has_error());
    };
    auto const body = [&](scope& s) -> task<> {
        for (int i = 0; i < 100; ++i) s.spawn(ask_on());
        co_return;
    };
    loop.run(coda::with_scope(body));
    EXPECT_GE(peer.asked, 5s / 500ms);
    EXPECT_LE(peer.asked, 5 + 5s / 250ms);
    EXPECT_EQ(shared.statistics().connect_failures, static_cast<std::uint64_t>(peer.asked));
    EXPECT_EQ(shared.statistics().waiters, 0u);
}

TEST_F(sharing, that_the_server_is_back_is_noticed_though_nobody_asks) {
    peer.refuses = refused;
    connections shared(loop, peer.opener(), {});
    auto const body = [&]() -> task<> {
        EXPECT_TRUE((co_await get(shared)).has_error());
        co_await coda::sleep_for(10s);
        peer.refuses.reset();
        co_await coda::sleep_for(1s);
        EXPECT_EQ(shared.open(), 1u);
        EXPECT_NE(shared.pick(), nullptr);
    };
    loop.run(body());
}

TEST_F(sharing, what_trying_again_does_not_help_is_tried_again_only_for_who_asks) {
    peer.refuses = wrong_password;
    ASSERT_EQ(wrong_password.kind(), coda::error_class::permanent);
    connections shared(loop, peer.opener(), {});
    auto const body = [&]() -> task<> {
        EXPECT_EQ((co_await get(shared)).error().code(), wrong_password.code());
        auto const failed = loop.elapsed();
        EXPECT_EQ((co_await get(shared)).error().code(), wrong_password.code());
        EXPECT_EQ(loop.elapsed(), failed) << "at once, until the next attempt is due";
        co_await coda::sleep_for(10s);
        EXPECT_EQ(peer.asked, 1);
        EXPECT_EQ((co_await get(shared)).error().code(), wrong_password.code());
        EXPECT_EQ(peer.asked, 2);
        EXPECT_EQ(shared.statistics().refused, 3u);
    };
    loop.run(body());
}

TEST_F(sharing, a_server_at_its_limit_is_asked_for_another_connection_at_the_pace_of_the_backoff) {
    connections shared(loop, peer.opener(), {.connections = 2});
    auto const body = [&]() -> task<> {
        auto const only = co_await get(shared);
        (*only)->busy = 5;
        peer.refuses = refused;
        while (loop.elapsed() < 10s) {
            EXPECT_EQ(shared.pick(), only->get());
            co_await coda::sleep_for(1ms);
        }
        EXPECT_LE(peer.asked, 5 + 10s / 250ms);
        EXPECT_GE(peer.asked, 10s / 500ms);
        peer.refuses.reset();
        co_await coda::sleep_for(500ms);
        EXPECT_EQ(shared.pick(), only->get());
        co_await coda::sleep_for(2ms);
        EXPECT_EQ(shared.open(), 2u);
    };
    loop.run(body());
}

TEST_F(sharing, one_who_waits_longer_than_he_may_learns_why) {
    peer.refuses = refused;
    connections shared(loop, peer.opener(), {});
    auto const body = [&]() -> task<> {
        EXPECT_TRUE((co_await get(shared)).has_error());
        peer.connect_takes = 1h;
        auto const late = co_await as_result(coda::with_timeout(2s, shared.wait()));
        EXPECT_EQ(late.error().code(), errc::timed_out);
        auto const* why = late.error().details<coda::acquire_error>();
        EXPECT_NE(why, nullptr);
        EXPECT_EQ(why->waited, 2s);
        EXPECT_EQ(why->pool.connecting, 1u);
        EXPECT_EQ(why->last_connect_error->code(), errc::not_connected);
    };
    loop.run(body());
}

TEST_F(sharing, one_without_a_deadline_waits_no_longer_than_wait_timeout) {
    peer.connect_takes = 1h;
    connections shared(loop, peer.opener(), {.wait_timeout = 2s, .connect_timeout = 1h});
    auto const body = [&]() -> task<> {
        auto const late = co_await get(shared);
        EXPECT_EQ(late.error().code(), errc::timed_out);
        EXPECT_EQ(late.error().outcome(), outcome::not_sent);
        EXPECT_EQ(loop.elapsed(), 2s);
    };
    loop.run(body());
}

TEST_F(sharing, an_attempt_ends_after_connect_timeout) {
    peer.connect_takes = 1h;
    connections shared(loop, peer.opener(), {.connect_timeout = 30ms});
    auto const body = [&]() -> task<> {
        EXPECT_EQ((co_await get(shared)).error().code(), errc::timed_out);
        EXPECT_EQ(loop.elapsed(), 30ms);
    };
    loop.run(body());
}

TEST_F(sharing, an_opener_that_throws_is_an_attempt_that_failed) {
    connections shared(loop, []() -> operation<session> { throw std::runtime_error("no such luck"); }, {});
    auto const body = [&]() -> task<> {
        auto const failed = co_await get(shared);
        EXPECT_EQ(failed.error().code(), errc::not_connected);
        EXPECT_EQ(failed.error().message(), "no such luck");
    };
    loop.run(body());
}

TEST_F(sharing, tells_and_counts_what_its_connections_do) {
    connections shared(loop, peer.opener(), {.connections = 2, .name = "cache", .listener = &log});
    auto const body = [&]() -> task<> {
        EXPECT_THAT(log.take(), ElementsAre("ConnectionPoolCreated", "ConnectionPoolReady"));
        auto const first = co_await get(shared);
        EXPECT_THAT(log.take(), ElementsAre("ConnectionCreated 1", "ConnectionReady 1"));
        (*first)->busy = 1;
        EXPECT_EQ(shared.pick(), first->get());
        co_await coda::sleep_for(2ms);
        EXPECT_THAT(log.take(), ElementsAre("ConnectionCreated 2", "ConnectionReady 2"));
        auto s = shared.statistics();
        EXPECT_EQ(s.in_use, 1u);
        EXPECT_EQ(s.idle, 1u);
        EXPECT_EQ(s.handed_out, 2u);
        EXPECT_EQ(s.wait.count, 1u);
        EXPECT_EQ(s.connect.count, 2u);

        (*first)->lose(error(errc::connection_lost));
        EXPECT_EQ(shared.statistics().closed, 1u);
        co_await coda::yield();
        EXPECT_THAT(log.take(), ElementsAre("ConnectionClosed 1 error"));
        EXPECT_EQ(shared.open(), 1u);

        co_await shared.close();
        EXPECT_THAT(log.take(), ElementsAre("ConnectionClosed 2 poolClosed", "ConnectionPoolClosed"));
        s = shared.statistics();
        EXPECT_EQ(s.state, coda::pool_state::closed);
        EXPECT_EQ(s.opened, 2u);
        EXPECT_EQ(s.closed, 2u);
        EXPECT_EQ(s.size(), 0u);
    };
    loop.run(body());
    for (auto const& each : peer.sessions) EXPECT_TRUE(each.expired());
}

TEST_F(sharing, tells_why_it_backs_off) {
    peer.refuses = refused;
    connections shared(loop, peer.opener(), {.listener = &log});
    auto const body = [&]() -> task<> {
        EXPECT_TRUE((co_await get(shared)).has_error());
        EXPECT_THAT(log.take(), ElementsAre("ConnectionPoolCreated", "ConnectionPoolReady", "ConnectionCreated 1",
                                            "ConnectionClosed 1 error", "ConnectionPoolBackingOff"));
    };
    loop.run(body());
}

TEST_F(sharing, closed_while_one_waits_and_an_attempt_is_under_way) {
    peer.connect_takes = 1h;
    connections shared(loop, peer.opener(), {.listener = &log});
    std::optional<result<session>> waiting;
    auto const wait = [&]() -> task<> { waiting.emplace(co_await get(shared)); };
    auto const body = [&](scope& s) -> task<> {
        s.spawn(wait());
        co_await coda::sleep_for(1s);
        EXPECT_EQ(shared.statistics().waiters, 1u);
        log.take();
        co_await shared.close();
        EXPECT_EQ(loop.elapsed(), 1s);
        EXPECT_THAT(log.take(), ElementsAre("ConnectionClosed 1 poolClosed", "ConnectionPoolClosed"));
    };
    loop.run(coda::with_scope(body));
    EXPECT_EQ(waiting->error().code(), errc::closed);
    EXPECT_EQ(shared.statistics().connecting, 0u);
    EXPECT_EQ(shared.statistics().connect_failures, 0u);
}

TEST_F(sharing, ended_while_an_attempt_is_under_way_tells_its_end) {
    peer.connect_takes = 1h;
    std::optional<connections> shared(std::in_place, loop, peer.opener(), coda::sharing_options{.listener = &log});
    auto const body = [&]() -> task<> {
        EXPECT_EQ(shared->pick(), nullptr);
        co_await coda::sleep_for(1s);
        log.take();
        shared->end();
        EXPECT_EQ(shared->statistics().connecting, 0u);
        shared.reset();
        EXPECT_THAT(log.take(), ElementsAre("ConnectionClosed 1 poolClosed", "ConnectionPoolClosed"));
    };
    loop.run(body());
}

// The one that ends first lets go of all connections.
TEST_F(sharing, may_be_closed_twice_at_once) {
    connections shared(loop, peer.opener(), {.connections = 3});
    auto const close_within = [&](duration limit) -> task<> {
        static_cast<void>(co_await as_result(coda::with_timeout(limit, shared.close())));
    };
    auto const body = [&](scope& s) -> task<> {
        while (shared.open() < 3) {
            for (auto const& each : peer.sessions) each.lock()->busy = 1;
            shared.pick();
            co_await coda::sleep_for(2ms);
        }
        for (auto const& each : peer.sessions) each.lock()->idle_event.reset();
        s.spawn(close_within(1h));
        s.spawn(close_within(10ms));
    };
    loop.run(coda::with_scope(body));
    EXPECT_EQ(shared.open(), 0u);
    EXPECT_EQ(shared.statistics().closed, 3u);
    for (auto const& each : peer.sessions) EXPECT_TRUE(each.expired());
}

TEST_F(sharing, one_who_is_cancelled_while_it_backs_off_leaves_the_others_waiting) {
    peer.refuses = refused;
    connections shared(loop, peer.opener(), {.first_backoff = 1s, .max_backoff = 1s});
    std::optional<result<session>> other;
    auto const wait = [&]() -> task<> { other.emplace(co_await get(shared)); };
    auto const body = [&](scope& s) -> task<> {
        EXPECT_TRUE((co_await get(shared)).has_error());
        s.spawn(wait());
        auto const left = co_await as_result(coda::with_timeout(10ms, shared.wait()));
        EXPECT_EQ(left.error().code(), errc::timed_out);
        EXPECT_FALSE(other);
        EXPECT_EQ(shared.statistics().waiters, 1u);
        peer.refuses.reset();
    };
    loop.run(coda::with_scope(body));
    EXPECT_TRUE(other && other->has_value());
    EXPECT_EQ(shared.statistics().waiters, 0u);
    EXPECT_EQ(shared.statistics().refused, 2u);
}

TEST_F(sharing, no_more_wait_than_allowed) {
    connections shared(loop, peer.opener(), {.max_waiting = 2});
    int served = 0;
    auto const wait = [&]() -> task<> { served += (co_await get(shared)).has_value() ? 1 : 0; };
    auto const body = [&](scope& s) -> task<> {
        s.spawn(wait());
        s.spawn(wait());
        co_await coda::yield();
        auto const one_more = co_await get(shared);
        EXPECT_EQ(one_more.error().code(), errc::queue_full);
        auto const* why = one_more.error().details<coda::acquire_error>();
        EXPECT_TRUE(why != nullptr && why->pool.waiters == 2);
    };
    loop.run(coda::with_scope(body));
    EXPECT_EQ(served, 2);
}

TEST_F(sharing, an_opener_that_makes_nothing_is_an_attempt_that_failed) {
    connections shared(loop, []() -> operation<session> { co_return session(); }, {});
    auto const body = [&]() -> task<> { EXPECT_EQ((co_await get(shared)).error().code(), errc::not_connected); };
    loop.run(body());
    EXPECT_EQ(shared.statistics().connect_failures, 1u);
}

TEST_F(sharing, want_of_memory_is_an_error_and_not_the_end) {
    connections shared(loop, peer.opener(), {});
    auto const body = [&]() -> task<> {
        for (std::size_t passing = 0; passing < 30; ++passing) {
            {
                coda::test::failing_allocation const fails(passing, coda::test::failing_allocation::then::succeed);
                try {
                    static_cast<void>(co_await get(shared));
                } catch (std::bad_alloc const&) {}
            }
            auto const after = co_await get(shared);
            EXPECT_TRUE(after.has_value()) << passing;
            if (after.has_value()) (*after)->lose(error(errc::connection_lost));
            co_await coda::yield();
            co_await coda::yield();
        }
    };
    loop.run(body());
    EXPECT_EQ(shared.statistics().connecting, 0u);
    EXPECT_EQ(shared.statistics().opened, shared.statistics().closed);
}

TEST_F(sharing, ended_while_one_waits_out_the_backoff) {
    peer.refuses = refused;
    std::optional<connections> shared(std::in_place, loop, peer.opener(), coda::sharing_options{});
    auto const body = [&]() -> task<> {
        EXPECT_TRUE((co_await get(*shared)).has_error());
        shared.reset();
        co_await coda::sleep_for(1s);
        EXPECT_EQ(peer.asked, 1);
    };
    loop.run(body());
}

TEST_F(sharing, closed_while_one_waits_behind_a_failure_is_closed_and_not_that_failure) {
    for (bool const backing_off : {true, false}) {
        peer.refuses = refused;
        peer.connect_takes = 1ms;
        peer.asked = 0;
        connections shared(loop, peer.opener(), {});
        auto const body = [&](scope& s) -> task<> {
            auto const first = co_await get(shared);
            EXPECT_EQ(first.error().code(), errc::not_connected);
            auto const waits = [&]() -> task<> {
                auto const r = co_await get(shared);
                EXPECT_EQ(r.error().code(), errc::closed) << r.error().message();
            };
            peer.connect_takes = 1h;
            s.spawn(waits());
            co_await coda::sleep_for(backing_off ? 1ms : 100ms);
            co_await shared.close();
        };
        loop.run(coda::with_scope(body));
        EXPECT_EQ(peer.asked, backing_off ? 1 : 2);
        shared.end();
    }
}

// A task that has spent its budget (some hundred waits) goes on when others had their turn: between any two of its
// steps somebody may come.
TEST_F(sharing, who_comes_as_an_attempt_ends_for_good_gets_its_error_and_waits_for_no_other) {
    coda::event ready(true);
    for (int awaits = 1; awaits < 600; ++awaits) {
        auto const opener = [&ready, awaits]() -> operation<session> {
            for (int i = 0; i < awaits; ++i) co_await ready.wait();
            co_return wrong_password;
        };
        connections shared(loop, opener, {});
        auto const body = [&](scope& s) -> task<> {
            auto const asks = [&]() -> task<> {
                auto const r = co_await get(shared);
                EXPECT_EQ(r.error().code(), wrong_password.code()) << awaits << ": " << r.error().message();
            };
            for (int i = 0; i < 8; ++i) {
                s.spawn(asks());
                co_await coda::yield();
            }
        };
        loop.run(coda::with_scope(body));
        EXPECT_EQ(loop.elapsed(), 0s) << awaits << ": somebody waited for nothing";
        shared.end();
    }
}

TEST_F(sharing, a_connection_lost_as_soon_as_it_was_open_is_an_error_of_who_waited) {
    connections shared(loop,
                       [&]() -> operation<session> {
                           auto made = std::make_shared<scripted_session>();
                           made->lose(error(errc::connection_lost));
                           co_return made;
                       },
                       {});
    auto const body = [&]() -> task<> {
        auto const lost = co_await get(shared);
        EXPECT_EQ(lost.error().code(), errc::connection_lost);
        EXPECT_EQ(lost.error().outcome(), outcome::not_sent);
        EXPECT_EQ(shared.statistics().connect_failures, 1u) << "it backs off";
    };
    loop.run(body());
}

} // namespace pool_shared_connections_test
