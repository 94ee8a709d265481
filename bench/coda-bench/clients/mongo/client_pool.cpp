// SPDX-License-Identifier: BSL-1.0
#include "clients/mongo/client_pool.hpp"

#include <stdexcept>

namespace coda::bench::mongo {

client_pool::client_pool(plan const& p) {
    initialise();
    pool_.reset(mongoc_client_pool_new(parse_uri(p.uris.at("mongo")).get()));
    if (!pool_) throw std::runtime_error("the pool could not be made");
    mongoc_client_pool_max_size(pool_.get(), p.what.connections);
    for (std::size_t i = 0; i < p.what.connections; ++i) {
        auto* const client = mongoc_client_pool_pop(pool_.get());
        sessions_.emplace_back(client);
        index_of_.emplace(client, i);
    }
    // A client connects when it is used, and here they are to be connected before the clock starts.
    std::string fault;
    for (auto& s : sessions_) {
        std::int64_t unused = 0;
        if (fault.empty()) fault = s.execute(query::account, 1, unused);
    }
    for (auto& s : sessions_) mongoc_client_pool_push(pool_.get(), s.client_);
    if (!fault.empty()) throw std::runtime_error(fault);
}

std::size_t client_pool::acquire() { return index_of_.find(mongoc_client_pool_pop(pool_.get()))->second; }

void client_pool::release(std::size_t index) { mongoc_client_pool_push(pool_.get(), sessions_[index].client_); }

} // namespace coda::bench::mongo
