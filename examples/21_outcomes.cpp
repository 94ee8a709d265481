// SPDX-License-Identifier: BSL-1.0
// What became of it: the server's errors with all their fields, what is known of a statement that was not answered, and
// what to do where too many ask.
#include "database.hpp"

#include <coda/postgres.hpp>
#include <coda/runtime.hpp>

#include <fmt/format.h>

using namespace std::chrono_literals;
namespace pg = coda::pg;

template <class T>
void print(char const* what, coda::result<T> const& r) {
    if (r.has_value()) return fmt::print("{}: done\n", what);
    fmt::print("{}: {}; {}\n", what, r.error().message(), to_string(r.error().outcome()));
}

// The server has answered: `completed`, and its words are there field by field.
coda::task<> refused(pg::client& db) {
    char const* const insert = "insert into example_stock values ($1, $2)";
    auto const twice = co_await coda::as_result(db.execute(insert, "tea", 1));
    print("a second one", twice);
    if (twice.error().code() == pg::sqlstate::unique_violation)
        fmt::print("  it is {} of {}\n", twice.error().details<pg::server_error>()->constraint,
                   twice.error().details<pg::server_error>()->table);
    print("a misspelt one", co_await coda::as_result(db.query("selec 1")));
}

// A deadline is one for everything below it.
coda::task<> late(pg::client& db) {
    co_await coda::with_scope([&](coda::scope& s) -> coda::task<> {
        auto slow = s.spawn(db.execute("select pg_sleep(0.2)"));
        co_await coda::sleep_for(10ms);
        // Its turn did not come: it is as if it had never been.
        print("queued", co_await coda::as_result(coda::with_timeout(20ms, db.execute("delete from example_stock"))));
        co_await slow.join();
    });
    // The server was at it. It is asked to cancel it, and the connection goes on.
    auto const sent = co_await coda::as_result(
        coda::with_timeout(50ms, db.execute("update example_stock set pieces = 0 where pg_sleep(1) is not null")));
    print("sent", sent);

    // But a transaction that was left before its COMMIT is none.
    auto const body = [](pg::transaction& tx) -> coda::task<> {
        co_await tx.execute("update example_stock set pieces = 0");
        co_await tx.execute("select pg_sleep(1)");
    };
    print("a transaction", co_await coda::as_result(coda::with_timeout(50ms, db.transaction(body))));
}

// More than may wait (max_queued): the rest ends at once, not_sent. Asking again is for a moment's crowd (to retry it
// is throttled); where more come than the server can serve, let them take turns before they ask.
coda::task<> crowded(pg::client& db) {
    char const* const take = "update example_stock set pieces = pieces - 1 where pieces > 0";
    int refused = 0;
    auto const at_once = [&]() -> coda::task<> {
        auto const r = co_await coda::as_result(db.execute(take));
        if (r.has_error() && r.error().code() == coda::errc::queue_full) ++refused;
    };
    coda::semaphore turns(5);
    auto const in_turn = [&]() -> coda::task<> {
        auto const turn = co_await turns.acquire();
        co_await at_once();
    };
    for (bool const all : {true, false}) {
        refused = 0;
        co_await coda::with_scope([&](coda::scope& customers) -> coda::task<> {
            for (int i = 0; i < 20; ++i) customers.spawn(all ? at_once() : in_turn());
            co_return;
        });
        fmt::print("{}: {} of 20 refused\n", all ? "all at once" : "in turn", refused);
    }
}

// The server is gone in the middle: what comes next has another connection.
coda::task<> lost(pg::client& db) {
    print("lost", co_await coda::as_result(db.execute("select pg_terminate_backend(pg_backend_pid())")));
    fmt::print("{} pieces\n", co_await db.query_value<std::int32_t>("select pieces from example_stock"));
}

coda::task<> app(pg::client& db) {
    co_await db.execute("drop table if exists example_stock");
    co_await db.execute("create table example_stock (what text primary key, pieces int)");
    co_await db.execute("insert into example_stock values ('tea', 100)");
    co_await refused(db);
    co_await late(db);
    co_await crowded(db);
    co_await lost(db);
    co_await db.execute("drop table example_stock");
}

int main(int argc, char** argv) {
    coda::asio_loop loop;
    pg::client db(loop, database(argc, argv), {.connections = 1, .connection = {.max_in_flight = 1, .max_queued = 5}});
    loop.run(app(db));
}
