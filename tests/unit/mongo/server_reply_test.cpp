// SPDX-License-Identifier: BSL-1.0
#include "server_reply.hpp"

#include <coda/mongo/bson.hpp>
#include <coda/mongo/error.hpp>

#include <gtest/gtest.h>

namespace mongo_server_reply_test {

namespace bson = coda::bson;
namespace mongo = coda::mongo;
using bson::array;
using bson::doc;
using mongo::detail::failure_in;

mongo::server_error details_of(bson::view reply) {
    auto const e = failure_in(reply);
    EXPECT_TRUE(e.has_value()) << bson::to_json(reply);
    if (!e) return {};
    EXPECT_EQ(e->outcome(), coda::outcome::completed);
    auto const* const details = e->details<mongo::server_error>();
    EXPECT_NE(details, nullptr);
    if (details == nullptr) return {};
    EXPECT_EQ(e->code(), coda::error_code(details->code, mongo::server_category()));
    EXPECT_TRUE(e->code().failed());
    return *details;
}

TEST(a_server_reply, that_is_ok_is_no_failure_whatever_the_type_of_ok) {
    EXPECT_FALSE(failure_in(doc("ok", 1.0)));
    EXPECT_FALSE(failure_in(doc("ok", 1)));
    EXPECT_FALSE(failure_in(doc("ok", std::int64_t{1})));
    EXPECT_FALSE(failure_in(doc("ok", true)));
    EXPECT_FALSE(failure_in(doc("n", 3, "ok", 1, "errmsg", "not one", "code", 7)));
    EXPECT_FALSE(failure_in(doc("writeErrors", array(), "ok", 1)));
}

TEST(a_server_reply, that_is_not_ok_is_the_servers_error) {
    auto const e = details_of(doc("ok", 0, "code", 59, "codeName", "CommandNotFound", "errmsg", "no such command"));
    EXPECT_EQ(e.code, 59);
    EXPECT_EQ(e.code_name, "CommandNotFound");
    EXPECT_EQ(e.text, "no such command");
    EXPECT_TRUE(e.labels.empty());
    EXPECT_FALSE(e.index);
    EXPECT_FALSE(e.write_concern);
}

TEST(a_server_reply, is_a_failure_where_it_says_nothing_of_use) {
    EXPECT_EQ(details_of(doc()).code, 0);
    EXPECT_EQ(details_of(doc("ok", 0.0)).text, "");
    EXPECT_EQ(details_of(doc("ok", false)).code, 0);
    EXPECT_EQ(details_of(doc("ok", "1")).code, 0) << "a text is no yes";
    EXPECT_EQ(details_of(doc("ok", nullptr)).code, 0);
}

TEST(a_server_reply, may_have_numbers_of_any_type_and_fields_that_are_none) {
    EXPECT_EQ(details_of(doc("ok", 0, "code", 59.0)).code, 59);
    EXPECT_EQ(details_of(doc("ok", 0, "code", std::int64_t{59})).code, 59);
    auto const odd = details_of(doc("ok", 0, "code", "x", "codeName", 5, "errmsg", nullptr, "errorLabels", "one"));
    EXPECT_EQ(odd.code, 0);
    EXPECT_EQ(odd.code_name, "");
    EXPECT_EQ(odd.text, "");
    EXPECT_TRUE(odd.labels.empty());
    EXPECT_EQ(details_of(doc("ok", 0, "code", 59.5)).code, 0);
    EXPECT_EQ(details_of(doc("ok", 0, "code", std::int64_t{1} << 40)).code, 0);
}

TEST(a_server_reply, with_write_errors_is_the_first_of_them) {
    auto const e = details_of(doc("ok", 1, "n", 1, "writeErrors",
                                  array(doc("index", 3, "code", 11000, "codeName", "DuplicateKey", "errmsg", "E11000"),
                                        doc("index", 5, "code", 121, "errmsg", "later"))));
    EXPECT_EQ(e.code, 11000);
    EXPECT_EQ(e.index, 3);
    EXPECT_EQ(e.text, "E11000");
    EXPECT_FALSE(e.write_concern);
    EXPECT_FALSE(details_of(doc("ok", 1, "writeErrors", array(doc("code", 1)))).index);
}

TEST(a_server_reply, with_a_write_concern_error_says_that_it_was_written) {
    auto const e = details_of(doc("ok", 1, "n", 1, "writeConcernError",
                                  doc("code", 64, "codeName", "WriteConcernFailed", "errmsg", "waiting timed out")));
    EXPECT_EQ(e.code, 64);
    EXPECT_TRUE(e.write_concern);
    EXPECT_EQ(e.code_name, "WriteConcernFailed");
}

TEST(a_server_reply, with_write_errors_and_a_write_concern_error_was_not_written) {
    auto const e = details_of(doc("ok", 1, "writeErrors", array(doc("index", 0, "code", 11000, "errmsg", "E")),
                                  "writeConcernError", doc("code", 64)));
    EXPECT_EQ(e.code, 11000);
    EXPECT_FALSE(e.write_concern);
}

TEST(a_server_reply, keeps_its_labels) {
    auto const e = details_of(doc("ok", 0, "code", 112, "errorLabels", array("TransientTransactionError", "Other")));
    EXPECT_TRUE(e.has_label("TransientTransactionError"));
    EXPECT_TRUE(e.has_label("Other"));
    auto const written = details_of(doc("ok", 1, "errorLabels", array("RetryableWriteError"), "writeConcernError",
                                        doc("code", 91, "errmsg", "shutdown")));
    EXPECT_TRUE(written.has_label("RetryableWriteError"));
}

} // namespace mongo_server_reply_test
