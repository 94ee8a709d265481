// SPDX-License-Identifier: BSL-1.0
// Whose reply it is, and what cancelling, deadlines, bounds and closing do.
#pragma once

#include "fixture.hpp"
#include "support/cancel_everywhere.hpp"

#include <random>

namespace coda::test::contract_tests {

CODA_CONTRACT_TEST(contract, each_reply_goes_to_its_caller) {
    auto& c = this->make({.connections = 3});
    auto const body = [&](scope& s) -> task<> {
        for (int i = 0; i < 2000; ++i) s.spawn(this->expect_echo(c, fmt::format("value {}", i)));
        co_return;
    };
    this->run_in_scope(body);
    EXPECT_LE(this->proxy().stats().accepted, 3u);
}

CODA_CONTRACT_TEST(contract, each_reply_goes_to_its_caller_while_others_leave) {
    auto& c = this->make({.connections = 2, .max_in_flight = 8});
    std::mt19937 random(7);
    int left = 0;
    auto const ask = [&](int value, coda::duration limit) -> task<> {
        auto const text = fmt::format("value {}", value);
        auto const r = co_await as_result(coda::with_timeout(limit, this->echo(c, text)));
        EXPECT_LE(Store::open_connections(c), 2u);
        if (r.has_value()) {
            EXPECT_EQ(*r, text);
        } else {
            ++left;
            EXPECT_EQ(r.error().code(), coda::errc::timed_out) << r.error().message();
        }
    };
    auto const body = [&](scope& s) -> task<> {
        co_await this->expect_echo(c, "warm");
        for (int i = 0; i < 3000; ++i) {
            s.spawn(ask(i, i % 3 == 0 ? std::chrono::microseconds(random() % 5000) : std::chrono::microseconds(60s)));
            if (i % 50 == 0) co_await coda::yield();
        }
    };
    this->run_in_scope(body);
    EXPECT_GT(left, 0);
}

CODA_CONTRACT_TEST(contract, cancelled_before_it_was_sent_it_is_never_sent) {
    auto& c = this->connected({.max_in_flight = 1});
    auto const key = this->fresh_key();
    auto const body = [&](scope& s) -> task<> {
        co_await this->expect_echo(c, "warm");
        this->hold_replies();
        auto const before = this->bytes_sent();
        s.spawn(this->expect_echo(c, "first"));
        co_await this->until_sent(before);
        auto queued = s.spawn(this->write(c, key));
        co_await coda::yield();
        co_await gives(queued.cancel(), outcome::not_sent);
        this->proxy().heal();
        co_await this->expect_echo(c, "behind");
        EXPECT_EQ(this->store().count(key), 0);
    };
    this->run_in_scope(body);
    EXPECT_EQ(this->proxy().stats().accepted, 1u) << "the connection is untouched";
}

CODA_CONTRACT_TEST(contract, cancelled_in_flight_it_resumes_at_once_and_disturbs_nobody) {
    auto& c = this->connected();
    auto const key = this->fresh_key();
    auto const body = [&](scope& s) -> task<> {
        co_await this->expect_echo(c, "warm");
        this->hold_replies();
        auto const before = this->bytes_sent();
        auto sent = s.spawn(this->write(c, key));
        co_await this->until_sent(before);
        s.spawn(this->expect_echo(c, "behind it"));
        co_await gives(sent.cancel(), outcome::unknown, "while its reply is still held");
        EXPECT_LE(Store::open_connections(c), 1u) << "the bound holds while it drains";
        co_await until([&] { return this->store().count(key) == 1; }, "it happened nevertheless");
        this->proxy().heal();
        co_await this->expect_echo(c, "after it");
    };
    this->run_in_scope(body);
    this->expect_connections_made(1);
}

CODA_CONTRACT_TEST(contract, timed_out_in_flight_it_is_unknown_and_the_next_works) {
    auto& c = this->connected();
    auto const body = [&]() -> task<> {
        co_await this->expect_echo(c, "warm");
        this->hold_replies();
        auto const r = co_await as_result(coda::with_timeout(20ms, this->echo(c, "late")));
        this->expect_error(r, coda::errc::timed_out, outcome::unknown);
        this->proxy().heal();
        co_await this->expect_echo(c, "next");
    };
    this->run(body());
    this->expect_connections_made(1);
}

CODA_CONTRACT_TEST(contract, without_a_deadline_it_has_one_of_its_own) {
    // Long enough to connect in.
    auto& c = this->connected({.operation_timeout = 250ms, .drain_timeout = 20ms});
    auto const body = [&]() -> task<> {
        this->hold_replies();
        auto const r = co_await as_result(this->echo(c, "late"));
        this->expect_error(r, coda::errc::timed_out, outcome::unknown);
    };
    this->run(body());
}

CODA_CONTRACT_TEST(contract, destroyed_in_flight_it_disturbs_nobody) {
    auto& c = this->connected();
    auto const key = this->fresh_key();
    auto const body = [&](scope& s) -> task<> {
        co_await this->expect_echo(c, "warm");
        this->hold_replies();
        auto const before = this->bytes_sent();
        std::optional<scope> place(std::in_place, this->loop());
        place->spawn(this->write(c, key));
        co_await this->until_sent(before);
        s.spawn(this->expect_echo(c, "behind it"));
        co_await coda::yield();
        place.reset();
        co_await until([&] { return this->store().count(key) == 1; }, "it happened nevertheless");
        this->proxy().heal();
        co_await this->expect_echo(c, "after it");
    };
    this->run_in_scope(body);
    this->expect_connections_made(1);
}

CODA_CONTRACT_TEST(contract, cancelled_while_it_waits_for_a_connect_it_leaves_that_to_the_next) {
    auto& c = this->make();
    auto const key = this->fresh_key();
    auto const body = [&](scope& s) -> task<> {
        this->hold_replies();
        auto waiting = s.spawn(this->write(c, key));
        co_await this->until_sent(0);
        co_await gives(waiting.cancel(), outcome::not_sent);
        this->proxy().heal();
        co_await this->expect_echo(c, "next");
        EXPECT_EQ(this->store().count(key), 0);
    };
    this->run_in_scope(body);
    EXPECT_EQ(this->proxy().stats().accepted, 1u);
}

CODA_CONTRACT_TEST(contract, under_a_context_that_is_cancelled_nothing_is_sent) {
    auto& c = this->connected();
    auto const key = this->fresh_key();
    auto const body = [&]() -> task<> {
        co_await this->expect_echo(c, "warm");
        coda::cancel_source stop;
        stop.request();
        auto const r = co_await as_result(coda::with_cancellation(stop.token(), this->write(c, key)));
        this->expect_error(r, coda::errc::cancelled, outcome::not_sent);
        co_await this->expect_echo(c, "next");
        EXPECT_EQ(this->store().count(key), 0);
    };
    this->run(body());
    EXPECT_EQ(this->proxy().stats().accepted, 1u) << "the connection is untouched";
}

CODA_CONTRACT_TEST(contract, behind_a_deadline_that_has_passed_nothing_is_sent) {
    auto& c = this->connected();
    auto const key = this->fresh_key();
    auto const body = [&]() -> task<> {
        co_await this->expect_echo(c, "warm");
        for (auto const limit : {coda::duration(0), coda::duration(-1s)}) {
            auto const r = co_await as_result(coda::with_timeout(limit, this->write(c, key)));
            this->expect_error(r, coda::errc::timed_out, outcome::not_sent);
        }
        co_await this->expect_echo(c, "next");
        EXPECT_EQ(this->store().count(key), 0);
    };
    this->run(body());
}

CODA_CONTRACT_TEST(contract, what_drains_too_long_costs_its_connection_and_no_more) {
    auto& c = this->connected({.drain_timeout = 20ms});
    auto const body = [&](scope& s) -> task<> {
        co_await this->expect_echo(c, "warm");
        this->hold_replies();
        this->proxy().apply_to_new({});
        auto const before = this->bytes_sent();
        auto sent = s.spawn(this->echo(c, "never answered"));
        co_await this->until_sent(before);
        co_await gives(sent.cancel(), outcome::unknown);
        if constexpr (Store::shares_connections) {
            auto const behind = co_await as_result(this->echo(c, "behind it"));
            this->expect_error(behind, coda::errc::connection_lost, outcome::unknown);
        } else {
            co_await this->expect_echo(c, "behind it, on a connection of its own");
        }
        co_await this->expect_echo(c, "next");
    };
    this->run_in_scope(body);
    EXPECT_EQ(this->proxy().stats().accepted, 2u);
}

CODA_CONTRACT_TEST(contract, a_full_queue_refuses_at_once) {
    auto& c = this->connected({.max_in_flight = 1, .max_queued = 1});
    auto const body = [&](scope& s) -> task<> {
        co_await this->expect_echo(c, "warm");
        this->hold_replies();
        auto const before = this->bytes_sent();
        s.spawn(this->expect_echo(c, "in flight"));
        co_await this->until_sent(before);
        s.spawn(this->expect_echo(c, "queued"));
        co_await coda::yield();
        auto const r = co_await as_result(this->echo(c, "one too many"));
        this->expect_error(r, coda::errc::queue_full, outcome::not_sent);
        this->proxy().heal();
    };
    this->run_in_scope(body);
}

CODA_CONTRACT_TEST(contract, who_still_waits_when_the_client_is_destroyed_is_told) {
    auto& c = this->connected({.max_in_flight = 1});
    auto const ended = [&](outcome expected) -> task<> {
        auto const r = co_await as_result(this->echo(c, "waiting"));
        this->expect_error(r, coda::errc::closed, expected);
    };
    auto const body = [&](scope& s) -> task<> {
        co_await this->expect_echo(c, "warm");
        this->hold_replies();
        auto const before = this->bytes_sent();
        s.spawn(ended(outcome::unknown));
        co_await this->until_sent(before);
        s.spawn(ended(outcome::not_sent));
        co_await coda::yield();
        this->destroy_clients();
    };
    this->run_in_scope(body);
    this->proxy().heal();
}

CODA_CONTRACT_TEST(contract, close_waits_for_what_is_in_flight_and_refuses_what_comes) {
    auto& c = this->connected();
    auto const body = [&](scope& s) -> task<> {
        co_await this->expect_echo(c, "warm");
        this->hold_replies();
        auto const before = this->bytes_sent();
        s.spawn(this->expect_echo(c, "in flight"));
        co_await this->until_sent(before);
        auto closing = s.spawn(Store::close(c));
        co_await coda::yield();
        auto const late = co_await as_result(this->echo(c, "late"));
        this->expect_error(late, coda::errc::closed, outcome::not_sent);
        this->proxy().heal();
        co_await closing.join();
    };
    this->run_in_scope(body);
    EXPECT_TRUE(this->proxy().wait_for([](auto const& s) { return s.open == 0; }));
}

// What is cancelled at any place has either not happened, or it says that it may have.
CODA_CONTRACT_TEST(contract, cancelled_anywhere_a_write_tells_the_truth) {
    auto& c = this->connected({.connections = 2});
    auto const attempt = [&]() -> task<bool> {
        auto const key = this->fresh_key();
        auto const r = co_await as_result(this->write(c, key));
        co_await coda::shield(this->expect_echo(c, "after it"));
        if (r.has_value()) {
            EXPECT_EQ(this->store().count(key), 1);
            co_return true;
        }
        EXPECT_EQ(r.error().code(), coda::errc::cancelled) << r.error().message();
        if (r.error().outcome() == outcome::not_sent) {
            EXPECT_EQ(this->store().count(key), 0);
        }
        co_return false;
    };
    EXPECT_GT(this->run(coda::test::cancel_everywhere(attempt)), 0);
}

// From the connect on.
CODA_CONTRACT_TEST(contract, cancelled_anywhere_it_leaves_the_client_usable) {
    auto const attempt = [&]() -> task<bool> {
        auto& c = this->make();
        auto const r = co_await as_result(this->echo(c, "first"));
        if (r.has_error()) {
            EXPECT_EQ(r.error().code(), coda::errc::cancelled) << r.error().message();
        }
        co_await coda::shield(this->expect_echo(c, "second"));
        this->destroy_clients();
        co_return r.has_value();
    };
    EXPECT_GT(this->run(coda::test::cancel_everywhere(attempt)), 0);
}

} // namespace coda::test::contract_tests
