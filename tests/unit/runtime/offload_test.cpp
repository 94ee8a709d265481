// SPDX-License-Identifier: BSL-1.0
#include "support/loops.hpp"

#include <coda/runtime/offload.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

namespace runtime_offload_test {

using ::testing::HasSubstr;

std::string complaint(coda::offload_options options) {
    try {
        coda::thread_pool pool(options);
    } catch (coda::exception const& e) {
        EXPECT_EQ(e.code(), coda::errc::invalid_argument);
        return e.what();
    }
    return "none";
}

TEST(offload_options, out_of_range_are_refused_by_name) {
    EXPECT_THAT(complaint({.threads = 0}), HasSubstr("offload_options.threads must be 1 to 1024, not 0"));
    EXPECT_THAT(complaint({.threads = 1025}), HasSubstr("1 to 1024"));
    EXPECT_THAT(complaint({.max_queued = 1048577}),
                HasSubstr("offload_options.max_queued must be 0 to 1048576, not 1048577"));
}

TEST(offload_options, at_the_edge_of_their_range_are_taken) {
    EXPECT_EQ(complaint({.threads = 1, .max_queued = 0}), "none");
    EXPECT_EQ(complaint({.threads = 1024, .max_queued = 1048576}), "none");
}

TEST(a_thread_pool, starts_no_thread_before_it_is_used) {
    auto const threads = [] {
        std::size_t n = 0;
        for (auto const& entry : std::filesystem::directory_iterator("/proc/self/task")) n += entry.exists();
        return n;
    };
    auto const before = threads();
    coda::thread_pool const pool({.threads = 64});
    EXPECT_EQ(threads(), before);
    EXPECT_EQ(pool.queued(), 0U);
    EXPECT_EQ(pool.running(), 0U);
}

TEST(an_offload_that_is_never_awaited, destroys_the_function_uncalled) {
    auto const held = std::make_shared<int>();
    {
        auto op = coda::offload([held] { ADD_FAILURE(); });
        EXPECT_EQ(held.use_count(), 2);
    }
    EXPECT_EQ(held.use_count(), 1);
}

} // namespace runtime_offload_test
