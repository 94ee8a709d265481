// SPDX-License-Identifier: BSL-1.0
// A connection of one's own, from a pool: for what leaves state on the session, such as a transaction.
#include "database.hpp"

#include <coda/pool.hpp>
#include <coda/postgres.hpp>
#include <coda/runtime.hpp>

#include <fmt/format.h>

using pg_pool = coda::pool<coda::pg::connection>;

// Whoever leaves early, by an exception or cancelled, need not roll back: the pool resets the connection behind him.
coda::task<> transfer(pg_pool& pool, int from, int to, std::int64_t cents) {
    auto db = co_await pool.acquire();
    co_await db->execute("begin");
    co_await db->execute("update example_balances set cents = cents - $1 where id = $2", cents, from);
    co_await db->execute("update example_balances set cents = cents + $1 where id = $2", cents, to);
    co_await db->execute("commit");
}

coda::task<> app(pg_pool& pool) {
    {
        auto db = co_await pool.acquire();
        co_await db->execute("drop table if exists example_balances");
        co_await db->execute("create table example_balances (id int, cents bigint check (cents >= 0))");
        co_await db->execute("insert into example_balances values (1, 100), (2, 0)");
    }
    co_await transfer(pool, 1, 2, 60);
    auto refused = co_await coda::as_result(transfer(pool, 1, 2, 60));
    fmt::print("the second transfer: {}\n", refused.error().message());

    auto db = co_await pool.acquire();
    fmt::print("left: {}\n", co_await db->query_one<std::int64_t>("select cents from example_balances where id = 1"));
    co_await db->execute("drop table example_balances");
    db.release();
    co_await pool.close();
}

int main(int argc, char** argv) {
    coda::asio_loop loop;
    std::string const uri = database(argc, argv);
    pg_pool pool(loop, [&] { return std::make_unique<coda::pg::connection>(loop, uri); }, {.max_size = 4});
    loop.run(app(pool));
}
