// SPDX-License-Identifier: BSL-1.0
#include "support/fault_schedule.hpp"

#include <gtest/gtest.h>

#include <set>

namespace support_fault_schedule_test {

using namespace std::chrono_literals;
using coda::test::all_fault_kinds;
using coda::test::fault_kind;
using coda::test::fault_schedule;

TEST(fault_schedule, is_the_same_for_the_same_seed_only) {
    EXPECT_EQ(fault_schedule(7, 2s, all_fault_kinds()), fault_schedule(7, 2s, all_fault_kinds()));
    EXPECT_NE(fault_schedule(7, 2s, all_fault_kinds()), fault_schedule(8, 2s, all_fault_kinds()));
}

TEST(fault_schedule, has_one_fault_after_the_other_and_ends_in_time) {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        auto free_from = 0ms;
        for (auto const& f : fault_schedule(seed, 1500ms, all_fault_kinds())) {
            EXPECT_GE(f.begins, free_from);
            EXPECT_GT(f.lasts, 0ms);
            free_from = f.begins + f.lasts;
            EXPECT_LT(free_from, 1500ms);
        }
    }
}

TEST(fault_schedule, comes_to_every_kind_and_crashes_once_at_most) {
    std::set<fault_kind> seen;
    for (std::uint64_t seed = 0; seed < 300; ++seed) {
        int crashes = 0;
        for (auto const& f : fault_schedule(seed, 2s, all_fault_kinds())) {
            seen.insert(f.what);
            if (f.what != fault_kind::crash) continue;
            ++crashes;
            EXPECT_LE(f.begins, 1s);
        }
        EXPECT_LE(crashes, 1);
    }
    EXPECT_EQ(seen.size(), all_fault_kinds().size());
}

TEST(fault_schedule, cuts_in_every_way_in_both_directions) {
    fault_kind const kinds[] = {fault_kind::cut_now};
    std::set<std::pair<std::uint32_t, std::uint32_t>> seen;
    for (auto const& f : fault_schedule(11, 60s, kinds)) seen.emplace(f.choice, f.size);
    EXPECT_EQ(seen.size(), 4u * 2u);
}

TEST(fault_schedule, has_only_the_kinds_asked_for) {
    fault_kind const kinds[] = {fault_kind::refuse, fault_kind::latency};
    for (auto const& f : fault_schedule(3, 5s, kinds))
        EXPECT_TRUE(f.what == fault_kind::refuse || f.what == fault_kind::latency) << f.to_string();
    EXPECT_TRUE(fault_schedule(3, 5s, {}).empty());
}

} // namespace support_fault_schedule_test
