// SPDX-License-Identifier: BSL-1.0
// Deadlines and cancellation: the caller goes on at once, and the error tells what became of the request.
#include "database.hpp"

#include <coda/postgres.hpp>
#include <coda/runtime.hpp>

#include <fmt/format.h>

using namespace std::chrono_literals;

coda::task<> app(coda::pg::client& db) {
    // A deadline bounds everything below: queueing, connecting, the query.
    auto slow = co_await coda::as_result(coda::with_timeout(50ms, db.execute("select pg_sleep(1)")));
    fmt::print("{}: {}\n", slow.error().message(), to_string(slow.error().outcome())); // timed out: unknown

    // The first answer wins; the other query is cancelled and joined.
    auto first = co_await coda::when_any(db.query_one<std::string>("select 'quick'"),
                                         db.query_one<std::string>("select 'slow' from pg_sleep(1)"));
    fmt::print("answer {}: {}\n", first.index(), std::get<0>(first));

    // Asking to cancel is awaitable: it returns when the operation has ended.
    co_await coda::with_scope([&](coda::scope& s) -> coda::task<> {
        auto query = s.spawn(db.execute("select pg_sleep(1)"));
        co_await coda::sleep_for(20ms);
        auto outcome = co_await query.cancel();
        fmt::print("cancelled: {}\n", to_string(outcome));
    });

    // The connections are as good as before.
    fmt::print("{}\n", co_await db.query_one<std::string>("select 'still here'"));
}

int main(int argc, char** argv) {
    coda::asio_loop loop;
    coda::pg::client db(loop, database(argc, argv));
    loop.run(app(db));
}
