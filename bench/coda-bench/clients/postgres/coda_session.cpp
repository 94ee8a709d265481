// SPDX-License-Identifier: BSL-1.0
#include "clients/postgres/coda_session.hpp"

#include "clients/coroutines.hpp"
#include "clients/postgres/clients.hpp"
#include "workloads/postgres/queries.hpp"

#include <stdexcept>
#include <string>
#include <tuple>

namespace coda::bench::postgres {
namespace {

using numbers_row = std::tuple<std::int64_t, std::int64_t, std::int64_t>; // account, order
using text_row = std::tuple<std::int64_t, std::int64_t, std::string>;     // session, settings, item

pg::client_options options_for(plan const& p) {
    pg::client_options options;
    options.connections = p.what.connections;
    return options;
}

template <class Row>
std::int64_t next_of(Row const& row, std::int64_t key) {
    expect_key(std::get<0>(row), key);
    return std::get<1>(row);
}

} // namespace

coda_session::coda_session(loop& l, plan const& p)
    : connections_(p.what.connections), db_(l, p.uris.at("postgres"), options_for(p)) {}

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
    auto const* sql = text_of(q).sql;
    switch (q) {
    case query::credit: {
        auto const changed = co_await db_.execute(sql, key, credit_cents);
        if (changed != 1) throw std::runtime_error("the update did not change one row");
        co_return 0;
    }
    case query::account:
    case query::order: {
        auto const row = co_await db_.query_one<numbers_row>(sql, key);
        co_return next_of(row, key);
    }
    default: {
        auto const row = co_await db_.query_one<text_row>(sql, key);
        co_return next_of(row, key);
    }
    }
}

task<> coda_session::close() { co_await db_.close(); }

void run_coda(plan const& p, meter& m) { run_coroutines<coda_session>(p, m); }

} // namespace coda::bench::postgres
