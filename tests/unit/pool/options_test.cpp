// SPDX-License-Identifier: BSL-1.0
#include "scripted_connection.hpp"
#include "support/manual_loop.hpp"

#include <gtest/gtest.h>

namespace pool_options_test {

using namespace std::chrono_literals;
using coda::pool_options;

TEST(pool_options, defaults_are_in_range) { EXPECT_TRUE(check(pool_options())); }

TEST(pool_options, error_names_the_option_its_range_and_its_value) {
    struct {
        pool_options options;
        char const* message;
    } const cases[] = {
        {{.max_size = 0}, "max_size must be 1 to 100000, not 0"},
        {{.max_size = 100'001}, "max_size must be 1 to 100000, not 100001"},
        {{.max_size = 3, .min_size = 4}, "min_size must be 0 to 3, not 4"},
        {{.min_size = 2, .keep = 1}, "keep must be 2 to 100000, not 1"},
        {{.max_connecting = 0}, "max_connecting must be 1 to 1000, not 0"},
        {{.max_waiters = 0}, "max_waiters must be 1 to 10000000, not 0"},
        {{.acquire_timeout = 0ms}, "acquire_timeout must be more than 0 and at most 24 h, not 0"},
        {{.acquire_timeout = coda::duration::max()},
         "acquire_timeout must be more than 0 and at most 24 h, not 9223372036854775807 ns"},
        {{.connect_timeout = -1ms}, "connect_timeout must be more than 0 and at most 24 h, not -1 ms"},
        {{.max_idle_time = 0s}, "max_idle_time must be more than 0 and at most 24 h, not 0"},
        {{.max_lifetime = 25h}, "max_lifetime must be more than 0 and at most 24 h, not 25 h"},
        {{.max_uses = 0}, "max_uses must be 1 to 1000000000, not 0"},
        {{.ping_after_idle = 0s}, "ping_after_idle must be more than 0 and at most 24 h, not 0"},
        {{.leak_warning_after = 0s}, "leak_warning_after must be more than 0 and at most 24 h, not 0"},
        {{.upkeep_interval = -1ns}, "upkeep_interval must be 0 to 24 h, not -1 ns"},
        {{.first_backoff = 0s}, "first_backoff must be more than 0 and at most 24 h, not 0"},
        {{.first_backoff = 2ms, .max_backoff = 1ms}, "max_backoff must not be less than first_backoff"},
        {{.max_backoff = 25h}, "max_backoff must be more than 0 and at most 24 h, not 25 h"},
        {{.validate_after_idle = -1ns}, "validate_after_idle must be 0 to 24 h, not -1 ns"},
        {{.validate_timeout = 0ms}, "validate_timeout must be more than 0 and at most 24 h, not 0"},
        {{.reset_timeout = 0ms}, "reset_timeout must be more than 0 and at most 24 h, not 0"},
        {{.close_timeout = 25h}, "close_timeout must be 0 to 24 h, not 25 h"},
    };
    for (auto const& c : cases) {
        auto const r = check(c.options);
        ASSERT_TRUE(r.has_error()) << c.message;
        EXPECT_EQ(r.error().code(), coda::errc::invalid_argument);
        EXPECT_EQ(r.error().message(), c.message);
    }
}

TEST(pool_options, zero_is_allowed_where_it_means_at_once) {
    EXPECT_TRUE(check(pool_options{.validate_after_idle = 0ms, .close_timeout = 0ms, .upkeep_interval = 0ms}));
}

TEST(pool_options, pool_refuses_what_is_out_of_range) {
    coda::test::manual_loop loop;
    coda::test::scripted_server server;
    try {
        coda::test::scripted_pool pool(loop, connections_to(server), {.max_size = 0});
        FAIL() << "made a pool of nothing";
    } catch (coda::exception const& e) {
        EXPECT_EQ(e.code(), coda::errc::invalid_argument);
        EXPECT_STREQ(e.what(), "max_size must be 1 to 100000, not 0");
    }
}

} // namespace pool_options_test
