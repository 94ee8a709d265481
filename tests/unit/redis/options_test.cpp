// SPDX-License-Identifier: BSL-1.0
#include <coda/redis/options.hpp>

#include <gtest/gtest.h>

namespace redis_options_test {

using namespace std::chrono_literals;
using coda::redis::client_options;
using coda::redis::connection_options;

TEST(redis_options, defaults_are_in_range) {
    EXPECT_TRUE(check(connection_options()));
    EXPECT_TRUE(check(client_options()));
}

TEST(redis_options, error_names_the_option_its_range_and_its_value) {
    struct {
        connection_options options;
        char const* message;
    } const cases[] = {
        {{.connect_timeout = 0ms}, "connect_timeout must be more than 0 and at most 24 h, not 0"},
        {{.command_timeout = -1ns}, "command_timeout must be more than 0 and at most 24 h, not -1 ns"},
        {{.drain_timeout = 25h}, "drain_timeout must be more than 0 and at most 24 h, not 25 h"},
        {{.max_in_flight = 0}, "max_in_flight must be 1 to 65536, not 0"},
        {{.max_in_flight = 65'537}, "max_in_flight must be 1 to 65536, not 65537"},
        {{.max_queued = 0}, "max_queued must be 1 to 10000000, not 0"},
    };
    for (auto const& c : cases) {
        auto const r = check(c.options);
        ASSERT_TRUE(r.has_error()) << c.message;
        EXPECT_EQ(r.error().code(), coda::errc::invalid_argument);
        EXPECT_EQ(r.error().message(), c.message);
        EXPECT_TRUE(check(client_options{.connection = c.options}).has_error());
    }
    EXPECT_EQ(check(client_options{.connections = 0}).error().message(), "connections must be 1 to 1000, not 0");
}

} // namespace redis_options_test
