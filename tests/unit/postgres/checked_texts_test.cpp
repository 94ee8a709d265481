// SPDX-License-Identifier: BSL-1.0
#include "checked_texts.hpp"

#include <coda/postgres/error.hpp>

#include <gtest/gtest.h>

namespace postgres_checked_texts_test {

using coda::pg::errc;
using coda::pg::detail::checked_texts;

TEST(checked_texts, are_what_they_are_each_time) {
    checked_texts texts;
    for (int i = 0; i < 3; ++i) {
        EXPECT_TRUE(texts.check("select 1").has_value());
        EXPECT_TRUE(texts.is_groupable("select 1"));
        EXPECT_TRUE(texts.check("insert into t values (1)").has_value());
        EXPECT_FALSE(texts.is_groupable("insert into t values (1)"));
        EXPECT_TRUE(texts.check("select set_config('a.b', 'c', true)").has_value());
        EXPECT_FALSE(texts.is_groupable("select set_config('a.b', 'c', true)"));
        EXPECT_EQ(texts.check("begin").error().code(), errc::needs_own_connection);
        EXPECT_TRUE(texts.check("").has_value());
        EXPECT_FALSE(texts.is_groupable(""));
    }
}

// Where one was, another may be now.
TEST(checked_texts, are_known_by_what_they_say_and_not_by_where_they_are) {
    checked_texts texts;
    std::string text = "select 12345";
    EXPECT_TRUE(texts.check(text).has_value());
    EXPECT_TRUE(texts.is_groupable(text));
    text = "begin;;;;;;;";
    EXPECT_EQ(texts.check(text).error().code(), errc::needs_own_connection);
    EXPECT_FALSE(texts.is_groupable(text));
    text = "update t set";
    EXPECT_TRUE(texts.check(text).has_value());
    EXPECT_FALSE(texts.is_groupable(text));
    text = "select 67890";
    EXPECT_TRUE(texts.is_groupable(text)) << "though nobody has asked for it before";
}

TEST(checked_texts, of_any_number_and_length_are_right) {
    checked_texts texts;
    for (std::size_t n = 0; n < 500; ++n) {
        auto const blanks = std::string(7 * n, ' ');
        EXPECT_TRUE(texts.check(blanks + "select 1").has_value());
        EXPECT_TRUE(texts.is_groupable(blanks + "select 1"));
        EXPECT_FALSE(texts.check(blanks + "set a = 1").has_value());
    }
}

} // namespace postgres_checked_texts_test
