// SPDX-License-Identifier: BSL-1.0
#include "line_check.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace redis_line_check_test {

using coda::redis::detail::ends_with_line;
using coda::redis::detail::is_one_line;

TEST(ends_with_line, is_true_of_the_number_alone) {
    EXPECT_TRUE(ends_with_line("$12\r\n", '$', 12));
    EXPECT_TRUE(ends_with_line("+OK\r\n:-1\r\n", ':', -1));
    EXPECT_TRUE(ends_with_line("*0\r\n", '*', 0));
    EXPECT_TRUE(ends_with_line(":-9223372036854775808\r\n", ':', std::numeric_limits<long long>::min()));
}

TEST(ends_with_line, needs_no_first_byte_that_was_read_before_the_others) {
    EXPECT_TRUE(ends_with_line("12\r\n", '$', 12));
    EXPECT_TRUE(ends_with_line("-1\r\n", ':', -1));
}

TEST(ends_with_line, is_false_where_a_line_end_was_damaged) {
    EXPECT_FALSE(ends_with_line("$11\x0c\nright value\r\n", '$', 11));
    EXPECT_FALSE(ends_with_line("$11\r\x0bright value\r\n", '$', 11));
    EXPECT_FALSE(ends_with_line(":1\x0d\x0b:2\r\n", ':', 1));
    EXPECT_FALSE(ends_with_line(":12\r\n", ':', 2));
    EXPECT_FALSE(ends_with_line(":12\r\n", '$', 12));
    EXPECT_FALSE(ends_with_line(":012\r\n", ':', 12));
    EXPECT_FALSE(ends_with_line("112\r\n", ':', 12));
    EXPECT_FALSE(ends_with_line("2\r\n", ':', 12));
    EXPECT_FALSE(ends_with_line("", '$', 0));
}

TEST(is_one_line, has_no_line_end_within) {
    EXPECT_TRUE(is_one_line("OK"));
    EXPECT_TRUE(is_one_line(""));
    EXPECT_FALSE(is_one_line("OK\x0c\n+OK"));
    EXPECT_FALSE(is_one_line("O\rK"));
}

} // namespace redis_line_check_test
