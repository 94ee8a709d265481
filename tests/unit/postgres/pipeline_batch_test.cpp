// SPDX-License-Identifier: BSL-1.0
// What is more than one statement, or gives its rows one by one.
#include "pipeline.hpp"

#include <gtest/gtest.h>

#include <deque>

namespace postgres_pipeline_batch_test {

using coda::pg::detail::pipeline;
using coda::pg::detail::reply;
using request = coda::pipeline_request;
using what = pipeline::step::what;
using stage = request::stage;

void expect_step(pipeline::step const& got, what does, request* who) {
    EXPECT_EQ(got.does, does);
    EXPECT_EQ(got.who, who);
}

// A batch that is open, before `r[1]`.
class a_batch : public testing::Test {
protected:
    a_batch() {
        for (auto& each : r) p.enqueue(each);
        p.sent_batch(*p.next());
    }
    ~a_batch() override {
        while (p.take_any().who != nullptr) {}
    }
    pipeline p{4, 4};
    std::deque<request> r{2};
};

TEST_F(a_batch, is_open_until_its_last_sync) {
    EXPECT_TRUE(p.is_open());
    EXPECT_EQ(p.youngest(), &r[0]);
    p.sent_part({});
    EXPECT_TRUE(p.is_open());
    p.sent_last_sync();
    EXPECT_FALSE(p.is_open());
    p.sent(*p.next(), {});
    EXPECT_EQ(p.in_flight(), 2u);
    expect_step(p.on_reply(reply::success), what::part, &r[0]);
    expect_step(p.on_reply(reply::sync), what::ended, &r[0]);
    EXPECT_EQ(r[0].at, stage::ended);
    expect_step(p.on_reply(reply::success), what::result, &r[1]);
    expect_step(p.on_reply(reply::sync), what::ended, &r[1]);
}

TEST_F(a_batch, tells_each_part_and_not_its_preparation) {
    p.sent_part({.statement = 7, .prepares = true});
    for (int i = 0; i < 100; ++i) p.sent_part({.statement = 7});
    p.sent_part({.statement = 8, .prepares = true});
    p.sent_part({.statement = 7});
    p.sent_last_sync();
    EXPECT_TRUE(p.at_preparation());
    EXPECT_EQ(p.current_statement(), 7u);
    expect_step(p.on_reply(reply::success), what::nothing, nullptr);
    for (int i = 0; i < 101; ++i) {
        EXPECT_FALSE(p.at_preparation());
        expect_step(p.on_reply(reply::success), what::part, &r[0]);
    }
    EXPECT_TRUE(p.at_preparation());
    EXPECT_EQ(p.current_statement(), 8u);
    expect_step(p.on_reply(reply::success), what::nothing, nullptr);
    expect_step(p.on_reply(reply::success), what::part, &r[0]);
    EXPECT_EQ(p.current_statement(), 7u);
    expect_step(p.on_reply(reply::success), what::part, &r[0]);
    expect_step(p.on_reply(reply::sync), what::ended, &r[0]);
}

TEST_F(a_batch, tells_those_that_were_skipped_each) {
    for (int i = 0; i < 3; ++i) p.sent_part({.statement = 7});
    p.sent_part({.statement = 8, .prepares = true});
    p.sent_last_sync();
    expect_step(p.on_reply(reply::success), what::part, &r[0]);
    expect_step(p.on_reply(reply::failure), what::part, &r[0]);
    expect_step(p.on_reply(reply::skipped), what::skipped, &r[0]);
    expect_step(p.on_reply(reply::skipped), what::nothing, nullptr);
    expect_step(p.on_reply(reply::skipped), what::skipped, &r[0]);
    expect_step(p.on_reply(reply::sync), what::ended, &r[0]);
}

TEST_F(a_batch, tells_a_part_that_cannot_be_prepared_once) {
    p.sent_part({.statement = 7, .prepares = true});
    p.sent_part({.statement = 7});
    p.sent_last_sync();
    expect_step(p.on_reply(reply::failure), what::part, &r[0]);
    expect_step(p.on_reply(reply::skipped), what::nothing, nullptr);
    expect_step(p.on_reply(reply::skipped), what::skipped, &r[0]);
    expect_step(p.on_reply(reply::sync), what::ended, &r[0]);
}

TEST_F(a_batch, of_several_syncs_tells_each_and_goes_on_behind_a_failure) {
    p.sent_part({.statement = 7});
    p.sent_part_sync();
    p.sent_part({.statement = 7});
    p.sent_part_sync();
    p.sent_part({.statement = 7});
    p.sent_last_sync();
    expect_step(p.on_reply(reply::failure), what::part, &r[0]);
    expect_step(p.on_reply(reply::sync), what::synced, &r[0]);
    expect_step(p.on_reply(reply::success), what::part, &r[0]);
    expect_step(p.on_reply(reply::failure), what::result, &r[0]); // the Sync itself
    expect_step(p.on_reply(reply::failure), what::nothing, nullptr);
    expect_step(p.on_reply(reply::sync), what::synced, &r[0]);
    expect_step(p.on_reply(reply::success), what::part, &r[0]);
    expect_step(p.on_reply(reply::failure), what::result, &r[0]);
    expect_step(p.on_reply(reply::sync), what::ended, &r[0]);
}

TEST_F(a_batch, whose_caller_has_left_drains) {
    p.sent_part({.statement = 7});
    p.sent_part({.statement = 7});
    EXPECT_FALSE(p.abandon(r[0]));
    EXPECT_EQ(p.youngest(), nullptr);
    EXPECT_TRUE(p.is_open());
    EXPECT_TRUE(p.unwanted());
    p.sent_last_sync();
    expect_step(p.on_reply(reply::success), what::nothing, nullptr);
    expect_step(p.on_reply(reply::failure), what::nothing, nullptr);
    expect_step(p.on_reply(reply::sync), what::nothing, nullptr);
    EXPECT_EQ(p.in_flight(), 0u);
}

TEST_F(a_batch, may_have_more_parts_than_there_are_places) {
    for (std::uint64_t i = 0; i < 1'000; ++i) p.sent_part({.statement = i + 1});
    p.sent_last_sync();
    p.sent(*p.next(), {.statement = 5});
    for (std::uint64_t i = 0; i < 1'000; ++i) {
        EXPECT_EQ(p.current_statement(), i + 1);
        expect_step(p.on_reply(reply::success), what::part, &r[0]);
    }
    expect_step(p.on_reply(reply::sync), what::ended, &r[0]);
    EXPECT_EQ(p.current_statement(), 5u);
    expect_step(p.on_reply(reply::success), what::result, &r[1]);
    expect_step(p.on_reply(reply::sync), what::ended, &r[1]);
}

TEST_F(a_batch, that_is_not_asked_is_broken) {
    EXPECT_EQ(p.on_reply(reply::success).does, what::broken);
    EXPECT_EQ(p.on_reply(reply::sync).does, what::broken);
    p.sent_part({});
    EXPECT_EQ(p.on_reply(reply::sync).does, what::broken);
    EXPECT_EQ(p.on_reply(reply::row).does, what::broken);
}

// A statement whose rows come one by one.
class rows_one_by_one : public testing::Test {
protected:
    rows_one_by_one() {
        for (auto& each : r) p.enqueue(each);
    }
    ~rows_one_by_one() override {
        while (p.take_any().who != nullptr) {}
    }
    pipeline p{4, 4};
    std::deque<request> r{2};
};

TEST_F(rows_one_by_one, come_behind_its_preparation_and_before_its_end) {
    p.sent(*p.next(), {});
    p.sent(*p.next(), {.statement = 3, .prepares = true, .by_row = true});
    EXPECT_TRUE(p.by_row());
    EXPECT_FALSE(p.at_rows());
    p.on_reply(reply::success);
    p.on_reply(reply::sync);
    EXPECT_FALSE(p.at_rows());
    expect_step(p.on_reply(reply::success), what::nothing, nullptr); // prepared
    EXPECT_TRUE(p.at_rows());
    for (int i = 0; i < 10; ++i) expect_step(p.on_reply(reply::row), what::row, &r[1]);
    expect_step(p.on_reply(reply::success), what::result, &r[1]);
    EXPECT_FALSE(p.at_rows());
    EXPECT_TRUE(p.by_row());
    expect_step(p.on_reply(reply::sync), what::ended, &r[1]);
    EXPECT_FALSE(p.by_row());
}

TEST_F(rows_one_by_one, nobody_asked_for_are_broken) {
    p.sent(*p.next(), {});
    EXPECT_EQ(p.on_reply(reply::row).does, what::broken);
}

TEST_F(rows_one_by_one, drain_when_their_reader_has_left) {
    p.sent(*p.next(), {.by_row = true});
    expect_step(p.on_reply(reply::row), what::row, &r[0]);
    EXPECT_FALSE(p.abandon(r[0]));
    EXPECT_EQ(p.youngest(), nullptr);
    expect_step(p.on_reply(reply::row), what::row, nullptr);
    expect_step(p.on_reply(reply::failure), what::nothing, nullptr);
    expect_step(p.on_reply(reply::sync), what::nothing, nullptr);
    EXPECT_EQ(p.in_flight(), 0u);
}

// As many results as there are, in any number; then its Sync, alone.
TEST(a_script_in_a_pipeline, is_answered_with_each_result_and_then_its_end) {
    pipeline p(8, 8);
    std::deque<request> r(2);
    for (auto& x : r) p.enqueue(x);
    p.sent_script(*p.next());
    EXPECT_TRUE(p.in_script());
    expect_step(p.on_reply(reply::success), what::result, &r[0]);
    expect_step(p.on_reply(reply::row), what::nothing, nullptr);
    expect_step(p.on_reply(reply::success), what::result, &r[0]);
    expect_step(p.on_reply(reply::failure), what::result, &r[0]);
    expect_step(p.on_reply(reply::sync), what::ended, &r[0]);
    EXPECT_FALSE(p.in_script());
    p.sent(*p.next(), {});
    expect_step(p.on_reply(reply::success), what::result, &r[1]);
    expect_step(p.on_reply(reply::sync), what::ended, &r[1]);
}

TEST(a_script_in_a_pipeline, drains_when_its_caller_has_left) {
    pipeline p(8, 8);
    request r;
    p.enqueue(r);
    p.sent_script(r);
    EXPECT_FALSE(p.abandon(r));
    EXPECT_TRUE(p.unwanted());
    expect_step(p.on_reply(reply::success), what::nothing, nullptr);
    expect_step(p.on_reply(reply::failure), what::nothing, nullptr);
    expect_step(p.on_reply(reply::sync), what::nothing, nullptr);
    EXPECT_EQ(p.load(), 0u);
}

TEST(a_script_in_a_pipeline, is_broken_by_what_it_cannot_be_answered_with) {
    pipeline p(8, 8);
    request r;
    p.enqueue(r);
    p.sent_script(r);
    EXPECT_EQ(p.on_reply(reply::skipped).does, what::broken);
}

} // namespace postgres_pipeline_batch_test
