// SPDX-License-Identifier: BSL-1.0
#include "server_reply.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace postgres_connect_failure_test {

namespace pg = coda::pg;
using pg::detail::connect_failure;

TEST(connect_failure, has_the_sqlstate_of_a_rejected_login) {
    auto const e =
        connect_failure("connection to server at \"db\" (10.0.0.1), port 5432 failed: FATAL:  28P01: password "
                        "authentication failed for user \"me\"\nLOCATION:  auth_failed, auth.c:326\n");
    EXPECT_EQ(e.code(), pg::sqlstate::invalid_password);
    EXPECT_EQ(e.outcome(), coda::outcome::not_sent);
    EXPECT_EQ(e.kind(), coda::error_class::permanent);
    auto const* const d = e.details<pg::server_error>();
    ASSERT_NE(d, nullptr);
    EXPECT_EQ(d->severity, "FATAL");
    EXPECT_EQ(d->code, "28P01");
    EXPECT_EQ(d->primary, "password authentication failed for user \"me\"");
    EXPECT_EQ(e.message(), "connection to server at \"db\" (10.0.0.1), port 5432 failed: FATAL 28P01: password "
                           "authentication failed for user \"me\"");
}

TEST(connect_failure, of_a_server_that_starts_up_passes) {
    auto const e =
        connect_failure("connection to server on socket \"/run/x\" failed: FATAL:  57P03: the database system is "
                        "starting up\nLOCATION:  ProcessStartupPacket, postmaster.c:2345\n");
    EXPECT_EQ(e.code(), pg::sqlstate::cannot_connect_now);
    EXPECT_EQ(e.kind(), coda::error_class::transient);
}

TEST(connect_failure, of_several_servers_is_the_last_rejection) {
    auto const e = connect_failure("connection to server at \"a\", port 1 failed: Connection refused\n"
                                   "\tIs the server running on that host and accepting TCP/IP connections?\n"
                                   "connection to server at \"b\", port 2 failed: FATAL:  53300: too many connections\n"
                                   "LOCATION:  InitPostgres, postinit.c:9\n");
    EXPECT_EQ(e.code(), pg::sqlstate::too_many_connections);
    EXPECT_EQ(e.kind(), coda::error_class::throttled);
}

TEST(connect_failure, that_no_other_attempt_can_help_is_permanent) {
    auto const e = connect_failure("connection to server at \"a\" (::1), port 1 failed: Connection refused\n"
                                   "connection to server at \"a\" (127.0.0.1), port 1 failed: server does not support "
                                   "SSL, but SSL was required\n");
    EXPECT_EQ(e.code(), pg::errc::wrong_settings);
    EXPECT_EQ(e.kind(), coda::error_class::permanent);
    EXPECT_EQ(e.outcome(), coda::outcome::not_sent);
    for (auto const* passing : {"could not open certificate file \"/a.pem\": Too many open files",
                                "could not read root certificate file \"/a.pem\": SSL error code 2147483660"})
        EXPECT_EQ(connect_failure(fmt::format("connection to server at \"a\", port 1 failed: {}\n", passing)).code(),
                  pg::errc::connect_failed);
    auto const again =
        connect_failure("connection to server at \"a\", port 1 failed: SSL error: certificate verify failed\n"
                        "connection to server at \"a\", port 1 failed: Connection refused\n");
    EXPECT_EQ(again.code(), pg::errc::connect_failed) << "the last attempt's";
}

TEST(connect_failure, of_a_server_that_is_there_comes_before_anothers_settings) {
    auto const e = connect_failure("connection to server at \"a\", port 1 failed: FATAL:  57P03: it starts up\n"
                                   "DETAIL:  server does not support SSL\n"
                                   "connection to server at \"b\", port 2 failed: fe_sendauth: no password supplied\n");
    EXPECT_EQ(e.code(), pg::sqlstate::cannot_connect_now);
    ASSERT_NE(e.details<pg::server_error>(), nullptr);
}

TEST(connect_failure, without_a_servers_word_is_libpqs_in_one_line) {
    auto const e =
        connect_failure("connection to server at \"a\", port 1 failed: Connection refused\n\tIs it running?\n");
    EXPECT_EQ(e.code(), pg::errc::connect_failed);
    EXPECT_EQ(e.message(), "connection to server at \"a\", port 1 failed: Connection refused  Is it running?");
    EXPECT_EQ(connect_failure("").code(), pg::errc::connect_failed);
    for (auto const* odd : {":  ", "x:  28P0", "x:  28P01", "x:  28P01:", "x:  28p01: y", ":  :  :  "})
        EXPECT_EQ(connect_failure(odd).code(), pg::errc::connect_failed) << odd;
}

} // namespace postgres_connect_failure_test
