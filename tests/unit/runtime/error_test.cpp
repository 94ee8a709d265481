// SPDX-License-Identifier: BSL-1.0
#include "support/allocations.hpp"

#include <coda/runtime/error.hpp>

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>

namespace runtime_error_test {

using coda::errc;
using coda::error;
using coda::error_code;
using coda::outcome;
using coda::result;

struct server_says : coda::error_details {
    explicit server_says(std::string s) : text(std::move(s)) {}
    std::string message() const override { return "server: " + text; }
    std::string text;
};
struct other_details : coda::error_details {
    std::string message() const override { return "other"; }
};

TEST(errc, each_code_has_a_message_of_its_own) {
    std::set<std::string> messages;
    for (int code = 1; code <= static_cast<int>(errc::type_mismatch); ++code)
        messages.insert(error_code(static_cast<errc>(code)).message());
    EXPECT_EQ(messages.size(), static_cast<std::size_t>(errc::type_mismatch));
    EXPECT_FALSE(messages.contains("unknown coda error"));
    EXPECT_EQ(error_code(999, coda::runtime_category()).message(), "unknown coda error");
    EXPECT_EQ(std::string(coda::runtime_category().name()), "coda");
}

TEST(errc, converts_to_an_error_code_that_compares) {
    error_code const code = errc::closed;
    EXPECT_TRUE(code.failed());
    EXPECT_EQ(code, errc::closed);
    EXPECT_NE(code, errc::cancelled);
    EXPECT_NE(code, error_code(static_cast<int>(errc::closed), boost::system::generic_category()));
}

TEST(outcome, is_named_as_it_is_declared) {
    EXPECT_EQ(to_string(outcome::not_sent), "not_sent");
    EXPECT_EQ(to_string(outcome::completed), "completed");
    EXPECT_EQ(to_string(outcome::unknown), "unknown");
    EXPECT_EQ(to_string(static_cast<outcome>(9)), "invalid");
}

TEST(error, default_is_no_failure) {
    error const none;
    EXPECT_FALSE(none.code().failed());
    EXPECT_EQ(none.outcome(), outcome::not_sent);
    result<int> const r = 1;
    EXPECT_FALSE(r.error().code().failed());
}

TEST(error, message_is_the_codes_or_the_details) {
    EXPECT_EQ(error(errc::timed_out).message(), "timed out");
    EXPECT_EQ(error(error_code(errc::closed), "the pool of db1 was closed").message(), "the pool of db1 was closed");
    error const rich(errc::protocol_error, outcome::completed, std::make_shared<server_says>("42P01"));
    EXPECT_EQ(rich.message(), "server: 42P01");
}

TEST(error, details_are_found_by_their_type) {
    error const rich(errc::protocol_error, outcome::completed, std::make_shared<server_says>("42P01"));
    ASSERT_NE(rich.details<server_says>(), nullptr);
    EXPECT_EQ(rich.details<server_says>()->text, "42P01");
    EXPECT_EQ(rich.details<other_details>(), nullptr);
    EXPECT_EQ(error(errc::closed).details<server_says>(), nullptr);
}

TEST(error, copies_share_their_details_and_allocate_nothing) {
    error const rich(errc::protocol_error, outcome::completed, std::make_shared<server_says>("42P01"));
    auto const before = coda::test::allocations();
    error const copy = rich;
    error const other = copy.with_outcome(outcome::unknown);
    error const plain = errc::cancelled;
    EXPECT_EQ(coda::test::allocations(), before);
    EXPECT_EQ(other.outcome(), outcome::unknown);
    EXPECT_EQ(other.code(), errc::protocol_error);
    EXPECT_EQ(other.details<server_says>(), rich.details<server_says>());
    EXPECT_EQ(plain.code(), errc::cancelled);
}

TEST(exception, carries_the_whole_error) {
    coda::exception const e(error(errc::protocol_error, outcome::completed, std::make_shared<server_says>("42P01")));
    EXPECT_STREQ(e.what(), "server: 42P01");
    EXPECT_EQ(e.code(), errc::protocol_error);
    EXPECT_EQ(e.error().outcome(), outcome::completed);
    EXPECT_NE(e.error().details<server_says>(), nullptr);
}

TEST(result, value_of_a_failure_throws_codas_exception) {
    result<int> const failure = error(errc::closed, outcome::unknown);
    try {
        static_cast<void>(failure.value());
        FAIL() << "gave a value";
    } catch (coda::exception const& e) {
        EXPECT_EQ(e.code(), errc::closed);
        EXPECT_EQ(e.error().outcome(), outcome::unknown);
    }
}

} // namespace runtime_error_test
