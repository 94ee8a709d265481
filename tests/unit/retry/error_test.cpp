// SPDX-License-Identifier: BSL-1.0
#include <coda/retry/error.hpp>

#include <gtest/gtest.h>

namespace retry_error_test {

using coda::error;
using coda::retry_errc;
using coda::verdict;

TEST(retry_errc, codes_have_words_and_a_class) {
    EXPECT_STREQ(coda::retry_category().name(), "coda.retry");
    for (auto const code : {retry_errc::circuit_open, retry_errc::isolated, retry_errc::rate_limited}) {
        EXPECT_NE(make_error_code(code).message(), "unknown coda.retry error");
        EXPECT_EQ(error(code).kind(), coda::error_class::permanent);
        EXPECT_EQ(error(code).outcome(), coda::outcome::not_sent);
    }
}

TEST(retry_error, says_how_often_and_why_no_more) {
    error const e(coda::errc::connection_lost, coda::outcome::unknown);
    EXPECT_EQ(coda::retry_error({e}, verdict::unsafe).message(),
              "connection lost; 1 attempt, it may have been done and must not be done twice");
    EXPECT_EQ(coda::retry_error({e, e}, verdict::no_time).message(),
              "connection lost; 2 attempts, the deadline comes before the next attempt");
}

} // namespace retry_error_test
