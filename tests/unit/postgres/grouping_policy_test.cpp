// SPDX-License-Identifier: BSL-1.0
#include "grouping_policy.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace postgres_grouping_policy_test {

using coda::pg::client_options;
using coda::pg::grouping;
using coda::pg::detail::grouped;
using coda::pg::detail::grouping_policy;

TEST(grouping_policy, is_by_the_callers_word_or_by_trial_or_not_at_all) {
    for (auto const& [when, usual, asked] : {std::tuple(grouping::off, grouped::never, grouped::never),
                                             std::tuple(grouping::asked, grouped::never, grouped::asked),
                                             std::tuple(grouping::automatic, grouped::tried, grouped::asked)}) {
        grouping_policy policy({.grouping = when});
        EXPECT_EQ(policy.choose("select 1", false), usual);
        EXPECT_EQ(policy.choose("select 1", true), asked);
    }
}

TEST(grouping_policy, groups_queries_and_nothing_that_could_end_the_fences_transaction) {
    grouping_policy policy({.grouping = grouping::automatic});
    for (auto const* sql : {"select 1", "SELECT 1", " /* c */ with x as (select 1) table x", "values (1)", "table t",
                            "(select 1) union (select 2)", "-- c\n( /**/ select 1)"})
        EXPECT_EQ(policy.choose(sql, false), grouped::tried) << sql;
    for (auto const* sql : {"call p()", "do $$ begin commit; end $$", "commit", "insert into t values (1)", "vacuum",
                            "explain analyze insert into t values (1)", "set x = 1", "", "selection"}) {
        EXPECT_EQ(policy.choose(sql, false), grouped::never) << sql;
        EXPECT_EQ(policy.choose(sql, true), grouped::never) << sql;
    }
}

TEST(grouping_policy, does_not_try_a_writer_again_unless_asked) {
    grouping_policy policy({.grouping = grouping::automatic});
    policy.wrote("select nextval('s')");
    EXPECT_EQ(policy.choose("select nextval('s')", false), grouped::never);
    EXPECT_EQ(policy.choose("select nextval('s')", true), grouped::asked);
    EXPECT_EQ(policy.choose("select nextval('t')", false), grouped::tried);
}

TEST(grouping_policy, remembers_a_bounded_number_of_writers) {
    grouping_policy policy({.grouping = grouping::automatic});
    for (int i = 0; i < 3'000; ++i) policy.wrote(fmt::format("select f({})", i));
    int remembered = 0;
    for (int i = 0; i < 3'000; ++i)
        remembered += policy.choose(fmt::format("select f({})", i), false) == grouped::never ? 1 : 0;
    EXPECT_GT(remembered, 0);
    EXPECT_LE(remembered, 1'000);
}

TEST(grouping_policy, sends_small_queues_as_before) {
    grouping_policy policy({.min_group = 8, .max_group = 16});
    for (std::size_t queued = 0; queued < 8; ++queued) EXPECT_EQ(policy.size(queued, 64), 1u) << queued;
    EXPECT_EQ(policy.size(8, 64), 8u);
    EXPECT_EQ(policy.size(16, 64), 16u);
}

TEST(grouping_policy, waits_for_room_rather_than_sending_one_by_one_as_replies_trickle_in) {
    grouping_policy policy({.min_group = 8, .max_group = 16});
    EXPECT_EQ(policy.size(16, 7), 0u);
    EXPECT_EQ(policy.size(16, 8), 8u);
    EXPECT_EQ(policy.size(16, 12), 12u);
}

TEST(grouping_policy, groups_nothing_where_one_group_would_wait_for_the_other) {
    grouping_policy policy({.connection = {.max_in_flight = 15}, .grouping = grouping::automatic, .min_group = 8});
    EXPECT_EQ(policy.choose("select 1", false), grouped::never);
    EXPECT_EQ(policy.choose("select 1", true), grouped::never);
}

} // namespace postgres_grouping_policy_test
