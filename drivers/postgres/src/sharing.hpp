// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/pool/sharing_options.hpp>
#include <coda/postgres/options.hpp>

namespace coda::pg::detail {

// What of a client's options is about sharing its connections.
inline sharing_options sharing_of(client_options const& o) noexcept {
    return {.connections = o.connections,
            .max_waiting = o.connection.max_queued,
            .connect_timeout = o.connection.connect_timeout,
            .drain_timeout = o.connection.drain_timeout,
            .first_backoff = o.first_backoff,
            .max_backoff = o.max_backoff,
            .name = o.name,
            .listener = o.listener};
}

} // namespace coda::pg::detail
