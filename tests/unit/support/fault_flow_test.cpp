// SPDX-License-Identifier: BSL-1.0
#include "support/fault_flow.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace support_fault_flow_test {

using namespace std::chrono_literals;
using coda::test::cut;
using coda::test::fault_flow;
using coda::test::flow_faults;
using kind = fault_flow::step::kind;
using source_end = fault_flow::source_end;

constexpr fault_flow::time_point start{1h};

// Writes whatever may leave at `now`, up to `most` bytes a time, and returns it.
std::string flush(fault_flow& flow, fault_flow::time_point now, std::size_t most = 1'000'000) {
    std::string out;
    for (auto step = flow.next(now); step.what == kind::write; step = flow.next(now)) {
        auto const bytes = step.bytes.substr(0, most);
        out += bytes;
        flow.written(bytes.size(), now);
    }
    return out;
}

TEST(fault_flow, without_faults_bytes_and_the_end_pass_at_once) {
    fault_flow flow;
    flow.push("hello ", start);
    flow.push("world", start);
    flow.end(source_end::orderly, start);
    EXPECT_EQ(flush(flow, start), "hello world");
    EXPECT_EQ(flow.next(start).what, kind::finish);
    EXPECT_FALSE(flow.over());
    flow.finish();
    EXPECT_TRUE(flow.over());
}

TEST(fault_flow, a_partial_write_goes_on_where_it_stopped) {
    fault_flow flow;
    flow.push("abcdef", start);
    EXPECT_EQ(flush(flow, start, 4), "abcdef");
    EXPECT_EQ(flow.next(start).what, kind::idle);
}

TEST(fault_flow, a_reset_of_the_source_follows_its_last_byte) {
    fault_flow flow{{.delay = 5ms}};
    flow.push("last words", start);
    flow.end(source_end::reset, start);
    EXPECT_EQ(flow.next(start).what, kind::idle);
    EXPECT_EQ(flush(flow, start + 5ms), "last words");
    auto const step = flow.next(start + 5ms);
    EXPECT_EQ(step.what, kind::cut);
    EXPECT_EQ(step.how, cut::reset);
}

TEST(fault_flow, delay_holds_each_byte_and_the_end_for_exactly_that_long) {
    fault_flow flow{{.delay = 10ms}};
    flow.push("a", start);
    flow.push("b", start + 3ms);
    flow.end(source_end::orderly, start + 4ms);
    EXPECT_EQ(flow.next(start).until, start + 10ms);
    EXPECT_EQ(flush(flow, start + 10ms - 1ns), "");
    EXPECT_EQ(flush(flow, start + 10ms), "a");
    EXPECT_EQ(flow.next(start + 10ms).until, start + 13ms);
    EXPECT_EQ(flush(flow, start + 13ms), "b");
    EXPECT_EQ(flow.next(start + 14ms - 1ns).what, kind::idle);
    EXPECT_EQ(flow.next(start + 14ms).what, kind::finish);
}

TEST(fault_flow, throttle_lets_no_more_through_than_its_rate) {
    fault_flow flow{{.bytes_per_second = 1000}};
    flow.push(std::string(50, 'x'), start);
    flow.end(source_end::orderly, start);
    EXPECT_EQ(flush(flow, start).size(), 10U); // a hundredth at once
    EXPECT_EQ(flow.next(start).until, start + 10ms);
    EXPECT_EQ(flush(flow, start + 10ms).size(), 10U);
    EXPECT_EQ(flush(flow, start + 20ms).size(), 10U);
    EXPECT_EQ(flush(flow, start + 30ms).size(), 10U);
    EXPECT_EQ(flush(flow, start + 40ms).size(), 10U);
    EXPECT_EQ(flow.next(start + 49ms).what, kind::idle);
    EXPECT_EQ(flow.next(start + 50ms).what, kind::finish);
}

TEST(fault_flow, an_idle_throttled_line_saves_up_nothing) {
    fault_flow flow{{.bytes_per_second = 1000}};
    flow.push(std::string(40, 'x'), start);
    EXPECT_EQ(flush(flow, start + 1s).size(), 10U);
    EXPECT_EQ(flow.next(start + 1s).until, start + 1s + 10ms);
}

TEST(fault_flow, chunk_bounds_every_write) {
    fault_flow flow{{.chunk = 3}};
    flow.push("abcdefgh", start);
    EXPECT_TRUE(flow.paced());
    EXPECT_EQ(flow.next(start).bytes, "abc");
    flow.written(3, start);
    EXPECT_EQ(flow.next(start).bytes, "def");
    flow.written(3, start);
    EXPECT_EQ(flow.next(start).bytes, "gh");
}

TEST(fault_flow, cut_comes_right_after_its_byte_without_waiting_for_the_next_one) {
    fault_flow flow{{.cut_after = 4, .how = cut::half_close}};
    flow.push("abcd", start);
    EXPECT_EQ(flush(flow, start), "abcd");
    auto const step = flow.next(start);
    EXPECT_EQ(step.what, kind::cut);
    EXPECT_EQ(step.how, cut::half_close);
}

