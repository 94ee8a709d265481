// SPDX-License-Identifier: BSL-1.0
// Coroutines: a task for each request in flight, all on one thread and loop, sharing the connections of one
// coda::pg::client. Written as a user would write it.
#include "clients/client.hpp"
#include "workloads/keys.hpp"
#include "workloads/postgres.hpp"
#include "workloads/workload.hpp"

#include <coda/postgres.hpp>
#include <coda/runtime.hpp>

#include <stdexcept>
#include <string>
#include <tuple>

namespace coda::bench::postgres {
namespace {

using account_row = std::tuple<std::int64_t, std::int64_t, std::int64_t>; // id, customer_id, cents
using customer_row = std::tuple<std::int64_t, std::int64_t, std::string>; // session and settings
using order_row = std::tuple<std::int64_t, std::int64_t, std::int64_t>;   // customer_id, item_id, id
using item_row = std::tuple<std::int64_t, std::int64_t, std::string>;     // id, cents, title

void expect_key(std::int64_t found, std::int64_t asked) {
    if (found != asked) throw std::runtime_error("the row is another caller's");
}

task<> read(pg::client& db, std::int64_t id) {
    auto const row = co_await db.query_one<account_row>(text_of(statement::account).sql, id);
    expect_key(std::get<0>(row), id);
}

task<> write(pg::client& db, std::int64_t id) {
    auto const changed = co_await db.execute(text_of(statement::credit).sql, id, credit_cents);
    if (changed != 1) throw std::runtime_error("the update did not change one row");
}

task<> page(pg::client& db, std::int64_t id) {
    auto const account = co_await db.query_one<account_row>(text_of(statement::account).sql, id);
    expect_key(std::get<0>(account), id);
    auto const customer = std::get<1>(account);
    auto const three = co_await when_all(db.query_one<customer_row>(text_of(statement::session).sql, customer),
                                         db.query_one<customer_row>(text_of(statement::settings).sql, customer),
                                         db.query_one<order_row>(text_of(statement::order).sql, customer));
    expect_key(std::get<0>(std::get<0>(three)), customer);
    expect_key(std::get<0>(std::get<1>(three)), customer);
    auto const& order = std::get<2>(three);
    expect_key(std::get<0>(order), customer);
    auto const wanted = std::get<1>(order);
    auto const item = co_await db.query_one<item_row>(text_of(statement::item).sql, wanted);
    expect_key(std::get<0>(item), wanted);
}

using operation_of = task<> (*)(pg::client&, std::int64_t key);

operation_of body_of(workload w) {
    switch (w) {
    case workload::read: return read;
    case workload::write: return write;
    case workload::page: return page;
    }
    throw std::logic_error("no such workload");
}

// One request in flight after the other, until the time is over.
task<> serve(pg::client& db, meter& m, operation_of body, key_sequence keys) {
    for (auto now = clock::now(); m.running();) {
        auto const started = now;
        auto const done = co_await as_result(body(db, keys.next(account_count)));
        now = clock::now();
        if (done.has_value())
            m.complete(0, started, now);
        else
            m.fail(0, done.error().message());
        if (done.has_error() && db.open_connections() == 0) m.give_up("connection lost: " + done.error().message());
        m.tick(now);
    }
}

// The client opens a connection when all others are busy; here they are to be open before the clock starts.
task<> open_all(pg::client& db, std::size_t connections) {
    while (db.open_connections() < connections) {
        co_await with_scope([&](scope& reads) -> task<> {
            for (std::size_t i = 0; i < 2 * connections; ++i) reads.spawn(read(db, 1));
            co_return;
        });
    }
}

task<> drive(loop& l, plan const& p, meter& m) {
    pg::client_options options;
    options.connections = p.what.connections;
    pg::client db(l, p.conninfo, options);
    co_await with_timeout(std::chrono::seconds(10), open_all(db, p.what.connections));
    auto const body = body_of(find_workload(p.what.workload).id);
    co_await with_scope([&](scope& requests) -> task<> {
        for (std::uint32_t i = 0; i < p.what.concurrency; ++i)
            requests.spawn(serve(db, m, body, key_sequence(p.seed, i)));
        co_return;
    });
    co_await db.close();
}

void run(plan const& p, meter& m) {
#ifdef CODA_HAS_LIBEV
    if (p.what.loop == "ev") {
        ev_loop loop;
        loop.run(drive(loop, p, m));
        return;
    }
#endif
    asio_loop loop;
    loop.run(drive(loop, p, m));
}

constexpr std::string_view loops[] = {
    "asio",
#ifdef CODA_HAS_LIBEV
    "ev",
#endif
};

} // namespace

extern client const coda_client;
client const coda_client{
    .store = "postgres",
    .name = "coda",
    .about = "coroutines: one thread, a task per request in flight, queries pipelined",
    .loops = loops,
    .most_in_flight = unlimited,
    .why_not_more = "",
    .most_connections = unlimited,
    .run = run,
    .lane_per_connection = false,
};

} // namespace coda::bench::postgres
