// SPDX-License-Identifier: BSL-1.0
#include "clients/mongo/coda_session.hpp"

#include "clients/coroutines.hpp"
#include "clients/mongo/clients.hpp"
#include "workloads/mongo/commands.hpp"

#include <stdexcept>
#include <utility>

namespace coda::bench::mongo {
namespace {

coda::mongo::client_options options_for(plan const& p) {
    coda::mongo::client_options options;
    options.pool.max_size = p.what.connections;
    return options;
}

} // namespace

coda_session::coda_session(loop& l, plan const& p)
    : connections_(p.what.connections), db_(l, p.uris.at("mongo"), options_for(p)) {}

std::size_t coda_session::open_connections() const {
    auto const s = db_.statistics();
    return static_cast<std::size_t>(s.opened - s.closed);
}

// The client opens a connection when all others are busy.
task<> coda_session::open() {
    while (open_connections() < connections_) {
        co_await with_scope([&](scope& reads) -> task<> {
            for (std::size_t i = 0; i < 2 * connections_; ++i) reads.spawn(perform(*this, workload::read, 1));
            co_return;
        });
    }
}

task<std::int64_t> coda_session::execute(query q, std::int64_t key) {
    auto documents = db_.collection(database_name, collection_of(q));
    if (q == query::credit) {
        auto filter = bson::doc("_id", key);
        auto credit = bson::doc("$inc", bson::doc("cents", credit_cents));
        auto const done = co_await documents.update_one(std::move(filter), std::move(credit));
        if (done.matched != 1) throw std::runtime_error("the update did not change one document");
        co_return 0;
    }
    auto const found = co_await documents.find_by_id(key);
    if (!found) throw std::runtime_error("the read did not return one document");
    expect_key(found->get<std::int64_t>("_id"), key);
    auto const* next = next_field_of(q);
    co_return next ? found->get<std::int64_t>(next) : 0;
}

task<> coda_session::close() { co_await db_.close(); }

void run_coda(plan const& p, meter& m) { run_coroutines<coda_session>(p, m); }

} // namespace coda::bench::mongo
