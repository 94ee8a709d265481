// SPDX-License-Identifier: BSL-1.0
// Transactions: all or nothing, a part that may fail, running it again where others were in the way, and reading where
// nobody is.
#include "database.hpp"

#include <coda/postgres.hpp>
#include <coda/retry.hpp>
#include <coda/runtime.hpp>

#include <fmt/format.h>

using namespace std::chrono_literals;
namespace pg = coda::pg;

// Others may be serialized before it: then all of it is run again.
coda::task<> transfer(pg::client& db, int from, int to, std::int64_t cents) {
    auto const moves = [=](pg::transaction& tx) -> coda::task<> {
        co_await tx.execute("update example_transfers set cents = cents - $1 where id = $2", cents, from);
        co_await tx.execute("update example_transfers set cents = cents + $1 where id = $2", cents, to);
    };
    auto const attempt = [&]() -> coda::task<> { co_await db.transaction({.isolation = pg::serializable}, moves); };
    co_await coda::retry(coda::retry_policy::transient(), attempt);
}

// An account that is there already does not undo what was done before.
coda::task<> open_accounts(pg::client& db) {
    auto const body = [](pg::transaction& tx) -> coda::task<> {
        for (int id : {1, 2, 2, 3}) {
            auto const one = [id](pg::transaction& in) -> coda::task<> {
                co_await in.execute("insert into example_transfers values ($1, 100)", id);
            };
            auto const opened = co_await coda::as_result(tx.savepoint(one));
            if (opened.has_error()) fmt::print("account {}: {}\n", id, opened.error().message());
        }
    };
    co_await db.transaction(body);
}

// A long look at everything: serializable, and yet it neither fails nor makes others fail. It waits until that is so.
coda::task<std::int64_t> all_cents(pg::client& db) {
    auto const sum = [](pg::transaction& tx) -> coda::task<std::int64_t> {
        co_return co_await tx.query_value<std::int64_t>("select sum(cents)::bigint from example_transfers");
    };
    co_return co_await db.transaction({.isolation = pg::serializable, .read_only = true, .deferrable = true}, sum);
}

// Of two programs that do it at once, one waits for the other.
coda::task<> forgive(pg::client& db) {
    auto lock = co_await db.advisory_lock(42); // nobody else does what follows at the same time
    co_await db.execute("update example_transfers set cents = 0 where cents < 0");
    co_await lock.unlock(); // or when it goes, without waiting for that
}

coda::task<> app(pg::client& db) {
    co_await db.execute("drop table if exists example_transfers");
    co_await db.execute("create table example_transfers (id int primary key, cents bigint check (cents >= 0))");
    co_await open_accounts(db);
    co_await coda::when_all(transfer(db, 1, 2, 30), transfer(db, 2, 3, 50), transfer(db, 3, 1, 70));
    auto const broke = co_await coda::as_result(transfer(db, 1, 2, 1'000));
    fmt::print("{}\n", broke.error().message());
    co_await forgive(db);
    fmt::print("{} cents in all\n", co_await all_cents(db));
    for (auto const& [id, cents] :
         co_await db.query<std::tuple<int, std::int64_t>>("select id, cents from example_transfers order by id"))
        fmt::print("account {}: {} cents\n", id, cents);
    co_await db.execute("drop table example_transfers");
}

int main(int argc, char** argv) {
    coda::asio_loop loop;
    pg::client db(loop, database(argc, argv));
    loop.run(app(db));
}
