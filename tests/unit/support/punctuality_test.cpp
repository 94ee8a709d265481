// SPDX-License-Identifier: BSL-1.0
#include "support/punctuality.hpp"

#include <gtest/gtest.h>

namespace support_punctuality_test {

using namespace std::chrono_literals;
using coda::test::punctuality;
using coda::test::waited_for_processor;

constexpr punctuality::time_point start{};

TEST(punctuality, remembers_when_the_loop_was_late) {
    punctuality p;
    p.beat(start + 5ms, start + 6ms, 0ms);
    p.beat(start + 100ms, start + 140ms, 40ms);
    p.beat(start + 200ms, start + 220ms, 20ms);
    EXPECT_EQ(p.late_between(start, start + 90ms), 0ms) << "too little to be remembered";
    EXPECT_EQ(p.late_between(start + 130ms, start + 135ms), 40ms);
    EXPECT_EQ(p.late_between(start, start + 300ms), 40ms);
    EXPECT_EQ(p.late_between(start + 150ms, start + 300ms), 20ms);
    EXPECT_EQ(p.late_between(start + 300ms, start + 400ms), 0ms);
    EXPECT_EQ(p.longest(), 40ms);
}

TEST(punctuality, tells_a_loop_that_was_held_from_one_that_got_no_processor) {
    punctuality p;
    p.beat(start, start + 30ms, 30ms);
    EXPECT_EQ(p.longest_held(), 0ms);
    p.beat(start + 50ms, start + 90ms, 10ms);
    EXPECT_EQ(p.longest_held(), 30ms);
    p.beat(start + 100ms, start + 110ms, 50ms);
    EXPECT_EQ(p.longest_held(), 30ms);
}

TEST(punctuality, the_kernel_tells_for_how_long_a_thread_waited) {
    auto const before = waited_for_processor();
    EXPECT_GE(before, 0ns);
    EXPECT_GE(waited_for_processor(), before);
    EXPECT_GE(coda::test::machine_was_short_of_processors(), 0us);
}

} // namespace support_punctuality_test
