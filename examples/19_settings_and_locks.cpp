// SPDX-License-Identifier: BSL-1.0
// What belongs to a session or a transaction: settings, and advisory locks, some of which outlast transactions.
#include "database.hpp"

#include <coda/pool.hpp>
#include <coda/postgres.hpp>
#include <coda/runtime.hpp>

#include <fmt/format.h>

namespace pg = coda::pg;

constexpr std::int64_t nightly_job = 2'024;

// Until the transaction ends: policies of row level security may read it, and whoever comes next has none.
coda::task<std::int64_t> orders_of(pg::client& db, std::string tenant) {
    auto const body = [&](pg::transaction& tx) -> coda::task<std::int64_t> {
        co_await tx.set_local("shop.tenant", tenant);
        co_return co_await tx.query_value<std::int64_t>(
            "select count(*) from example_orders where tenant = current_setting('shop.tenant')");
    };
    co_return co_await db.transaction({.isolation = pg::repeatable_read, .read_only = true}, body);
}

// Two that count up the same number, and no row to lock yet: a lock until the transaction ends.
coda::task<> order(pg::client& db, std::string tenant) {
    auto const body = [&](pg::transaction& tx) -> coda::task<> {
        co_await tx.advisory_lock(nightly_job + 1);
        co_await tx.execute("insert into example_orders select $1, coalesce(max(number), 0) + 1 from example_orders",
                            tenant);
    };
    co_await db.transaction(body);
}

// A client's connections are shared: what would change one for the others is not sent.
coda::task<> settings(pg::client& db, coda::pool<pg::connection>& pool) {
    auto const refused = co_await coda::as_result(db.execute("set work_mem = '8MB'"));
    fmt::print("on a client: {}\n", refused.error().message());
    {
        auto own = co_await pool.acquire();
        co_await own->execute("set work_mem = '8MB'");
        fmt::print("of one's own: {}\n", co_await own->query_value<std::string>("show work_mem"));
    }
    auto next = co_await pool.acquire(); // has been reset
    fmt::print("then: {}\n",
               co_await next->query_value<std::string>("show work_mem") == "8MB" ? "the same" : "as ever");
}

// Of several programs one does the work: as long as its lease is held.
coda::task<> leader(pg::client& db, pg::connection& own) {
    co_await own.connect();
    auto lead = co_await own.try_advisory_lock(nightly_job);
    auto const other = co_await db.try_advisory_lock(nightly_job);
    fmt::print("the first {}, the second {}\n", lead ? "leads" : "waits", other ? "leads" : "waits");

    // A lock goes with its session, however that ends.
    co_await db.execute("select pg_terminate_backend($1)", own.backend_pid());
    static_cast<void>(co_await coda::as_result(own.ping()));
    fmt::print("the first {}\n", lead->held() ? "leads" : "has lost it");
    auto next = co_await db.advisory_lock(nightly_job);
    fmt::print("the second {}\n", next.held() ? "leads" : "waits");
    co_await next.unlock();
}

coda::task<> app(pg::client& db, coda::pool<pg::connection>& pool, pg::connection& own) {
    co_await db.execute("drop table if exists example_orders");
    co_await db.execute("create table example_orders (tenant text, number int unique)");
    co_await coda::when_all(order(db, "ada"), order(db, "grace"), order(db, "ada"));
    fmt::print("ada has {}\n", co_await orders_of(db, "ada"));
    co_await settings(db, pool);
    co_await leader(db, own);
    co_await db.execute("drop table example_orders");
    co_await pool.close();
    co_await db.close();
}

int main(int argc, char** argv) {
    coda::asio_loop loop;
    std::string const uri = database(argc, argv);
    pg::client db(loop, uri);
    coda::pool<pg::connection> pool(loop, [&] { return std::make_unique<pg::connection>(loop, uri); }, {.max_size = 1});
    pg::connection own(loop, uri);
    loop.run(app(db, pool, own));
}
