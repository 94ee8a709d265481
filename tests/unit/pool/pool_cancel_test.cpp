// SPDX-License-Identifier: BSL-1.0
// An acquire that is cancelled wherever it may be suspended.
#include "scripted_connection.hpp"
#include "support/cancel_everywhere.hpp"
#include "support/manual_loop.hpp"

#include <coda/runtime/scope.hpp>

#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using coda::as_result;
using coda::errc;
using coda::scope;
using coda::task;
using coda::test::connections_to;
using coda::test::manual_loop;
using coda::test::scripted_pool;
using coda::test::scripted_server;

TEST(pool_cancel, acquire_cancelled_at_any_point_leaves_nothing_behind) {
    manual_loop loop;
    scripted_server server;
    scripted_pool pool(loop, connections_to(server), {.max_size = 1});
    auto const hold = [&]() -> task<> {
        auto db = co_await pool.acquire();
        db->use();
        for (int i = 0; i < 5; ++i) co_await coda::yield();
    };
    auto const body = [&](scope& s) -> task<> {
        auto const attempt = [&]() -> task<bool> {
            s.spawn(hold());
            co_await coda::yield();
            auto db = co_await as_result(pool.acquire());
            if (db.has_error()) {
                EXPECT_EQ(db.error().code(), errc::cancelled);
                co_return false;
            }
            (*db)->use();
            co_return true;
        };
        auto const cancelled = co_await coda::test::cancel_everywhere(attempt);
        EXPECT_GT(cancelled, 3);
        co_await coda::sleep_for(1ms);
    };
    loop.run(coda::with_scope(body));
    EXPECT_EQ(pool.statistics().waiters, 0u);
    EXPECT_EQ(pool.statistics().in_use, 0u);
    EXPECT_EQ(pool.statistics().idle, 1u);
    EXPECT_EQ(server.live, 1);
}

} // namespace
