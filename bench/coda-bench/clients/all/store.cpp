// SPDX-License-Identifier: BSL-1.0
// All three in one request, as a service has them.
#include "stores/store.hpp"

#include "clients/all/blocking_session.hpp"
#include "clients/all/clients.hpp"
#include "clients/blocking.hpp"
#include "clients/coroutines.hpp"
#include "workloads/mongo/server.hpp"
#include "workloads/postgres/server.hpp"
#include "workloads/redis/server.hpp"

namespace coda::bench::all {
namespace {

constexpr auto sync =
    sync_client("blocking: one thread, a connection to each server, one query at a time", run_sync<blocking_session>);
constexpr auto threads =
    threads_client("blocking: a thread per request in flight, sharing a bounded pool of connections to each",
                   run_threads<fair_pool<blocking_session>>);
#ifdef CODA_BENCH_ALL_DRIVERS
constexpr auto coroutines = coda_client(
    "coroutines: one thread, a task per request in flight, a client of each server, one deadline", run_coda);
#endif

constexpr server const* servers[] = {&postgres::database, &redis::database, &mongo::database};
constexpr workload workloads[] = {workload::page};
constexpr client const* clients[] = {
    &sync,
    &threads,
#ifdef CODA_BENCH_ALL_DRIVERS
    &coroutines,
#endif
};

} // namespace

extern store const here;
store const here{
    .name = "all",
    .title = "PostgreSQL, Redis and MongoDB in one request",
    .servers = servers,
    .workloads = workloads,
    .connections = 16,
    .clients = clients,
};

} // namespace coda::bench::all
