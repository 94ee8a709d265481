// SPDX-License-Identifier: BSL-1.0
#include "address.hpp"

#include <gmock/gmock.h>

namespace redis_address_test {

using coda::redis::detail::address;
using testing::HasSubstr;
using testing::Not;

address parsed(std::string_view uri) {
    auto r = address::parse(uri);
    EXPECT_TRUE(r.has_value()) << uri << ": " << r.error().message();
    return r.has_value() ? *r : address();
}

TEST(address, of_a_host_alone_has_the_usual_port_database_and_name) {
    auto const a = parsed("redis://db.example");
    EXPECT_EQ(a.host, "db.example");
    EXPECT_EQ(a.port, "6379");
    EXPECT_EQ(a.path, "");
    EXPECT_EQ(a.user, "");
    EXPECT_FALSE(a.password.has_value());
    EXPECT_EQ(a.database, "0");
    EXPECT_EQ(a.client_name, "coda");
}

TEST(address, has_all_its_parts) {
    auto const a = parsed("redis://me:secret@db.example:7000/3?client_name=web");
    EXPECT_EQ(a.host, "db.example");
    EXPECT_EQ(a.port, "7000");
    EXPECT_EQ(a.user, "me");
    EXPECT_EQ(a.password, "secret");
    EXPECT_EQ(a.database, "3");
    EXPECT_EQ(a.client_name, "web");
}

TEST(address, decodes_percent_escapes) {
    auto const a = parsed("redis://a%40b:correct%20h%6Frse%2f%3A@h%2dx?client_name=w%65b");
    EXPECT_EQ(a.user, "a@b");
    EXPECT_EQ(a.password, "correct horse/:");
    EXPECT_EQ(a.host, "h-x");
    EXPECT_EQ(a.client_name, "web");
}

TEST(address, a_password_may_have_colons_and_no_user) {
    auto const a = parsed("redis://:a:b@host");
    EXPECT_EQ(a.user, "");
    EXPECT_EQ(a.password, "a:b");
    EXPECT_EQ(parsed("redis://:@host").password, "");
}

TEST(address, of_ipv6_stands_in_brackets) {
    EXPECT_EQ(parsed("redis://[::1]").host, "::1");
    EXPECT_EQ(parsed("redis://[::1]:7000/1").port, "7000");
    EXPECT_EQ(parsed("redis://[::1]/1").database, "1");
}

TEST(address, without_a_host_is_this_machine) {
    EXPECT_EQ(parsed("redis://").host, "localhost");
    EXPECT_EQ(parsed("redis://:7000").host, "localhost");
    EXPECT_EQ(parsed("redis:///2").database, "2");
}

TEST(address, of_a_socket_is_its_path) {
    auto const a = parsed("unix:///run/redis/a%20b.sock?db=2");
    EXPECT_EQ(a.host, "");
    EXPECT_EQ(a.path, "/run/redis/a b.sock");
    EXPECT_EQ(a.database, "2");
    auto const b = parsed("unix://me:secret@/run/redis.sock");
    EXPECT_EQ(b.user, "me");
    EXPECT_EQ(b.password, "secret");
    EXPECT_EQ(b.path, "/run/redis.sock");
}

TEST(address, options_follow_one_another) {
    auto const a = parsed("redis://host?db=4&client_name=x");
    EXPECT_EQ(a.database, "4");
    EXPECT_EQ(a.client_name, "x");
    EXPECT_EQ(parsed("redis://host?client_name=").client_name, "");
}

TEST(address, malformed_names_the_part_and_no_value) {
    std::string const too_long = "unix:///" + std::string(120, 'p');
    struct {
        std::string uri;
        char const* message;
    } const cases[] = {
        {"", "must begin with redis:// or unix://"},
        {"http://host", "must begin with redis:// or unix://"},
        {"rediss://host", "TLS (rediss://) is not supported"},
        {"redis://s3cret@host", "a user needs a password"},
        {"redis://me:s3@cret@host", "must be written as %40"},
        {"redis://s3cret%zz:x@host", "malformed user"},
        {"redis://me:s3cret%2@host", "malformed password"},
        {"redis://me:s3cret%00@host", "malformed password"},
        {"redis://me:s3 cret@host", "malformed password"},
        {"redis://[::1", "a [ without a ]"},
        {"redis://[::1]s3cret", "something follows the ]"},
        {"redis://ho%st", "malformed host"},
        {"redis://host:", "the port must be 1 to 65535"},
        {"redis://host:0", "the port must be 1 to 65535"},
        {"redis://host:65536", "the port must be 1 to 65535"},
        {"redis://host:s3cret", "the port must be 1 to 65535"},
        {"redis://host/s3cret", "the database must be a number"},
        {"redis://host/-1", "the database must be a number"},
        {"redis://host/99999999999", "the database must be a number"},
        {"redis://host?db=", "the database must be a number"},
        {"redis://host?s3cret=1", "neither db nor client_name"},
        {"redis://host?client_name=s3%20cret", "client_name must be printable"},
        {"redis://me:s3#cret@host", "must be written as %23"},
        {"unix://", "malformed path"},
        {"unix:///", "malformed path"},
        {"unix://s3cret/path", "malformed path"},
        {too_long, "the path of the socket is too long"},
    };
    for (auto const& c : cases) {
        auto const r = address::parse(c.uri);
        ASSERT_TRUE(r.has_error()) << c.uri;
        EXPECT_EQ(r.error().code(), coda::errc::invalid_argument);
        EXPECT_THAT(r.error().message(), HasSubstr(c.message)) << c.uri;
        EXPECT_THAT(r.error().message(), Not(HasSubstr("s3"))) << c.uri;
    }
}

} // namespace redis_address_test
