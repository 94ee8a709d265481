// SPDX-License-Identifier: BSL-1.0
#include "comparison.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace bench_pg_workloads_test {

using namespace pg_workloads;

sample answered(double queries, double cpu, char const* checksum = "same", double rows = 1) {
    return {.client = "a client",
            .queries_per_second = queries,
            .rows_per_second = queries * rows,
            .cpu_us_per_query = cpu,
            .rows_per_query = rows,
            .checksum = checksum};
}

series of(char const* client, std::vector<outcome> const& rounds) {
    series s{.workload = "series", .client = client, .rounds = {}, .left_out = {}, .failures = {}};
    for (auto const& each : rounds) s.add(each);
    return s;
}

comparison compared(std::vector<series> const& all, double goal = 1) { return compare(all, "series", "peer", goal); }

TEST(pg_workloads, ahead_is_more_queries_for_less_processor_time) {
    struct {
        double queries, cpu;
        bool ahead;
    } const cases[] = {{110, 9, true}, {110, 11, false}, {90, 9, false}, {100, 9, false}, {110, 10, false}};
    for (auto const& c : cases) {
        std::vector<series> const all{of("coda", {answered(c.queries, c.cpu)}), of("peer", {answered(100, 10)})};
        EXPECT_EQ(compared(all).ahead(), c.ahead) << c.queries << " queries/s, " << c.cpu << " us";
    }
}

TEST(pg_workloads, a_goal_may_be_more_than_being_ahead) {
    std::vector<series> const all{of("coda", {answered(180, 9)}), of("peer", {answered(100, 10)})};
    EXPECT_TRUE(compared(all, 1.8).ahead());
    EXPECT_FALSE(compared(all, 1.9).ahead());
}

TEST(pg_workloads, rounds_are_compared_with_their_own_peer) {
    std::vector<series> const all{of("coda", {answered(10, 1), answered(1000, 1), answered(20, 1)}),
                                  of("peer", {answered(5, 2), answered(500, 2), failure{"gone"}})};
    auto const found = compared(all);
    EXPECT_EQ(found.rate.of.rounds, 2u);
    EXPECT_DOUBLE_EQ(found.rate.of.median, 2);
    EXPECT_DOUBLE_EQ(found.cpu.of.median, 0.5);
}

TEST(pg_workloads, what_was_not_measured_is_not_ahead) {
    std::vector<series> const alone{of("coda", {answered(100, 10)})};
    std::vector<series> const unable{of("coda", {left_out{"waits"}}), of("peer", {answered(1, 100)})};
    for (auto const& all : {alone, unable}) {
        EXPECT_FALSE(compared(all).measured());
        EXPECT_FALSE(compared(all).ahead());
        EXPECT_TRUE(faults(all).empty());
    }
}

TEST(pg_workloads, who_decodes_something_else_is_a_fault) {
    std::vector<series> const other_values{of("coda", {answered(100, 10)}), of("peer", {answered(100, 10, "other")})};
    std::vector<series> const fewer_rows{of("coda", {answered(100, 10, "same", 2)}), of("peer", {answered(100, 10)})};
    std::vector<series> const failed{of("coda", {answered(100, 10)}), of("peer", {failure{"gone"}})};
    for (auto const& all : {other_values, fewer_rows, failed}) EXPECT_EQ(faults(all).size(), 1u);
    std::vector<series> const same{of("coda", {answered(100, 10)}), of("peer", {answered(1, 99)})};
    EXPECT_TRUE(faults(same).empty());
}

} // namespace bench_pg_workloads_test
