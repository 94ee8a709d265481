// SPDX-License-Identifier: BSL-1.0
// Redis: a shared client, replies as types, and a connection of one's own for a transaction.
#include "database.hpp"

#include <coda/pool.hpp>
#include <coda/redis.hpp>
#include <coda/runtime.hpp>

#include <fmt/format.h>
#include <unistd.h>

#include <map>

using namespace std::chrono_literals;

// Any number of tasks share the client: what they issue in one turn of the loop leaves in one write.
coda::task<> visits(coda::redis::client& db, std::string const& key) {
    co_await coda::when_all(db.incr(key), db.incr(key), db.incrby(key, 40));
    auto count = co_await db.get<int>(key); // std::optional<int>
    fmt::print("{} visits\n", count.value_or(0));
}

coda::task<> user(coda::redis::client& db, std::string const& key) {
    co_await db.command<int>("HSET", key, "name", "Ada", "city", "London");
    co_await db.expire(key, 10min);

    auto fields = co_await db.command<std::map<std::string, std::string>>("HGETALL", key);
    fmt::print("{} lives in {}\n", fields["name"], fields["city"]);

    // A server's error is typed by its first word.
    auto wrong = co_await coda::as_result(db.incr(key));
    if (wrong.has_error() && wrong.error().code() == coda::redis::server_errc::wrong_type)
        fmt::print("no number: {}\n", wrong.error().message());
}

// State that outlives a command needs a connection that nobody else uses; the pool resets it afterwards.
coda::task<> swap(coda::pool<coda::redis::connection>& pool, std::string const& a, std::string const& b) {
    auto db = co_await pool.acquire();
    co_await db->command("WATCH", a, b);
    auto values = co_await db->mget(a, b);
    co_await db->command("MULTI");
    co_await db->command("SET", a, values[1].value_or(""));
    co_await db->command("SET", b, values[0].value_or(""));
    auto done = co_await db->command<coda::redis::reply>("EXEC"); // nil: a or b changed meanwhile
    fmt::print("{}\n", done.is_nil() ? "try again" : "swapped");
}

coda::task<> app(coda::loop& loop, std::string uri) {
    coda::redis::client db(loop, uri);
    coda::pool<coda::redis::connection> pool(loop, [&] { return std::make_unique<coda::redis::connection>(loop, uri); },
                                             {.max_size = 4});
    auto const prefix = fmt::format("example:{}:", getpid());

    co_await visits(db, prefix + "visits");
    co_await user(db, prefix + "user");
    co_await db.set(prefix + "a", "left", 1min);
    co_await db.set(prefix + "b", "right", 1min);
    co_await swap(pool, prefix + "a", prefix + "b");
    co_await db.del(prefix + "visits", prefix + "user", prefix + "a", prefix + "b");
    co_await pool.close();
}

int main(int argc, char** argv) {
    coda::asio_loop loop;
    loop.run(app(loop, redis_database(argc, argv)));
}
