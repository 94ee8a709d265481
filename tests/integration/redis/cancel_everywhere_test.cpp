// SPDX-License-Identifier: BSL-1.0
// Every public operation cancelled at each of its suspensions: it ends with the reason and the truth, and what it was
// made of can be used as before.
#include "on_redis.hpp"
#include "support/everywhere.hpp"

#include <coda/pool.hpp>

namespace redis_cancel_everywhere_test {

using namespace std::chrono_literals;
using coda::as_result;
using coda::outcome;
using coda::task;
using coda::redis::connection;
using coda::redis::reply;

using redis_everywhere = coda::test::everywhere<coda::test::on_redis>;
CODA_ON_EVERY_LOOP(redis_everywhere);

// All of `commands`, which a connection and a client have alike.
class redis_commands_everywhere : public redis_everywhere {
protected:
    template <class Db>
    void each_command(Db& db) {
        auto const key = fresh_key();
        auto const number = fresh_key();
        auto const id = server().connections().at(0).substr(0, 8);
        auto const same = [&]() -> task<> {
            auto const echo = co_await db.template command<std::string>("ECHO", "mine");
            EXPECT_EQ(echo, "mine");
            EXPECT_EQ(server().connections().at(0).substr(0, 8), id);
        };
        tried([&] { return db.template command<std::string>("ECHO", "other"); }, same);
        tried([&] { return db.command("SET", key, "value"); }, same);
        tried([&] { return db.set(key, "value"); }, same);
        tried([&] { return db.set(key, "value", 60s); }, same);
        tried([&] { return db.get(key); }, same);
        tried([&] { return db.mget(key, key); }, same);
        tried([&] { return db.expire(key, 60s); }, same);
        tried([&] { return db.exists(key); }, same);
        tried([&] { return db.del(key); }, same);
        tried([&] { return db.incr(number); }, same);
        tried([&] { return db.incrby(number, 2); }, same);
        tried([&] { return db.ping(); }, same);
    }
};
CODA_ON_EVERY_LOOP(redis_commands_everywhere);

TEST_P(redis_commands_everywhere, of_a_connection_leave_it_usable) {
    auto const db = connected();
    each_command(*db);
    auto const usable = [&]() -> task<> { co_await db->ping(); };
    tried([&] { return db->reset(); }, usable);
}

TEST_P(redis_commands_everywhere, of_a_client_leave_it_usable) {
    coda::redis::client db(loop(), server().uri());
    auto const connect = [&]() -> task<> { co_await db.connect(); };
    run(connect());
    each_command(db);
}

// Those of a lease that blocks end its connection, unless it has its answer first.
TEST_P(redis_everywhere, a_command_that_blocks) {
    auto const make = [&] { return std::make_unique<connection>(loop(), server().uri()); };
    coda::pool<connection> pool(loop(), make, {.max_size = 1});
    auto const blocks = [&]() -> coda::operation<> {
        auto db = co_await as_result(pool.acquire());
        if (db.has_error()) co_return db.error();
        auto const nothing = co_await as_result((*db)->command<reply>("BLPOP", "coda:nothing", "0.01"));
        if (nothing.has_error()) co_return nothing.error();
        co_return coda::result<>();
    };
    auto const one_at_most = [&]() -> task<> {
        auto const db = co_await pool.acquire();
        co_await (*db).ping();
        EXPECT_EQ(pool.statistics().size(), 1u);
    };
    tried(blocks, one_at_most);
}

TEST_P(redis_everywhere, a_write_tells_the_truth) {
    coda::redis::client db(loop(), server().uri());
    auto const hash = fresh_key();
    int id = 0;
    auto const attempt = [&]() -> task<bool> {
        int const mine = ++id;
        auto const r = co_await as_result(db.command<std::int64_t>("HINCRBY", hash, mine, 1));
        auto const count = co_await coda::shield(db.command<std::optional<std::int64_t>>("HGET", hash, mine));
        if (r.has_value()) {
            EXPECT_EQ(count, 1);
        } else {
            EXPECT_EQ(count.value_or(0), r.error().outcome() == outcome::not_sent ? 0 : 1);
        }
        co_return r.has_value();
    };
    EXPECT_GT(run(coda::test::cancel_everywhere(attempt)), 0);
}

TEST_P(redis_everywhere, connect_and_close_of_a_connection) {
    connection db(loop(), server().uri());
    auto const works = [&]() -> task<> {
        co_await db.connect();
        co_await db.ping();
        db.abort();
    };
    tried([&] { return db.connect(); }, works);
    auto const closed = [&] { EXPECT_FALSE(db.usable()); };
    tried_closing([&] { return db.connect(); }, [&] { return db.ping(); }, [&] { return db.close(); }, closed);
}

TEST_P(redis_everywhere, connect_and_close_of_a_client) {
    std::optional<coda::redis::client> db;
    auto const fresh = [&]() -> coda::redis::client& { return db.emplace(loop(), server().uri()); };
    auto const works = [&]() -> task<> { co_await db->ping(); };
    tried([&] { return fresh().ping(); }, works);
    tried([&] { return fresh().connect(); }, works);
    auto const closed = [&] { EXPECT_EQ(db->open_connections(), 0u); };
    tried_closing([&] { return fresh().connect(); }, [&] { return db->ping(); }, [&] { return db->close(); }, closed);
    db.reset();
}

TEST_P(redis_everywhere, a_lease_that_is_reset) {
    auto const make = [&] { return std::make_unique<connection>(loop(), server().uri()); };
    coda::pool<connection> pool(loop(), make, {.max_size = 1});
    auto const in_a_transaction = [&]() -> coda::operation<> {
        auto db = co_await as_result(pool.acquire());
        if (db.has_error()) co_return db.error();
        for (auto const* word : {"MULTI", "PING", "EXEC"}) {
            auto const done = co_await as_result((*db)->command<reply>(word));
            if (done.has_error()) co_return done.error();
        }
        co_return coda::result<>();
    };
    auto const as_new = [&]() -> task<> {
        auto db = co_await pool.acquire();
        auto const info = co_await db->command<std::string>("CLIENT", "INFO");
        EXPECT_THAT(info, testing::HasSubstr(" multi=-1 "));
        EXPECT_EQ(pool.statistics().opened, 1u);
    };
    tried(in_a_transaction, as_new);
}

} // namespace redis_cancel_everywhere_test
