// SPDX-License-Identifier: BSL-1.0
#include "stores/store.hpp"

#include "clients/blocking.hpp"
#include "clients/coroutines.hpp"
#include "clients/mongo/blocking_session.hpp"
#include "clients/mongo/client_pool.hpp"
#include "clients/mongo/clients.hpp"
#include "clients/request.hpp"

namespace coda::bench::mongo {
namespace {

constexpr auto sync =
    sync_client("blocking libmongoc: one thread, one client, one command at a time", run_sync<blocking_session>);
constexpr auto threads = threads_client(
    "blocking libmongoc: a thread per request in flight, sharing a mongoc_client_pool", run_threads<client_pool>);
#ifdef CODA_BENCH_MONGO_DRIVER
constexpr auto coroutines =
    coda_client("coroutines: one thread, a task per request in flight, sharing a pool of connections", run_coda);
#endif
constexpr auto raw = raw_client("the limit: hand-written OP_MSG over epoll, one in flight a connection", run_raw);

constexpr server const* servers[] = {&database};
constexpr workload workloads[] = {workload::read, workload::write, workload::page};
constexpr client const* clients[] = {
    &sync,
    &threads,
#ifdef CODA_BENCH_MONGO_DRIVER
    &coroutines,
#endif
    &raw,
};

} // namespace

extern store const here;
store const here{
    .name = "mongo",
    .title = "MongoDB",
    .servers = servers,
    .workloads = workloads,
    .connections = 64,
    .clients = clients,
};

} // namespace coda::bench::mongo
