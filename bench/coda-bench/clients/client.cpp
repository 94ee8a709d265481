// SPDX-License-Identifier: BSL-1.0
#include "clients/client.hpp"

namespace coda::bench {
namespace postgres {
extern client const sync_client;
extern client const threads_client;
extern client const coda_client;
extern client const raw_client;
} // namespace postgres

std::span<client const* const> clients() {
    static constexpr client const* all[] = {
        &postgres::sync_client,
        &postgres::threads_client,
        &postgres::coda_client,
        &postgres::raw_client,
    };
    return all;
}

client const* find_client(std::string_view store, std::string_view name) {
    for (auto const* c : clients())
        if (c->store == store && c->name == name) return c;
    return nullptr;
}

} // namespace coda::bench
