// SPDX-License-Identifier: BSL-1.0
// One page from several queries: independent ones run at once, and everything is joined before the page is done.
#include "database.hpp"

#include <coda/postgres.hpp>
#include <coda/runtime.hpp>

#include <boost/describe.hpp>
#include <fmt/format.h>

struct page {
    std::string user;
    std::int64_t orders;
    std::string theme;
};

coda::task<std::string> user_name(coda::pg::client& db, int id) {
    co_return co_await db.query_one<std::string>("select 'user ' || $1::int", id);
}

coda::task<page> load_page(coda::pg::client& db, int id) {
    auto [user, orders, theme] = co_await coda::when_all(
        user_name(db, id), db.query_one<std::int64_t>("select count(*) from generate_series(1, $1::int)", id),
        db.query_one<std::string>("select 'dark'"));
    co_return page{user, orders, theme};
}

coda::task<> visit(coda::pg::client& db, int id) {
    page const p = co_await load_page(db, id);
    if (id % 25 == 0) fmt::print("{}: {} orders, {} theme\n", p.user, p.orders, p.theme);
}

// A scope holds any number of tasks; it is left when the last has ended.
coda::task<> app(coda::pg::client& db) {
    co_await coda::with_scope([&](coda::scope& visitors) -> coda::task<> {
        for (int id = 1; id <= 100; ++id) visitors.spawn(visit(db, id));
        co_return;
    });
    fmt::print("100 pages over {} connections\n", db.open_connections());
}

int main(int argc, char** argv) {
    coda::asio_loop loop;
    coda::pg::client db(loop, database(argc, argv), {.connections = 4});
    loop.run(app(db));
}