TEST(fault_flow, cut_lets_no_byte_after_its_own_pass) {
    fault_flow flow{{.cut_after = 4}};
    flow.push("abc", start);
    flow.push("def", start);
    EXPECT_EQ(flush(flow, start), "abcd");
    EXPECT_EQ(flow.next(start).what, kind::cut);
}

TEST(fault_flow, cut_after_nothing_comes_in_place_of_the_first_byte) {
    fault_flow flow{{.cut_after = 0}};
    EXPECT_EQ(flow.next(start).what, kind::idle);
    flow.push("a", start);
    EXPECT_EQ(flow.next(start).what, kind::cut);
}

TEST(fault_flow, stream_that_ends_before_the_cut_ends_as_it_does) {
    fault_flow flow{{.cut_after = 4, .how = cut::reset}};
    flow.push("abc", start);
    flow.end(source_end::orderly, start);
    EXPECT_EQ(flush(flow, start), "abc");
    EXPECT_EQ(flow.next(start).what, kind::finish);
}

TEST(fault_flow, stall_keeps_bytes_and_end_until_the_next_plan) {
    fault_flow flow{{.stall_after = 2}};
    flow.push("abcde", start);
    flow.end(source_end::orderly, start);
    EXPECT_EQ(flush(flow, start), "ab");
    EXPECT_EQ(flow.next(start + 1h).what, kind::idle);
    EXPECT_EQ(flow.next(start + 1h).until, std::nullopt);
    flow.set({.stall_after = 1}); // positions count from here
    EXPECT_EQ(flush(flow, start), "c");
    flow.set({});
    EXPECT_EQ(flush(flow, start), "de");
    EXPECT_EQ(flow.next(start).what, kind::finish);
}

TEST(fault_flow, stalled_flow_stops_reading_when_a_lot_waits) {
    fault_flow flow{{.stall_after = 0}};
    std::string const piece(64 * 1024, 'x');
    std::size_t taken = 0;
    for (; flow.wants_input() && taken < 64 * piece.size(); taken += piece.size()) {
        flow.push(piece, start);
    }
    EXPECT_EQ(taken, 1U << 20);
    flow.set({});
    EXPECT_EQ(flush(flow, start).size(), taken);
    EXPECT_TRUE(flow.wants_input());
}

TEST(fault_flow, corrupts_exactly_one_byte) {
    for (std::size_t position = 0; position < 6; ++position) {
        fault_flow flow{{.corrupt_at = position, .corrupt_mask = 0x01}};
        flow.push("abc", start);
        flow.push("def", start);
        std::string expected = "abcdef";
        expected[position] ^= 0x01;
        EXPECT_EQ(flush(flow, start), expected);
    }
}

TEST(fault_flow, black_hole_swallows_without_end) {
    fault_flow flow{{.black_hole = true}};
    std::string const piece(1 << 20, 'x');
    for (int i = 0; i < 4; ++i) {
        ASSERT_TRUE(flow.wants_input());
        flow.push(piece, start);
    }
    flow.end(source_end::orderly, start);
    EXPECT_EQ(flow.next(start + 1h).what, kind::idle);
    EXPECT_TRUE(flow.over());
}

TEST(fault_flow, black_hole_also_takes_what_was_waiting) {
    fault_flow flow{{.delay = 5ms}};
    flow.push("abc", start);
    flow.set({.black_hole = true});
    EXPECT_EQ(flow.next(start + 1h).what, kind::idle);
    flow.set({});
    EXPECT_EQ(flow.next(start + 1h).what, kind::cut);
}

TEST(fault_flow, stream_with_a_hole_is_reset_once_the_black_hole_is_gone) {
    fault_flow flow{{.black_hole = true}};
    flow.push("lost", start);
    flow.set({});
    flow.push("found", start);
    auto const step = flow.next(start);
    EXPECT_EQ(step.what, kind::cut);
    EXPECT_EQ(step.how, cut::reset);
}

TEST(fault_flow, black_hole_that_met_nothing_leaves_no_trace) {
    fault_flow flow{{.black_hole = true}};
    flow.set({});
    flow.push("abc", start);
    EXPECT_EQ(flush(flow, start), "abc");
}

TEST(fault_flow, finished_flow_drops_what_arrives) {
    fault_flow flow;
    flow.push("abc", start);
    flow.finish();
    flow.push("def", start);
    EXPECT_EQ(flow.next(start).what, kind::idle);
    EXPECT_TRUE(flow.wants_input());
    EXPECT_FALSE(flow.over());
    flow.end(source_end::orderly, start);
    EXPECT_TRUE(flow.over());
}

TEST(fault_flow, faults_combine) {
    fault_flow flow{{.delay = 5ms, .chunk = 2, .cut_after = 5, .corrupt_at = 3, .corrupt_mask = 0x20}};
    flow.push("abcdefgh", start);
    EXPECT_EQ(flush(flow, start + 4ms), "");
    EXPECT_EQ(flush(flow, start + 5ms), "abcDe");
    EXPECT_EQ(flow.next(start + 5ms).what, kind::cut);
}

} // namespace support_fault_flow_test
