// SPDX-License-Identifier: BSL-1.0
#include <coda/redis/error.hpp>

#include <gtest/gtest.h>

namespace redis_error_test {

using coda::redis::code_of_reply;
using coda::redis::server_errc;
using coda::redis::server_error;

TEST(redis_error, has_a_code_for_the_word_that_a_reply_begins_with) {
    EXPECT_EQ(code_of_reply("ERR unknown command"), server_errc::err);
    EXPECT_EQ(code_of_reply("WRONGTYPE Operation against a key"), server_errc::wrong_type);
    EXPECT_EQ(code_of_reply("NOAUTH Authentication required."), server_errc::no_auth);
    EXPECT_EQ(code_of_reply("WRONGPASS invalid username-password pair"), server_errc::wrong_password);
    EXPECT_EQ(code_of_reply("NOPERM this user"), server_errc::no_permission);
    EXPECT_EQ(code_of_reply("MOVED 3999 127.0.0.1:6381"), server_errc::moved);
    EXPECT_EQ(code_of_reply("ASK 3999 127.0.0.1:6381"), server_errc::ask);
    EXPECT_EQ(code_of_reply("LOADING Redis is loading"), server_errc::loading);
    EXPECT_EQ(code_of_reply("OOM command not allowed"), server_errc::out_of_memory);
    EXPECT_EQ(code_of_reply("NOSCRIPT No matching script"), server_errc::no_script);
    EXPECT_EQ(code_of_reply("EXECABORT Transaction discarded"), server_errc::exec_abort);
    EXPECT_EQ(code_of_reply("NOPROTO sorry"), server_errc::no_protocol);
}

TEST(redis_error, that_begins_otherwise_is_another) {
    for (auto const* text : {"", "MYMODULE went wrong", "err lower case", "ERRx", "ERROR", "-"})
        EXPECT_EQ(code_of_reply(text), server_errc::other) << text;
    EXPECT_EQ(code_of_reply("READONLY"), server_errc::read_only) << "the word alone";
}

TEST(redis_error, details_are_the_words_of_the_server) {
    server_error const e("WRONGTYPE Operation against a key");
    EXPECT_EQ(e.prefix(), "WRONGTYPE");
    EXPECT_EQ(e.message(), "WRONGTYPE Operation against a key");
    EXPECT_EQ(server_error("MY_MODULE x").prefix(), "MY_MODULE");
    EXPECT_EQ(server_error("went wrong").prefix(), "");
}

TEST(redis_error, categories_and_messages_are_told_apart) {
    coda::error_code const driver = coda::redis::errc::connect_failed;
    coda::error_code const server = server_errc::wrong_type;
    EXPECT_STREQ(driver.category().name(), "coda.redis");
    EXPECT_STREQ(server.category().name(), "redis");
    EXPECT_EQ(driver.message(), "connecting failed");
    EXPECT_EQ(server.message(), "the server answered WRONGTYPE");
    EXPECT_EQ(coda::error_code(server_errc::other).message(), "the server answered an error");
    EXPECT_EQ(coda::error_code(server_errc::no_protocol).message(), "the server answered NOPROTO");
}

} // namespace redis_error_test
