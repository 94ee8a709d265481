// SPDX-License-Identifier: BSL-1.0
#include <coda/mongo/error.hpp>

#include <gtest/gtest.h>

namespace mongo_error_test {

namespace mongo = coda::mongo;
namespace server_code = coda::mongo::server_code;

TEST(mongo_errc, has_words_for_each_code) {
    for (auto const code : {mongo::errc::connect_failed, mongo::errc::malformed_reply, mongo::errc::client_failure,
                            mongo::errc::authentication_failed}) {
        auto const message = coda::error_code(code).message();
        EXPECT_FALSE(message.empty());
        EXPECT_EQ(message.find("unknown"), std::string::npos) << message;
        EXPECT_STREQ(coda::error_code(code).category().name(), "coda.mongo");
    }
}

TEST(server_code, is_a_failure_of_its_own_category) {
    EXPECT_STREQ(server_code::duplicate_key.category().name(), "mongodb");
    EXPECT_EQ(server_code::duplicate_key.value(), 11000);
    EXPECT_TRUE(server_code::duplicate_key.failed());
    EXPECT_NE(server_code::duplicate_key, server_code::write_conflict);
    EXPECT_NE(server_code::bad_value, coda::error_code(mongo::errc::malformed_reply)) << "the same number";
    EXPECT_NE(server_code::duplicate_key.message().find("11000"), std::string::npos);
}

TEST(server_code, is_a_failure_even_where_a_server_gives_none) {
    EXPECT_TRUE(coda::error_code(0, mongo::server_category()).failed());
}

TEST(mongo_server_error, tells_its_code_name_and_text) {
    mongo::server_error e;
    e.code = 11000;
    e.code_name = "DuplicateKey";
    e.text = "E11000 duplicate key error";
    EXPECT_EQ(e.message(), "11000 DuplicateKey: E11000 duplicate key error");
    e.code_name.clear();
    EXPECT_EQ(e.message(), "11000: E11000 duplicate key error");
}

TEST(mongo_server_error, knows_its_labels) {
    mongo::server_error e;
    EXPECT_FALSE(e.has_label("RetryableWriteError"));
    e.labels = {"TransientTransactionError", "RetryableWriteError"};
    EXPECT_TRUE(e.has_label("RetryableWriteError"));
    EXPECT_FALSE(e.has_label("Retryable"));
    EXPECT_FALSE(e.has_label(""));
}

} // namespace mongo_error_test
