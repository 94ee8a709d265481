// SPDX-License-Identifier: BSL-1.0
// Permits that move between pools, in virtual time: all on one loop.
#include "scripted_connection.hpp"
#include "support/manual_loop.hpp"

#include <coda/pool/sharded.hpp>
#include <coda/runtime/scope.hpp>

#include <gtest/gtest.h>

namespace pool_permits_test {

using namespace std::chrono_literals;
using coda::as_result;
using coda::scope;
using coda::task;
using coda::detail::permit_exchange;
using coda::test::manual_loop;
using coda::test::scripted_pool;
using coda::test::scripted_server;

class permits_of_two_pools : public testing::Test {
protected:
    struct side {
        side(manual_loop& l, std::shared_ptr<permit_exchange> exchange, std::size_t at, std::size_t permits)
            : shard(std::make_unique<scripted_pool>(
                        l, coda::test::connections_to(server),
                        coda::pool_options{.max_size = permits, .acquire_timeout = 1h, .upkeep_interval = 0ms}),
                    std::move(exchange), at) {}
        scripted_pool& pool() { return shard.client(); }

        scripted_server server;
        coda::detail::shard<scripted_pool> shard;
    };

    // Waits for a connection until `leaving` is requested.
    task<> wait(scripted_pool& pool) {
        auto const got = co_await as_result(coda::with_cancellation(leaving.token(), pool.acquire()));
        served += got.has_value() ? 1 : 0;
    }
    static task<> hold(scripted_pool& pool, coda::duration d) {
        auto const db = co_await pool.acquire();
        co_await coda::sleep_for(d);
    }

    manual_loop loop;
    std::shared_ptr<permit_exchange> exchange =
        std::make_shared<permit_exchange>(std::vector<coda::loop*>{&loop, &loop});
    side here{loop, exchange, 0, 2};
    side there{loop, exchange, 1, 1};
    coda::cancel_source leaving;
    int served = 0;
};

TEST_F(permits_of_two_pools, one_that_was_kept_for_who_waits_goes_to_the_other_when_he_leaves) {
    here.server.connect_takes = 1h;
    auto const body = [&](scope& s) -> task<> {
        auto const db = co_await there.pool().acquire();
        s.spawn(wait(here.pool()));
        s.spawn(hold(there.pool(), 1ms));
        co_await coda::sleep_for(1ms);
        EXPECT_EQ(there.pool().statistics().waiters, 1u) << "somebody waits here, who may need it";
        leaving.request();
        co_await coda::sleep_for(1ms);
        EXPECT_EQ(there.pool().statistics().waiters, 0u);
        EXPECT_EQ(there.pool().permits(), 2u);
    };
    loop.run(coda::with_scope(body));
}

TEST_F(permits_of_two_pools, nothing_is_closed_for_one_who_has_left) {
    auto const body = [&](scope& s) -> task<> {
        s.spawn(hold(here.pool(), 10ms));
        s.spawn(hold(here.pool(), 10ms));
        auto const db = co_await there.pool().acquire();
        std::optional<scope> destroyed(std::in_place, co_await coda::this_context());
        s.spawn(wait(there.pool()));
        destroyed->spawn(wait(there.pool()));
        co_await coda::sleep_for(1ms);
        EXPECT_EQ(there.pool().statistics().waiters, 2u);
        leaving.request();
        destroyed.reset();
        co_await coda::sleep_for(1s);
    };
    loop.run(coda::with_scope(body));
    EXPECT_EQ(here.pool().permits(), 2u);
    EXPECT_EQ(here.server.closes, 0);
    EXPECT_EQ(served, 0);
}

} // namespace pool_permits_test
