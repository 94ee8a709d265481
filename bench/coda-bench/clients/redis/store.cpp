// SPDX-License-Identifier: BSL-1.0
#include "stores/store.hpp"

#include "clients/blocking.hpp"
#include "clients/coroutines.hpp"
#include "clients/redis/blocking_session.hpp"
#include "clients/redis/clients.hpp"
#include "clients/request.hpp"

namespace coda::bench::redis {
namespace {

constexpr auto sync =
    sync_client("blocking hiredis: one thread, one connection, one command at a time", run_sync<blocking_session>);
constexpr auto threads =
    threads_client("blocking hiredis: a thread per request in flight, sharing a bounded pool of connections",
                   run_threads<fair_pool<blocking_session>>);
#ifdef CODA_BENCH_REDIS_DRIVER
constexpr auto coroutines =
    coda_client("coroutines: one thread, a task per request in flight, commands pipelined", run_coda);
#endif
constexpr auto raw = raw_client("the limit: hand-written epoll loop on hiredis' asynchronous interface", run_raw);

constexpr server const* servers[] = {&database};
constexpr workload workloads[] = {workload::read, workload::write, workload::page};
constexpr client const* clients[] = {
    &sync,
    &threads,
#ifdef CODA_BENCH_REDIS_DRIVER
    &coroutines,
#endif
    &raw,
};

} // namespace

extern store const here;
store const here{
    .name = "redis",
    .title = "Redis",
    .servers = servers,
    .workloads = workloads,
    .connections = 8,
    .clients = clients,
};

} // namespace coda::bench::redis
