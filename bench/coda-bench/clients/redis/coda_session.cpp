// SPDX-License-Identifier: BSL-1.0
#include "clients/redis/coda_session.hpp"

#include "clients/coroutines.hpp"
#include "clients/redis/clients.hpp"
#include "workloads/redis/commands.hpp"

#include <stdexcept>

namespace coda::bench::redis {
namespace {

coda::redis::client_options options_for(plan const& p) {
    coda::redis::client_options options;
    options.connections = p.what.connections;
    return options;
}

} // namespace

coda_session::coda_session(loop& l, plan const& p)
    : connections_(p.what.connections), db_(l, p.uris.at("redis"), options_for(p)) {}

// The client opens a connection when all others are busy.
task<> coda_session::open() {
    while (db_.open_connections() < connections_) {
        co_await with_scope([&](scope& reads) -> task<> {
            for (std::size_t i = 0; i < 2 * connections_; ++i) reads.spawn(perform(*this, workload::read, 1));
            co_return;
        });
    }
}

task<std::int64_t> coda_session::execute(query q, std::int64_t key) {
    if (q == query::credit) {
        co_await db_.set(key_of(q, key), value_of(q, key));
        co_return 0;
    }
    auto const value = co_await db_.get(key_of(q, key));
    if (!value) throw std::runtime_error("the read did not return a value");
    std::int64_t next = 0;
    if (auto const* fault = fault_in(*value, key, next)) throw std::runtime_error(fault);
    co_return next;
}

task<> coda_session::close() { co_await db_.close(); }

void run_coda(plan const& p, meter& m) { run_coroutines<coda_session>(p, m); }

} // namespace coda::bench::redis
