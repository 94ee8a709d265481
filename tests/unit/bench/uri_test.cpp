// SPDX-License-Identifier: BSL-1.0
#include "workloads/uri.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace bench_uri_test {

using namespace coda::bench;

TEST(uri, a_local_port_replaces_the_hosts_and_nothing_else) {
    EXPECT_EQ(with_local_port("redis://u:p%40ss@db.example:6380/3", 47), "redis://u:p%40ss@127.0.0.1:47/3");
    EXPECT_EQ(with_local_port("mongodb://a:1,b:2/?w=1", 47), "mongodb://127.0.0.1:47/?w=1");
    EXPECT_EQ(with_local_port("redis://host", 47), "redis://127.0.0.1:47");
}

TEST(uri, the_first_host_has_a_port) {
    EXPECT_EQ(first_host("redis://u:p@db.example/0", 6379), "db.example:6379");
    EXPECT_EQ(first_host("mongodb://a:1,b:2", 27017), "a:1");
    EXPECT_EQ(first_host("redis://[::1]", 6379), "[::1]:6379");
    EXPECT_EQ(first_host("redis://[::1]:5", 6379), "[::1]:5");
    EXPECT_EQ(first_host("redis:///1", 6379), "127.0.0.1:6379");
}

TEST(uri, percent_signs_are_decoded_where_two_digits_follow) {
    EXPECT_EQ(percent_decoded("correct%20horse"), "correct horse");
    EXPECT_EQ(percent_decoded("100%"), "100%");
    EXPECT_EQ(percent_decoded("%zz%4"), "%zz%4");
    EXPECT_EQ(percent_decoded("%41"), "A");
}

TEST(uri, one_without_a_scheme_is_refused_without_its_password) {
    try {
        (void)split_uri("u:hunter2@host");
        FAIL();
    } catch (std::runtime_error const& e) {
        EXPECT_EQ(std::string_view(e.what()).find("hunter2"), std::string_view::npos);
    }
}

} // namespace bench_uri_test
