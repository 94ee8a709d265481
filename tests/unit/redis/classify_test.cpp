// SPDX-License-Identifier: BSL-1.0
#include "classify.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace redis_classify_test {

using coda::error;
using coda::error_class;
using coda::outcome;
using coda::redis::server_error;

error answered(char const* text) {
    return {coda::redis::code_of_reply(text), outcome::completed, std::make_shared<server_error>(text)};
}

TEST(classify, every_reply_that_something_can_be_done_about) {
    for (char const* text :
         {"LOADING Redis is loading the dataset in memory", "BUSY Redis is busy running a script",
          "TRYAGAIN Multiple keys request during rehashing of slot", "CLUSTERDOWN The cluster is down",
          "MASTERDOWN Link with MASTER is down", "NOREPLICAS Not enough good replicas to write",
          "READONLY You can't write against a read only replica.", "MOVED 3999 127.0.0.1:6381",
          "ASK 3999 127.0.0.1:6381", "MISCONF Redis is configured to save RDB snapshots"}) {
        EXPECT_EQ(answered(text).kind(), error_class::transient) << text;
        EXPECT_EQ(error(coda::redis::code_of_reply(text)).kind(), error_class::transient) << text; // without its words
    }
    EXPECT_EQ(answered("OOM command not allowed when used memory > 'maxmemory'.").kind(), error_class::throttled);
    EXPECT_EQ(answered("ERR max number of clients reached").kind(), error_class::throttled);
    EXPECT_EQ(answered("ERR max number of clients + cluster connections reached").kind(), error_class::throttled);
}

TEST(classify, mistakes_are_permanent) {
    for (char const* text :
         {"ERR unknown command", "WRONGTYPE Operation against a key", "NOAUTH Authentication required.",
          "WRONGPASS invalid username-password pair", "NOPERM no permissions", "CROSSSLOT Keys in request",
          "NOSCRIPT No matching script.", "EXECABORT Transaction discarded", "BUSYGROUP exists",
          "BUSYKEY Target key name already exists.", "NOGROUP No such key", "SOMETHING else", ""})
        EXPECT_EQ(answered(text).kind(), error_class::permanent) << text;
}

TEST(classify, a_refused_connection_is_what_the_server_said) {
    auto const refused = [](char const* text) {
        return error(make_error_code(coda::redis::errc::connect_failed), outcome::not_sent,
                     std::make_shared<server_error>(text));
    };
    EXPECT_EQ(refused("WRONGPASS invalid username-password pair").kind(), error_class::permanent);
    EXPECT_EQ(refused("ERR max number of clients reached").kind(), error_class::throttled);
    EXPECT_EQ(error(make_error_code(coda::redis::errc::connect_failed)).kind(), error_class::connection_lost);
    EXPECT_EQ(error(make_error_code(coda::redis::errc::unsupported_command)).kind(), error_class::permanent);
}

} // namespace redis_classify_test
