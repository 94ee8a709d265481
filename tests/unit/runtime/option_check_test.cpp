// SPDX-License-Identifier: BSL-1.0
#include <coda/runtime/option_check.hpp>

#include <gtest/gtest.h>

namespace runtime_option_check_test {

using namespace std::chrono_literals;
using coda::check_duration;
using coda::check_duration_or_zero;
using coda::check_range;

std::string complaint(coda::result<> const& r) {
    if (r.has_value()) return "";
    EXPECT_EQ(r.error().code(), coda::errc::invalid_argument);
    EXPECT_EQ(r.error().outcome(), coda::outcome::not_sent);
    return r.error().message();
}

TEST(check_range, takes_both_ends) {
    EXPECT_EQ(complaint(check_range("size", 1, 1, 10)), "");
    EXPECT_EQ(complaint(check_range("size", 10, 1, 10)), "");
    EXPECT_EQ(complaint(check_range("size", 0, 1, 10)), "size must be 1 to 10, not 0");
    EXPECT_EQ(complaint(check_range("size", 11, 1, 10)), "size must be 1 to 10, not 11");
    EXPECT_EQ(complaint(check_range("size", static_cast<std::size_t>(-1), 1, 10)),
              "size must be 1 to 10, not 18446744073709551615");
}

TEST(check_duration, is_more_than_zero_and_at_most_a_day) {
    EXPECT_EQ(complaint(check_duration("timeout", 1ns)), "");
    EXPECT_EQ(complaint(check_duration("timeout", 24h)), "");
    EXPECT_EQ(complaint(check_duration("timeout", 0ns)), "timeout must be more than 0 and at most 24 h, not 0");
    EXPECT_EQ(complaint(check_duration("timeout", -1ns)), "timeout must be more than 0 and at most 24 h, not -1 ns");
    EXPECT_EQ(complaint(check_duration("timeout", coda::duration::max())),
              "timeout must be more than 0 and at most 24 h, not 9223372036854775807 ns");
    EXPECT_EQ(complaint(check_duration("per", 1500ms, 1s)), "per must be more than 0 and at most 1 s, not 1500 ms");
}

TEST(check_duration_or_zero, is_zero_to_a_day) {
    EXPECT_EQ(complaint(check_duration_or_zero("grace", 0ns)), "");
    EXPECT_EQ(complaint(check_duration_or_zero("grace", 24h)), "");
    EXPECT_EQ(complaint(check_duration_or_zero("grace", -1ns)), "grace must be 0 to 24 h, not -1 ns");
    EXPECT_EQ(complaint(check_duration_or_zero("grace", 24h + 1ns)), "grace must be 0 to 24 h, not 86400000000001 ns");
}

TEST(first_error, is_the_first_of_several_or_none) {
    EXPECT_EQ(complaint(coda::first_error({})), "");
    EXPECT_EQ(complaint(coda::first_error({check_range("a", 1, 1, 1), check_range("b", 1, 1, 1)})), "");
    EXPECT_EQ(
        complaint(coda::first_error({check_range("a", 1, 1, 1), check_range("b", 2, 1, 1), check_range("c", 3, 1, 1)})),
        "b must be 1 to 1, not 2");
}

TEST(check_part, names_whose_option_it_is) {
    EXPECT_EQ(complaint(coda::check_part("pool", check_range("size", 1, 1, 1))), "");
    EXPECT_EQ(complaint(coda::check_part("pool", check_range("size", 2, 1, 1))), "pool.size must be 1 to 1, not 2");
}

TEST(check_at_signs, one_before_the_host_ends_the_login) {
    for (auto const* uri : {"mongodb://host", "mongodb://me:word@host/db", "mongodb+srv://me:a%40b@host,other:1/?x=a@b",
                            "postgresql:///db?user=me@work", "postgresql://me@/db", "postgresql://me@host?x=@",
                            "mongodb://", "host=a password=x://a@b@c", "host=/a user=me@work password=@@", ""})
        EXPECT_TRUE(coda::check_at_signs(uri).has_value()) << uri;
}

TEST(check_at_signs, another_one_is_refused_without_a_word_of_what_it_was) {
    for (auto const* uri :
         {"mongodb://me:s3@cret@host", "mongodb://me:s3c@ret/x@host:1", "postgresql://me:s3/cret@host",
          "postgresql://me@host/s3cret@x", "mongodb://host/s3cret@x?a=b"}) {
        auto const checked = coda::check_at_signs(uri);
        ASSERT_TRUE(checked.has_error()) << uri;
        EXPECT_EQ(checked.error().code(), coda::errc::invalid_argument);
        EXPECT_EQ(checked.error().message().find("cret"), std::string::npos);
    }
}

} // namespace runtime_option_check_test
