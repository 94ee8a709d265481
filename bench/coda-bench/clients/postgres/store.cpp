// SPDX-License-Identifier: BSL-1.0
#include "stores/store.hpp"

#include "clients/blocking.hpp"
#include "clients/coroutines.hpp"
#include "clients/postgres/blocking_session.hpp"
#include "clients/postgres/clients.hpp"
#include "clients/request.hpp"
#include "workloads/postgres/server.hpp"

namespace coda::bench::postgres {
namespace {

constexpr auto sync =
    sync_client("blocking libpq: one thread, one connection, one query at a time", run_sync<blocking_session>);
constexpr auto threads =
    threads_client("blocking libpq: a thread per request in flight, sharing a bounded pool of connections",
                   run_threads<fair_pool<blocking_session>>);
constexpr auto coroutines =
    coda_client("coroutines: one thread, a task per request in flight, queries pipelined", run_coda);
constexpr auto raw =
    raw_client("the limit: hand-written epoll loop on libpq's pipeline mode, a Sync per query", run_raw);

constexpr server const* servers[] = {&database};
constexpr workload workloads[] = {workload::read, workload::write, workload::page};
constexpr client const* clients[] = {&sync, &threads, &coroutines, &raw};

} // namespace

extern store const here;
store const here{
    .name = "postgres",
    .title = "PostgreSQL",
    .servers = servers,
    .workloads = workloads,
    .connections = 8,
    .clients = clients,
};

} // namespace coda::bench::postgres
