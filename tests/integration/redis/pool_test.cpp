// SPDX-License-Identifier: BSL-1.0
#include "on_redis.hpp"
#include "support/scripted_peer.hpp"

#include <coda/pool.hpp>

namespace redis_pool_test {

using namespace std::chrono_literals;
using coda::as_result;
using coda::task;
using coda::redis::connection;
using coda::redis::reply;
using coda::test::conversation;

static_assert(coda::poolable<connection>);

using redis_pool = coda::test::on_redis;
CODA_ON_EVERY_LOOP(redis_pool);

TEST_P(redis_pool, a_returned_connection_is_as_new) {
    auto const make = [&] { return std::make_unique<connection>(loop(), server().uri("&db=3")); };
    coda::pool<connection> pool(loop(), make, {.max_size = 1});
    auto const body = [&]() -> task<> {
        {
            auto db = co_await pool.acquire();
            co_await db->command("SELECT", 7);
            co_await db->command("CLIENT", "SETNAME", "other");
            co_await db->command("MULTI");
            co_await db->command("PING");
        }
        auto db = co_await pool.acquire();
        EXPECT_FALSE(db->needs_reset());
        auto const info = co_await db->command<std::string>("CLIENT", "INFO");
        EXPECT_THAT(info, testing::HasSubstr(" db=3 "));
        EXPECT_THAT(info, testing::HasSubstr(" multi=-1 "));
        EXPECT_THAT(info, testing::HasSubstr(" name=" + server().mark() + " "));
        EXPECT_EQ(pool.statistics().opened, 1u);
        db.release();
        co_await pool.close();
    };
    run(body());
}

TEST_P(redis_pool, a_login_is_made_again) {
    auto const make = [&] { return std::make_unique<connection>(loop(), server().password_uri()); };
    coda::pool<connection> pool(loop(), make, {.max_size = 1});
    auto const body = [&]() -> task<> {
        for (int i = 0; i < 3; ++i) {
            auto db = co_await pool.acquire();
            auto const who = co_await db->command<std::string>("ACL", "WHOAMI");
            EXPECT_EQ(who, "coda_password");
        }
        EXPECT_EQ(pool.statistics().opened, 1u);
        co_await pool.close();
    };
    run(body());
}

TEST_P(redis_pool, whatever_the_bounds_are) {
    connection db(loop(), server().password_uri(), {.max_in_flight = 1, .max_queued = 1});
    auto const body = [&]() -> task<> {
        co_await db.connect();
        co_await db.command("MULTI");
        EXPECT_TRUE(db.needs_reset());
        co_await db.reset();
        EXPECT_FALSE(db.needs_reset());
        co_await db.ping();
    };
    run(body());
}

// Before Redis 6.2.
TEST_P(redis_pool, a_server_without_reset_is_reset_by_hand) {
    std::string const login = "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*3\r\n$6\r\nCLIENT\r\n$7\r\nSETNAME\r\n$4\r\ncoda\r\n";
    coda::test::scripted_peer const old([&](conversation& with) {
        with.expect(login);
        with.send("+OK\r\n+OK\r\n");
        with.expect("*1\r\n$5\r\nRESET\r\n" + login);
        with.send("-ERR unknown command `RESET`\r\n+QUEUED\r\n+QUEUED\r\n");
        with.expect("*1\r\n$7\r\nDISCARD\r\n*1\r\n$7\r\nUNWATCH\r\n" + login);
        with.send("-ERR DISCARD without MULTI\r\n+OK\r\n+OK\r\n+OK\r\n");
        with.expect_end();
    });
    connection db(loop(), fmt::format("redis://127.0.0.1:{}", old.port()));
    auto const body = [&]() -> task<> {
        co_await db.connect();
        co_await db.reset();
        co_await db.close();
    };
    run(body());
    EXPECT_TRUE(old.wait_until_ended(1));
    EXPECT_THAT(old.failures(), testing::IsEmpty());
}

} // namespace redis_pool_test
