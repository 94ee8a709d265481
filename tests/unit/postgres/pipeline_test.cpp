// SPDX-License-Identifier: BSL-1.0
#include "pipeline.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <vector>

namespace postgres_pipeline_test {

using coda::pg::detail::pipeline;
using coda::pg::detail::reply;
using request = coda::pipeline_request;
using what = pipeline::step::what;
using stage = request::stage;

// Sends all that may be sent, each as one command.
std::vector<request*> send_all(pipeline& p) {
    std::vector<request*> sent;
    while (request* const next = p.next()) {
        p.sent(*next, {});
        sent.push_back(next);
    }
    return sent;
}

void expect_step(pipeline::step const& got, what does, request* who) {
    EXPECT_EQ(got.does, does);
    EXPECT_EQ(got.who, who);
}

// The reply to a Sync, and whose statement is through with it; nullptr: nobody's who waits for it now.
void expect_ended(pipeline& p, request* who) {
    expect_step(p.on_reply(reply::sync), who != nullptr ? what::ended : what::nothing, who);
}

// Sends what is queued as one group.
void send_group(pipeline& p, std::size_t size) {
    for (std::size_t i = 0; i < size; ++i) p.sent(*p.next(), {.fenced = i == 0, .grouped = true, .open = i + 1 < size});
}

// One statement's replies: its rows, then its Sync.
void answer(pipeline& p, request& r) {
    expect_step(p.on_reply(reply::success), what::result, &r);
    expect_ended(p, &r);
}

TEST(pipeline, sends_and_answers_in_the_order_of_queueing) {
    pipeline p(8, 8);
    std::deque<request> r(5);
    for (auto& x : r) p.enqueue(x);
    EXPECT_EQ(send_all(p), (std::vector{&r[0], &r[1], &r[2], &r[3], &r[4]}));
    EXPECT_EQ(p.in_flight(), 5u);
    for (auto& x : r) {
        EXPECT_EQ(x.at, stage::sent);
        answer(p, x);
        EXPECT_EQ(x.at, stage::ended);
    }
    EXPECT_EQ(p.load(), 0u);
}

TEST(pipeline, never_has_more_in_flight_than_allowed) {
    pipeline p(2, 8);
    std::deque<request> r(5);
    for (auto& x : r) p.enqueue(x);
    EXPECT_EQ(send_all(p), (std::vector{&r[0], &r[1]}));
    EXPECT_EQ(p.load(), 5u);
    EXPECT_EQ(p.next(), nullptr);
    answer(p, r[0]);
    EXPECT_EQ(send_all(p), (std::vector{&r[2]}));
    answer(p, r[1]);
    answer(p, r[2]);
    EXPECT_EQ(send_all(p), (std::vector{&r[3], &r[4]}));
    answer(p, r[3]);
    answer(p, r[4]);
    EXPECT_EQ(p.next(), nullptr);
}

TEST(pipeline, is_full_when_its_queue_is_whatever_is_in_flight) {
    pipeline p(1, 2);
    std::deque<request> r(3);
    p.enqueue(r[0]);
    EXPECT_TRUE(p.takes(r[1]));
    send_all(p);
    p.enqueue(r[1]);
    EXPECT_TRUE(p.takes(r[2]));
    p.enqueue(r[2]);
    request another;
    EXPECT_FALSE(p.takes(another));
    EXPECT_TRUE(p.abandon(r[1]));
    EXPECT_TRUE(p.takes(another));
    answer(p, r[0]);
    send_all(p);
    answer(p, r[2]);
}

TEST(pipeline, is_full_when_what_is_queued_has_too_many_bytes) {
    pipeline p(1, 100);
    p.set_max_queued_bytes(10);
    std::deque<request> r(5);
    for (std::size_t i = 0; i < 5; ++i) r[i].bytes = std::vector<std::size_t>{100, 6, 4, 1, 11}[i];
    EXPECT_TRUE(p.takes(r[0])) << "it is the only one";
    p.enqueue(r[0]);
    EXPECT_FALSE(p.takes(r[3])) << "behind one that is larger than all may be";
    EXPECT_TRUE(p.takes(request())) << "it has no bytes";
    send_all(p);
    p.enqueue(r[1]);
    EXPECT_TRUE(p.takes(r[2]));
    p.enqueue(r[2]);
    EXPECT_FALSE(p.takes(r[3]));
    EXPECT_TRUE(p.abandon(r[2]));
    EXPECT_TRUE(p.takes(r[2]));
    EXPECT_FALSE(p.takes(r[4]));
    answer(p, r[0]);
    send_all(p); // r[1]
    EXPECT_TRUE(p.takes(r[4]));
    answer(p, r[1]);
}

TEST(pipeline, prepares_and_executes_in_one_sync) {
    pipeline p(2, 2);
    request r;
    p.enqueue(r);
    p.sent(*p.next(), {.statement = 7, .prepares = true});
    EXPECT_TRUE(p.at_preparation());
    EXPECT_EQ(p.current_statement(), 7u);
    expect_step(p.on_reply(reply::success), what::nothing, nullptr); // prepared
    EXPECT_FALSE(p.at_preparation());
    expect_step(p.on_reply(reply::success), what::result, &r);
    expect_ended(p, &r);
}

TEST(pipeline, a_failed_preparation_is_the_result_and_the_skipped_execution_is_not) {
    pipeline p(2, 2);
    request r;
    p.enqueue(r);
    p.sent(*p.next(), {.statement = 7, .prepares = true});
    expect_step(p.on_reply(reply::failure), what::result, &r);
    expect_step(p.on_reply(reply::skipped), what::nothing, nullptr);
    EXPECT_EQ(r.at, stage::sent) << "not through before its Sync";
    expect_ended(p, &r);
}

TEST(pipeline, a_failed_execution_after_its_preparation_is_the_result) {
    pipeline p(2, 2);
    request r;
    p.enqueue(r);
    p.sent(*p.next(), {.statement = 7, .prepares = true});
    expect_step(p.on_reply(reply::success), what::nothing, nullptr);
    expect_step(p.on_reply(reply::failure), what::result, &r);
    expect_ended(p, &r);
}

TEST(pipeline, a_failure_at_the_sync_replaces_the_rows) { // a deferred constraint
    pipeline p(2, 2);
    request r;
    p.enqueue(r);
    send_all(p);
    expect_step(p.on_reply(reply::success), what::result, &r);
    expect_step(p.on_reply(reply::failure), what::result, &r);
    expect_ended(p, &r);
    EXPECT_EQ(p.load(), 0u);
}

TEST(pipeline, only_the_first_failure_of_a_statement_is_its_result) {
    pipeline p(2, 2);
    request r;
    p.enqueue(r);
    send_all(p);
    expect_step(p.on_reply(reply::failure), what::result, &r);
    expect_step(p.on_reply(reply::failure), what::nothing, nullptr);
    expect_ended(p, &r);
}

TEST(pipeline, a_statement_that_repeats_is_queued_again_first_and_answered_once) {
    pipeline p(1, 8);
    std::deque<request> r(2);
    for (auto& x : r) p.enqueue(x);
    send_all(p);
    expect_step(p.on_reply(reply::failure), what::result, &r[0]);
    p.repeat();
    expect_step(p.on_reply(reply::sync), what::nothing, nullptr);
    EXPECT_EQ(send_all(p), (std::vector{&r[0]}));
    answer(p, r[0]);
    EXPECT_EQ(send_all(p), (std::vector{&r[1]}));
    answer(p, r[1]);
}

TEST(pipeline, a_statement_alone_that_is_refused_is_queued_again) {
    pipeline p(8, 8);
    std::deque<request> r(2);
    for (auto& x : r) p.enqueue(x);
    send_all(p);
    expect_step(p.on_reply(reply::refused), what::nothing, nullptr);
    expect_step(p.on_reply(reply::sync), what::nothing, nullptr);
    answer(p, r[1]);
    EXPECT_EQ(send_all(p), (std::vector{&r[0]}));
    answer(p, r[0]);
}

TEST(pipeline, a_statement_whose_caller_left_does_not_repeat) {
    pipeline p(8, 8);
    request r;
    p.enqueue(r);
    send_all(p);
    p.on_reply(reply::refused);
    EXPECT_FALSE(p.abandon(r));
    expect_ended(p, nullptr);
    EXPECT_EQ(p.load(), 0u);
}

TEST(pipeline, one_failure_does_not_touch_the_next_statement) {
    pipeline p(4, 4);
    std::deque<request> r(2);
    for (auto& x : r) p.enqueue(x);
    send_all(p);
    expect_step(p.on_reply(reply::failure), what::result, &r[0]);
    expect_ended(p, &r[0]);
    answer(p, r[1]);
}

TEST(pipeline, a_sync_before_the_reply_is_broken) {
    pipeline p(2, 2);
    request r;
    p.enqueue(r);
    send_all(p);
    expect_step(p.on_reply(reply::sync), what::broken, &r);
    EXPECT_EQ(p.in_flight(), 1u) << "still to be told";
}

TEST(pipeline, rows_after_the_last_command_are_broken) {
    pipeline p(2, 2);
    request r;
    p.enqueue(r);
    send_all(p);
    expect_step(p.on_reply(reply::success), what::result, &r);
    expect_step(p.on_reply(reply::success), what::broken, &r);
}

TEST(pipeline, a_queued_statement_that_is_abandoned_is_never_sent) {
    pipeline p(8, 8);
    std::deque<request> r(3);
    for (auto& x : r) p.enqueue(x);
    EXPECT_TRUE(p.abandon(r[1]));
    EXPECT_EQ(r[1].at, stage::ended);
    EXPECT_FALSE(p.draining());
    EXPECT_EQ(send_all(p), (std::vector{&r[0], &r[2]}));
    answer(p, r[0]);
    answer(p, r[2]);
    EXPECT_EQ(p.load(), 0u);
}

TEST(pipeline, a_sent_statement_that_is_abandoned_drains_in_its_place) {
    pipeline p(8, 8);
    std::deque<request> r(3);
    for (auto& x : r) p.enqueue(x);
    send_all(p);
    EXPECT_FALSE(p.abandon(r[1]));
    EXPECT_EQ(r[1].at, stage::ended);
    EXPECT_TRUE(p.draining());
    EXPECT_FALSE(p.front_drains());
    EXPECT_EQ(p.load(), 3u) << "its slot counts until its reply has come";
    answer(p, r[0]);
    EXPECT_TRUE(p.front_drains());
    expect_step(p.on_reply(reply::success), what::nothing, nullptr);
    expect_ended(p, nullptr);
    EXPECT_FALSE(p.draining());
    answer(p, r[2]);
}

TEST(pipeline, an_abandoned_statement_may_fail_unheard) {
    pipeline p(8, 8);
    std::deque<request> r(2);
    for (auto& x : r) p.enqueue(x);
    p.sent(*p.next(), {.statement = 1, .prepares = true});
    p.sent(*p.next(), {});
    EXPECT_FALSE(p.abandon(r[0]));
    expect_step(p.on_reply(reply::failure), what::nothing, nullptr);
    expect_step(p.on_reply(reply::skipped), what::nothing, nullptr);
    expect_ended(p, nullptr);
    answer(p, r[1]);
}

TEST(pipeline, abandoned_between_its_rows_and_its_sync_it_drains) {
    pipeline p(8, 8);
    request r;
    p.enqueue(r);
    send_all(p);
    expect_step(p.on_reply(reply::success), what::result, &r);
    EXPECT_FALSE(p.abandon(r));
    expect_ended(p, nullptr);
    EXPECT_FALSE(p.draining());
    EXPECT_EQ(p.load(), 0u);
}

TEST(pipeline, abandoning_what_has_ended_changes_nothing) {
    pipeline p(8, 8);
    std::deque<request> r(2);
    for (auto& x : r) p.enqueue(x);
    send_all(p);
    answer(p, r[0]);
    EXPECT_FALSE(p.abandon(r[0]));
    EXPECT_FALSE(p.draining());
    answer(p, r[1]);
}

TEST(pipeline, what_nobody_waits_for_always_fits_before_the_next) {
    pipeline p(1, 4);
    std::deque<request> r(2);
    for (auto& x : r) p.enqueue(x);
    ASSERT_EQ(p.next(), &r[0]);
    p.sent_unowned();
    p.sent(r[0], {});
    EXPECT_EQ(p.in_flight(), 2u);
    EXPECT_TRUE(p.front_drains());
    EXPECT_EQ(p.next(), nullptr);
    expect_step(p.on_reply(reply::failure), what::nothing, nullptr);
    expect_ended(p, nullptr);
    EXPECT_EQ(p.next(), nullptr) << "still one in flight";
    answer(p, r[0]);
    EXPECT_EQ(p.next(), &r[1]);
    EXPECT_TRUE(p.abandon(r[1]));
}

TEST(pipeline, each_of_a_group_is_answered_by_its_own_reply_and_the_last_by_the_sync) {
    pipeline p(8, 8);
    std::deque<request> r(4);
    for (auto& x : r) p.enqueue(x);
    send_group(p, 3);
    p.sent(*p.next(), {});
    EXPECT_TRUE(p.in_group());
    EXPECT_TRUE(p.at_fence());
    expect_step(p.on_reply(reply::success), what::nothing, nullptr); // the fence stands
    for (std::size_t i : {0u, 1u}) {
        EXPECT_FALSE(p.at_fence());
        EXPECT_EQ(p.current(), &r[i]);
        expect_step(p.on_reply(reply::success), what::answer, &r[i]);
        EXPECT_EQ(r[i].at, stage::ended);
    }
    expect_step(p.on_reply(reply::success), what::result, &r[2]);
    expect_ended(p, &r[2]);
    EXPECT_FALSE(p.in_group());
    answer(p, r[3]);
}

TEST(pipeline, those_that_an_error_in_their_group_has_skipped_are_queued_again_first) {
    pipeline p(8, 8);
    std::deque<request> r(5);
    for (auto& x : r) p.enqueue(x);
    send_group(p, 4);
    p.on_reply(reply::success);
    expect_step(p.on_reply(reply::success), what::answer, &r[0]);
    expect_step(p.on_reply(reply::failure), what::answer, &r[1]);
    expect_step(p.on_reply(reply::skipped), what::nothing, nullptr);
    expect_step(p.on_reply(reply::skipped), what::nothing, nullptr);
    expect_ended(p, nullptr);
    EXPECT_EQ(r[2].at, stage::queued);
    EXPECT_EQ(p.load(), 3u);
    EXPECT_EQ(send_all(p), (std::vector{&r[2], &r[3], &r[4]}));
    for (std::size_t i : {2u, 3u, 4u}) answer(p, r[i]);
}

TEST(pipeline, those_that_wait_for_the_end_of_their_group_can_leave_and_be_lost) {
    pipeline p(8, 8);
    std::deque<request> r(5);
    for (auto& x : r) p.enqueue(x);
    send_group(p, 4);
    p.on_reply(reply::success);
    expect_step(p.on_reply(reply::failure), what::answer, &r[0]);
    expect_step(p.on_reply(reply::skipped), what::nothing, nullptr);
    expect_step(p.on_reply(reply::skipped), what::nothing, nullptr);
    EXPECT_EQ(p.load(), 4u);
    EXPECT_TRUE(p.abandon(r[1])) << "it was not run";
    EXPECT_EQ(p.load(), 3u);
    auto const first = p.take_any();
    EXPECT_EQ(first.who, &r[3]);
    EXPECT_TRUE(first.sent);
    for (std::size_t i : {2u, 4u}) {
        auto const next = p.take_any();
        EXPECT_EQ(next.who, &r[i]);
        EXPECT_FALSE(next.sent);
    }
    EXPECT_EQ(p.take_any().who, nullptr);
    EXPECT_EQ(p.load(), 0u);
}

TEST(pipeline, one_of_a_group_that_cannot_be_prepared_ends_when_its_execution_was_skipped) {
    pipeline p(8, 8);
    std::deque<request> r(2);
    for (auto& x : r) p.enqueue(x);
    p.sent(*p.next(), {.statement = 3, .fenced = true, .prepares = true, .grouped = true, .open = true});
    p.sent(*p.next(), {.grouped = true});
    p.on_reply(reply::success);
    expect_step(p.on_reply(reply::failure), what::result, &r[0]);
    expect_step(p.on_reply(reply::skipped), what::ended, &r[0]);
    expect_step(p.on_reply(reply::skipped), what::nothing, nullptr);
    expect_ended(p, nullptr);
    EXPECT_EQ(send_all(p), (std::vector{&r[1]}));
    answer(p, r[1]);
}

TEST(pipeline, one_that_the_fence_has_refused_is_queued_again_with_those_it_skipped) {
    pipeline p(8, 8);
    std::deque<request> r(3);
    for (auto& x : r) p.enqueue(x);
    send_group(p, 3);
    p.on_reply(reply::success);
    expect_step(p.on_reply(reply::success), what::answer, &r[0]);
    expect_step(p.on_reply(reply::refused), what::nothing, nullptr);
    expect_step(p.on_reply(reply::skipped), what::nothing, nullptr);
    expect_ended(p, nullptr);
    EXPECT_EQ(send_all(p), (std::vector{&r[1], &r[2]}));
    answer(p, r[1]);
    answer(p, r[2]);
}

TEST(pipeline, without_its_fence_nobody_of_a_group_was_run) {
    pipeline p(8, 8);
    std::deque<request> r(2);
    for (auto& x : r) p.enqueue(x);
    p.sent(*p.next(), {.statement = 3, .fenced = true, .prepares = true, .grouped = true, .open = true});
    p.sent(*p.next(), {.grouped = true});
    EXPECT_TRUE(p.at_fence());
    EXPECT_FALSE(p.at_preparation());
    expect_step(p.on_reply(reply::failure), what::nothing, nullptr);
    EXPECT_TRUE(p.at_preparation()) << "whose statement is not prepared then";
    for (int i = 0; i < 3; ++i) expect_step(p.on_reply(reply::skipped), what::nothing, nullptr);
    expect_ended(p, nullptr);
    EXPECT_EQ(send_all(p), (std::vector{&r[0], &r[1]}));
    answer(p, r[0]);
    answer(p, r[1]);
}

TEST(pipeline, what_a_group_has_read_stands_though_its_transaction_cannot_end) {
    pipeline p(8, 8);
    std::deque<request> r(2);
    for (auto& x : r) p.enqueue(x);
    send_group(p, 2);
    p.on_reply(reply::success);
    expect_step(p.on_reply(reply::success), what::answer, &r[0]);
    expect_step(p.on_reply(reply::success), what::result, &r[1]);
    expect_step(p.on_reply(reply::failure), what::nothing, nullptr);
    expect_ended(p, &r[1]);
    EXPECT_EQ(p.load(), 0u);
}

// What the drain timer, and asking the server to cancel, go by.
TEST(pipeline, the_front_of_a_group_is_the_statement_that_runs) {
    pipeline p(8, 8);
    std::deque<request> r(3);
    for (auto& x : r) p.enqueue(x);
    send_group(p, 3);
    EXPECT_FALSE(p.abandon(r[0]));
    EXPECT_FALSE(p.abandon(r[2]));
    EXPECT_TRUE(p.front_drains());
    EXPECT_FALSE(p.unwanted());
    p.on_reply(reply::success);
    expect_step(p.on_reply(reply::success), what::nothing, nullptr);
    EXPECT_FALSE(p.front_drains());
    expect_step(p.on_reply(reply::success), what::answer, &r[1]);
    EXPECT_TRUE(p.front_drains());
    EXPECT_TRUE(p.unwanted()) << "those who waited have been told";
    expect_step(p.on_reply(reply::success), what::nothing, nullptr);
    expect_ended(p, nullptr);
    EXPECT_EQ(p.load(), 0u);
}

TEST(pipeline, a_sync_within_a_group_is_out_of_order) {
    pipeline p(8, 8);
    std::deque<request> r(2);
    for (auto& x : r) p.enqueue(x);
    send_group(p, 2);
    p.on_reply(reply::success);
    p.on_reply(reply::success);
    EXPECT_EQ(p.on_reply(reply::sync).does, what::broken);
    while (p.take_any().who != nullptr) {}
}

TEST(pipeline, counts_what_is_queued_in_a_row) {
    pipeline p(2, 8);
    std::deque<request> r(5);
    for (auto& x : r) p.enqueue(x);
    auto const others_than = [](request const& x) { return [&x](request const& each) { return &each != &x; }; };
    EXPECT_EQ(p.count_queued(8, others_than(r[3])), 3u);
    EXPECT_EQ(p.count_queued(2, others_than(r[3])), 2u);
    EXPECT_EQ(p.count_queued(8, others_than(r[0])), 0u);
    EXPECT_EQ(p.count_queued(8, [](request const&) { return true; }), 5u);
    EXPECT_EQ(p.room(), 2u);
    send_all(p);
    EXPECT_EQ(p.room(), 0u);
    while (p.take_any().who != nullptr) {}
}

// What the server may be asked to cancel.
TEST(pipeline, is_unwanted_when_every_caller_in_flight_has_left) {
    pipeline p(8, 8);
    std::deque<request> r(3);
    for (auto& x : r) p.enqueue(x);
    EXPECT_FALSE(p.unwanted());
    p.sent(*p.next(), {});
    p.sent(*p.next(), {});
    p.abandon(r[0]);
    EXPECT_FALSE(p.unwanted());
    p.abandon(r[1]);
    EXPECT_TRUE(p.unwanted()) << "whatever is queued";
    p.on_reply(reply::success);
    p.on_reply(reply::sync);
    EXPECT_TRUE(p.unwanted());
    p.on_reply(reply::success);
    p.on_reply(reply::sync);
    EXPECT_FALSE(p.unwanted()) << "nothing is in flight";
    EXPECT_TRUE(p.abandon(r[2]));
}

TEST(pipeline, what_the_driver_sent_itself_is_not_unwanted) {
    pipeline p(8, 8);
    request r;
    p.enqueue(r);
    p.sent_unowned();
    p.sent(r, {});
    p.abandon(r);
    EXPECT_FALSE(p.unwanted());
    p.on_reply(reply::success);
    p.on_reply(reply::sync);
    EXPECT_TRUE(p.unwanted());
    p.on_reply(reply::success);
    p.on_reply(reply::sync);
    EXPECT_FALSE(p.unwanted());
}

TEST(pipeline, a_loss_ends_in_flight_first_then_queued_each_once) {
    pipeline p(3, 8);
    std::deque<request> r(5);
    for (auto& x : r) p.enqueue(x);
    send_all(p);
    EXPECT_FALSE(p.abandon(r[1]));
    EXPECT_TRUE(p.abandon(r[3]));
    std::vector<request*> ended;
    std::vector<bool> sent;
    while (true) {
        auto const left = p.take_any();
        if (left.who == nullptr) break;
        EXPECT_EQ(left.who->at, stage::ended);
        ended.push_back(left.who);
        sent.push_back(left.sent);
    }
    EXPECT_EQ(ended, (std::vector{&r[0], &r[2], &r[4]}));
    EXPECT_EQ(sent, (std::vector{true, true, false}));
    EXPECT_EQ(p.load(), 0u);
    EXPECT_FALSE(p.draining());
}

TEST(pipeline, a_queued_statement_behind_abandoned_ones_was_not_sent) {
    pipeline p(1, 8);
    std::deque<request> r(2);
    for (auto& x : r) p.enqueue(x);
    send_all(p);
    EXPECT_FALSE(p.abandon(r[0]));
    auto const left = p.take_any();
    EXPECT_EQ(left.who, &r[1]);
    EXPECT_FALSE(left.sent);
}

// Each slot is found by its ticket, however often the ring has gone round.
TEST(pipeline, tickets_survive_the_ring_going_round) {
    constexpr std::size_t window = 3;
    pipeline p(window, 1000);
    std::deque<request> r(1000);
    for (auto& x : r) p.enqueue(x);
    send_all(p);
    for (std::size_t i = 0; i < r.size(); ++i) {
        bool const leaves = i % 3 == 1;
        if (leaves) {
            EXPECT_EQ(r[i].ticket, p.front_ticket());
            EXPECT_FALSE(p.abandon(r[i]));
        }
        std::size_t const later = i + window - 1; // the youngest in flight
        bool const youngest_leaves = later < r.size() && later % 3 == 1 && r[later].at == stage::sent;
        if (youngest_leaves) {
            EXPECT_FALSE(p.abandon(r[later]));
        }
        bool const owned = r[i].at == stage::sent;
        auto const rows = p.on_reply(reply::success);
        EXPECT_EQ(rows.who, owned ? &r[i] : nullptr) << i;
        expect_ended(p, owned ? &r[i] : nullptr);
        EXPECT_LE(send_all(p).size(), 1u);
        EXPECT_LE(p.in_flight(), window);
    }
    EXPECT_EQ(p.load(), 0u);
    EXPECT_FALSE(p.draining());
}

} // namespace postgres_pipeline_test
