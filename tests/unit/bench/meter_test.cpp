// SPDX-License-Identifier: BSL-1.0
#include "measure/meter.hpp"

#include <gtest/gtest.h>

namespace bench_meter_test {

using namespace coda::bench;
using namespace std::chrono_literals;

plan planned(std::uint32_t concurrency) {
    plan p;
    p.what.concurrency = concurrency;
    p.warm_up = 1;
    p.seconds = 2;
    return p;
}

// The meter is told the time, so a test need not wait for it.
TEST(meter, counts_only_what_ends_within_the_window) {
    auto const p = planned(1);
    meter m(p, 1);
    auto const start = clock::now();
    m.complete(0, start, start + 1ms);
    m.tick(start + 1500ms); // opens
    for (int i = 0; i < 10; ++i) m.complete(0, start + 1s, start + 1600ms);
    m.tick(start + 2s);
    EXPECT_TRUE(m.running());
    m.tick(start + 3500ms); // closes
    EXPECT_FALSE(m.running());
    m.complete(0, start, start + 4s);
    auto const found = m.result();
    EXPECT_EQ(found.operations, 10u);
    EXPECT_DOUBLE_EQ(found.seconds, 2);
    EXPECT_DOUBLE_EQ(found.ops_per_second, 5);
    EXPECT_NEAR(found.p50_us, 600e3, 600e3 * 0.016);
    EXPECT_GT(found.rss_kib, 0u);
}

TEST(meter, warms_up_until_as_many_have_ended_as_are_in_flight) {
    auto const p = planned(3);
    meter m(p, 1);
    auto const start = clock::now();
    m.complete(0, start, start);
    m.tick(start + 2s); // two have not ended once
    m.complete(0, start, start);
    m.complete(0, start, start);
    m.tick(start + 3s); // opens only now
    m.tick(start + 4900ms);
    EXPECT_TRUE(m.running());
    m.tick(start + 5s);
    EXPECT_FALSE(m.running());
}

TEST(meter, does_not_warm_up_for_ever) {
    auto const p = planned(1000);
    meter m(p, 1);
    auto const start = clock::now();
    m.tick(start + 11s);
    m.tick(start + 14s);
    EXPECT_FALSE(m.running());
}

TEST(meter, adds_up_lanes_and_keeps_one_error_in_words) {
    auto const p = planned(1);
    meter m(p, 3);
    auto const start = clock::now();
    m.complete(0, start, start);
    m.tick(start + 1500ms);
    m.complete(0, start, start + 1ms);
    m.complete(2, start, start + 1ms);
    m.fail(1, "first");
    m.fail(1, "second");
    m.tick(start + 4s);
    auto const found = m.result();
    EXPECT_EQ(found.operations, 2u);
    EXPECT_EQ(found.errors, 2u);
    EXPECT_EQ(found.first_error, "first");
}

TEST(meter, a_run_given_up_has_no_result) {
    auto const p = planned(1);
    meter m(p, 1);
    m.give_up("connection lost");
    m.give_up("later and less telling");
    EXPECT_FALSE(m.running());
    try {
        (void)m.result();
        FAIL() << "a result";
    } catch (std::runtime_error const& e) {
        EXPECT_STREQ(e.what(), "connection lost");
    }
}

} // namespace bench_meter_test
