// SPDX-License-Identifier: BSL-1.0
// The first query: a loop, a client, rows as structs.
#include "database.hpp"

#include <coda/postgres.hpp>
#include <coda/runtime.hpp>

#include <boost/describe.hpp>
#include <fmt/format.h>

struct account {
    std::int64_t id;
    std::string owner;
    std::int64_t cents;
};
BOOST_DESCRIBE_STRUCT(account, (), (id, owner, cents))

coda::task<> app(coda::pg::client& db) {
    co_await db.execute("drop table if exists example_accounts");
    co_await db.execute("create table example_accounts (id bigint, owner text, cents bigint)");
    for (std::int64_t id : {1, 2, 3})
        co_await db.execute("insert into example_accounts values ($1, $2, $3)", id, fmt::format("owner {}", id),
                            id * 100);

    auto a = co_await db.query_one<account>("select id, owner, cents from example_accounts where id = $1", 2);
    fmt::print("{} has {} cents\n", a.owner, a.cents);

    for (auto const& rich : co_await db.query<account>("select * from example_accounts where cents > $1", 100))
        fmt::print("{} is rich\n", rich.owner);

    co_await db.execute("drop table example_accounts");
}

int main(int argc, char** argv) {
    coda::asio_loop loop;
    coda::pg::client db(loop, database(argc, argv));
    loop.run(app(db));
}
