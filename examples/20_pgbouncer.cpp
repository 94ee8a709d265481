// SPDX-License-Identifier: BSL-1.0
// What is prepared, and what is not: behind PgBouncer in transaction mode, where each statement may meet another of the
// server's sessions, nothing is.
#include "database.hpp"

#include <coda/postgres.hpp>
#include <coda/runtime.hpp>

#include <fmt/format.h>

namespace pg = coda::pg;

void print(char const* who, pg::statement_statistics const& s) {
    fmt::print("{}: {} were prepared already, {} then, {} not at all; {} a second time\n", who, s.hits, s.prepared,
               s.unprepared, s.again);
}

// Each text is prepared once for each connection, and again where a table that it reads has changed.
coda::task<> directly(pg::client& db) {
    co_await db.execute("drop table if exists example_visits");
    co_await db.execute("create table example_visits (page text)");
    for (int i = 0; i < 50; ++i) co_await db.execute("insert into example_visits values ($1)", "home");
    co_await db.query("select * from example_visits");
    co_await db.execute("alter table example_visits add column at timestamptz");
    co_await db.query("select * from example_visits");
}

// The rest is as ever: many at once, transactions, parameters and results in binary.
coda::task<> behind_it(pg::client& db) {
    co_await coda::with_scope([&](coda::scope& visitors) -> coda::task<> {
        for (int i = 0; i < 50; ++i)
            visitors.spawn(db.execute("insert into example_visits values ($1, now())", "shop"));
        co_return;
    });
    auto const body = [](pg::transaction& tx) -> coda::task<> {
        co_await tx.set_local("work_mem", "8MB"); // what lasts longer would be whoever's comes next
        auto const removed = co_await tx.execute("delete from example_visits where page = $1", "shop");
        auto const memory = co_await tx.query_value<std::string>("show work_mem");
        fmt::print("{} removed with {}\n", removed, memory);
    };
    co_await db.transaction(body);
}

coda::task<> app(pg::client& direct, pg::client& bounced) {
    co_await directly(direct);
    print("prepared", direct.statement_statistics());
    co_await behind_it(bounced);
    print("behind PgBouncer", bounced.statement_statistics());
    co_await direct.execute("drop table example_visits");
    co_await bounced.close();
    co_await direct.close();
}

int main(int argc, char** argv) {
    coda::asio_loop loop;
    std::string const uri = database(argc, argv);
    pg::client direct(loop, uri, {.connections = 1});
    // Where there is no PgBouncer it is the same server, which takes this as well.
    std::string const bouncer = database(argc - 1, argv + 1, "CODA_TEST_PGBOUNCER_URI", uri.c_str());
    pg::client bounced(loop, bouncer, {.connection = {.statement_cache = 0}});
    loop.run(app(direct, bounced));
}
