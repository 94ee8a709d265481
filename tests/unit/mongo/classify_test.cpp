// SPDX-License-Identifier: BSL-1.0
#include "classify.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace mongo_classify_test {

using coda::error;
using coda::error_class;
using coda::outcome;
using coda::mongo::server_error;

error answered(std::int32_t code, std::vector<std::string> labels = {}, bool write_concern = false) {
    auto said = std::make_shared<server_error>();
    said->code = code;
    said->labels = std::move(labels);
    said->write_concern = write_concern;
    return {coda::error_code(code, coda::mongo::server_category()), outcome::completed, std::move(said)};
}

TEST(classify, codes_without_labels) {
    struct {
        std::vector<std::int32_t> codes;
        error_class kind;
    } const cases[] = {
        {{10107, 13435, 13436, 134}, error_class::transient},
        {{6, 7, 64, 89, 91, 189, 262, 9001, 11600, 11602}, error_class::unconfirmed},
        {{24, 112, 251}, error_class::conflict},
        {{50, 11601}, error_class::expired},
        {{0, 2, 13, 18, 26, 43, 59, 121, 11000}, error_class::permanent},
    };
    for (auto const& c : cases)
        for (auto const code : c.codes) {
            EXPECT_EQ(answered(code).kind(), c.kind) << code;
            EXPECT_EQ(error(coda::error_code(code, coda::mongo::server_category())).kind(), c.kind) << code;
        }
}

TEST(classify, labels_of_transactions_come_first) {
    EXPECT_EQ(answered(251, {"TransientTransactionError"}).kind(), error_class::conflict);
    EXPECT_EQ(answered(11602, {"TransientTransactionError", "RetryableWriteError"}).kind(), error_class::conflict);
    EXPECT_EQ(answered(50, {"UnknownTransactionCommitResult"}).kind(), error_class::unconfirmed);
}

TEST(classify, a_retryable_write_may_have_been_done_unless_the_server_knows_better) {
    EXPECT_EQ(answered(91, {"RetryableWriteError"}).kind(), error_class::unconfirmed);
    EXPECT_EQ(answered(4711, {"RetryableWriteError"}).kind(), error_class::unconfirmed);
    EXPECT_EQ(answered(91, {"RetryableWriteError", "NoWritesPerformed"}).kind(), error_class::transient);
    EXPECT_EQ(answered(10107, {"RetryableWriteError"}).kind(), error_class::transient); // refused at the door
    EXPECT_EQ(answered(11000, {"NoWritesPerformed"}).kind(), error_class::permanent);
}

TEST(classify, behind_documents_that_were_written_nothing_is_safe_to_try_again) {
    auto const at = [](std::int32_t code, std::int32_t index) {
        auto said = std::make_shared<server_error>();
        said->code = code;
        said->index = index;
        return *said->kind();
    };
    EXPECT_EQ(at(10107, 0), error_class::transient);
    EXPECT_EQ(at(10107, 3), error_class::unconfirmed);
    EXPECT_EQ(at(112, 3), error_class::unconfirmed);
    EXPECT_EQ(at(11000, 3), error_class::permanent);
}

TEST(classify, what_was_written_and_not_confirmed_is_unconfirmed_whatever_the_code) {
    EXPECT_EQ(answered(64, {}, true).kind(), error_class::unconfirmed);
    EXPECT_EQ(answered(10107, {"RetryableWriteError"}, true).kind(), error_class::unconfirmed);
}

TEST(classify, an_overloaded_server_asks_for_less) {
    EXPECT_EQ(answered(462, {"SystemOverloadedError", "RetryableError"}).kind(), error_class::throttled);
}

TEST(classify, the_drivers_own_codes) {
    using coda::mongo::errc;
    EXPECT_EQ(error(make_error_code(errc::connect_failed)).kind(), error_class::connection_lost);
    EXPECT_EQ(error(make_error_code(errc::malformed_reply)).kind(), error_class::permanent);
    EXPECT_EQ(error(make_error_code(errc::client_failure)).kind(), error_class::permanent);
}

} // namespace mongo_classify_test
