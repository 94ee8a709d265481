// SPDX-License-Identifier: BSL-1.0
#include "server_cancel.hpp"

#include <gtest/gtest.h>

namespace postgres_server_cancel_test {

using namespace std::chrono_literals;
using coda::outcome;
using coda::pg::detail::server_cancel;
using action = server_cancel::action;

constexpr bool in_flight = true;
constexpr bool none_in_flight = false;
constexpr bool unwanted = true;
constexpr bool wanted = false;

// At the moment in which the server is asked.
server_cancel asking() {
    server_cancel c(true, 5ms);
    EXPECT_EQ(c.changed(in_flight, unwanted), action::arm);
    EXPECT_EQ(c.timer_expired(), action::ask);
    return c;
}

TEST(server_cancel, leaves_alone_what_somebody_waits_for) {
    server_cancel c(true, 5ms);
    EXPECT_EQ(c.changed(in_flight, wanted), action::nothing);
    EXPECT_EQ(c.changed(none_in_flight, wanted), action::nothing);
    EXPECT_FALSE(c.holds_back());
}

TEST(server_cancel, switched_off_it_does_nothing) {
    server_cancel c(false, 5ms);
    EXPECT_EQ(c.changed(in_flight, unwanted), action::nothing);
    EXPECT_FALSE(c.holds_back());
}

TEST(server_cancel, holds_back_the_rest_from_the_moment_the_last_caller_leaves) {
    server_cancel c(true, 5ms);
    EXPECT_EQ(c.changed(in_flight, unwanted), action::arm);
    EXPECT_EQ(c.pause(), 5ms);
    EXPECT_TRUE(c.holds_back());
}

TEST(server_cancel, does_not_ask_about_a_statement_that_ends_by_itself) {
    server_cancel c(true, 5ms);
    c.changed(in_flight, unwanted);
    EXPECT_EQ(c.changed(in_flight, unwanted), action::nothing) << "one of several has ended";
    EXPECT_EQ(c.changed(none_in_flight, wanted), action::resume);
    EXPECT_FALSE(c.holds_back());
    EXPECT_EQ(c.timer_expired(), action::nothing);
}

TEST(server_cancel, asks_when_the_statement_goes_on) {
    auto c = asking();
    EXPECT_TRUE(c.holds_back());
    EXPECT_EQ(c.timer_expired(), action::nothing) << "one request at a time";
}

TEST(server_cancel, goes_on_when_the_request_is_taken_and_then_the_replies_come) {
    auto c = asking();
    EXPECT_EQ(c.asked(outcome::completed, in_flight), action::arm);
    EXPECT_TRUE(c.holds_back());
    EXPECT_EQ(c.changed(none_in_flight, wanted), action::resume);
    EXPECT_FALSE(c.holds_back());
}

// What is sent now could be hit by the request.
TEST(server_cancel, waits_for_the_request_when_the_replies_come_first) {
    auto c = asking();
    EXPECT_EQ(c.changed(none_in_flight, wanted), action::nothing);
    EXPECT_TRUE(c.holds_back());
    EXPECT_EQ(c.asked(outcome::completed, none_in_flight), action::resume);
    EXPECT_FALSE(c.holds_back());
}

// It came before the statement had begun, say.
TEST(server_cancel, asks_again_ever_more_seldom_while_the_statement_goes_on) {
    auto c = asking();
    auto before = c.pause();
    for (int i = 0; i < 20; ++i) {
        EXPECT_EQ(c.asked(outcome::completed, in_flight), action::arm);
        EXPECT_GE(c.pause(), before);
        EXPECT_LE(c.pause(), 500ms);
        before = c.pause();
        EXPECT_EQ(c.timer_expired(), action::ask);
    }
    EXPECT_EQ(before, 500ms);
}

TEST(server_cancel, without_a_pause_before_it_there_is_one_between) {
    server_cancel c(true, 0ms);
    EXPECT_EQ(c.changed(in_flight, unwanted), action::arm);
    EXPECT_EQ(c.pause(), 0ms);
    EXPECT_EQ(c.timer_expired(), action::ask);
    EXPECT_EQ(c.asked(outcome::completed, in_flight), action::arm);
    EXPECT_GT(c.pause(), 0ms);
}

TEST(server_cancel, a_request_that_was_not_sent_is_tried_again) {
    auto c = asking();
    EXPECT_EQ(c.asked(outcome::not_sent, in_flight), action::arm);
    EXPECT_EQ(c.timer_expired(), action::ask);
    EXPECT_EQ(c.asked(outcome::not_sent, none_in_flight), action::resume) << "or is not needed any more";
}

TEST(server_cancel, a_request_that_may_still_strike_costs_the_connection) {
    auto c = asking();
    EXPECT_EQ(c.asked(outcome::unknown, in_flight), action::give_up);
    auto late = asking();
    EXPECT_EQ(late.changed(none_in_flight, wanted), action::nothing);
    EXPECT_EQ(late.asked(outcome::unknown, none_in_flight), action::give_up);
}

TEST(server_cancel, the_next_one_waits_as_long_as_the_first) {
    auto c = asking();
    c.asked(outcome::completed, in_flight);
    c.changed(none_in_flight, wanted);
    EXPECT_EQ(c.changed(in_flight, unwanted), action::arm);
    EXPECT_EQ(c.pause(), 5ms);
}

} // namespace postgres_server_cancel_test
