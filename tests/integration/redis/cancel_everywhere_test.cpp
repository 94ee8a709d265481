// SPDX-License-Identifier: BSL-1.0
// Every public operation cancelled at each of its suspensions: it ends with the reason and the truth, and what it was
// made of can be used as before.
#include "on_redis.hpp"
#include "support/everywhere.hpp"

#include <coda/pool.hpp>

namespace {

using namespace std::chrono_literals;
using coda::as_result;
using coda::outcome;
using coda::task;
using coda::redis::connection;
using coda::redis::reply;

using redis_everywhere = coda::test::everywhere<coda::test::on_redis>;
CODA_ON_EVERY_LOOP(redis_everywhere);

TEST_P(redis_everywhere, commands_leave_the_connection_usable) {
    auto const db = connected();
    auto const key = fresh_key();
    auto const id = server().connections().at(0).substr(0, 8);
    auto const same = [&]() -> task<> {
        auto const echo = co_await db->command<std::string>("ECHO", "mine");
        EXPECT_EQ(echo, "mine");
        EXPECT_EQ(server().connections().at(0).substr(0, 8), id);
    };
    tried([&] { return db->set(key, "value"); }, same);
    tried([&] { return db->get(key); }, same);
    tried([&] { return db->mget(key, key); }, same);
    tried([&] { return db->expire(key, 60s); }, same);
    tried([&] { return db->exists(key); }, same);
    tried([&] { return db->ping(); }, same);
    tried([&] { return db->reset(); }, same);
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

TEST_P(redis_everywhere, connect_and_close) {
    connection db(loop(), server().uri());
    auto const works = [&]() -> task<> {
        co_await db.connect();
        co_await db.ping();
        db.abort();
    };
    tried([&] { return db.connect(); }, works);
    std::optional<coda::redis::client> client;
    auto const client_works = [&]() -> task<> { co_await client->ping(); };
    auto const cold = [&] {
        client.emplace(loop(), server().uri());
        return client->ping();
    };
    tried(cold, client_works);
    client.reset();
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

} // namespace
