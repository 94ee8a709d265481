// SPDX-License-Identifier: BSL-1.0
// Many small reads at once: those that wait together share one Sync, inside a fence through which nothing writes.
#include "database.hpp"

#include <coda/postgres.hpp>
#include <coda/runtime.hpp>

#include <fmt/format.h>

#include <set>

namespace pg = coda::pg;

// All of a group see the same now(): it tells how many transactions there were.
coda::task<> price(pg::client& db, int id, std::set<std::string>& transactions) {
    auto const [cents, began] = co_await db.reads().query_one<std::tuple<std::int32_t, std::string>>(
        "select cents, now()::text from example_prices where id = $1", id);
    if (cents == id * 10) transactions.insert(began);
}

// A division by zero among them is its caller's alone.
coda::task<> share(pg::client& db, int id) {
    auto const r = co_await coda::as_result(
        db.reads().query_one<std::int32_t>("select cents / ($1 - 7) from example_prices where id = $1", id));
    if (r.has_error()) fmt::print("of {}: {}\n", id, r.error().message());
}

coda::task<> read_many(pg::client& db) {
    std::set<std::string> transactions;
    co_await coda::with_scope([&](coda::scope& readers) -> coda::task<> {
        for (int id = 1; id <= 1'000; ++id) readers.spawn(price(db, id, transactions));
        for (int id = 1; id <= 20; ++id) readers.spawn(share(db, id));
        co_return;
    });
    fmt::print("1000 reads in {} transactions\n", transactions.size() < 1'000 ? "fewer" : "as many");
}

// It looks like a read, and writes: of reads() an error where it comes to be grouped, else sent again by itself, once.
constexpr char const* sell = "with sold as (update example_prices set sold = sold + 1 where id = $1 returning sold) "
                             "select sold from sold";

coda::task<> buy(pg::client& db, int id, int& refused) {
    auto const r = co_await coda::as_result(db.reads().query_one<std::int32_t>(sell, id));
    if (r.has_error() && r.error().code() == pg::sqlstate::read_only_transaction) ++refused;
}

coda::task<> write_among_reads(pg::client& asked, pg::client& automatic) {
    int refused = 0;
    co_await coda::with_scope([&](coda::scope& buyers) -> coda::task<> {
        for (int id = 1; id <= 100; ++id) buyers.spawn(buy(asked, id, refused));
        co_return;
    });
    fmt::print("the fence has refused {} of them\n", refused > 0 ? "some" : "none");

    co_await asked.execute("update example_prices set sold = 0");
    co_await coda::with_scope([&](coda::scope& buyers) -> coda::task<> {
        for (int id = 1; id <= 100; ++id) buyers.spawn(automatic.query_one<std::int32_t>(sell, id));
        co_return;
    });
    fmt::print("{} sold, each once\n",
               co_await asked.query_value<std::int64_t>("select sum(sold) from example_prices"));

    // What a read-only transaction may do all the same, and a second time if it is sent again: that goes alone.
    co_await automatic.alone().query("select pg_notify('example_prices', 'sold out')");
}

coda::task<> app(pg::client& asked, pg::client& automatic) {
    co_await asked.execute("drop table if exists example_prices");
    co_await asked.execute("create table example_prices (id int primary key, cents int, sold int not null default 0)");
    co_await asked.execute("insert into example_prices select n, n * 10 from generate_series(1, 1000) n");
    co_await read_many(asked);
    co_await write_among_reads(asked, automatic);
    co_await asked.execute("drop table example_prices");
}

int main(int argc, char** argv) {
    coda::asio_loop loop;
    std::string const uri = database(argc, argv);
    pg::client asked(loop, uri, {.connections = 1}); // groups what reads() says
    pg::client automatic(loop, uri, {.connections = 1, .grouping = pg::grouping::automatic});
    loop.run(app(asked, automatic));
}
