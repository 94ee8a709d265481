// SPDX-License-Identifier: BSL-1.0
// The plain program: one thread, one connection, one query at a time.
#include "clients/client.hpp"
#include "clients/postgres/blocking_session.hpp"

namespace coda::bench::postgres {
namespace {

void run(plan const& p, meter& m) {
    blocking_session session(p.conninfo);
    auto const work = find_workload(p.what.workload).id;
    key_sequence keys(p.seed, 0);
    for (auto now = clock::now(); m.running();) {
        auto const started = now;
        auto const fault = session.perform(work, keys);
        now = clock::now();
        if (fault.empty())
            m.complete(0, started, now);
        else
            m.fail(0, fault);
        if (!session.alive()) m.give_up("connection lost: " + fault);
        m.tick(now);
    }
}

} // namespace

extern client const sync_client;
client const sync_client{
    .store = "postgres",
    .name = "sync",
    .about = "blocking libpq: one thread, one connection, one query at a time",
    .loops = no_loop,
    .most_in_flight = 1,
    .why_not_more = "one blocking thread has one query in flight",
    .most_connections = 1,
    .run = run,
    .lane_per_connection = false,
};

} // namespace coda::bench::postgres
