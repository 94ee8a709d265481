// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "session.hpp"

#include <coda/retry/random.hpp>
#include <coda/runtime/operation.hpp>

namespace coda::pg::detail {

// In which order servers are tried, and what decides where that is chance.
struct server_choice {
    server_choice() noexcept = default;
    explicit server_choice(connection_options const& o) noexcept : order(o.hosts), random(o.random) {}

    host_order order = host_order::as_given;
    random_source random;
};

// Connects without blocking, from name resolution on, and enters pipeline mode. Bounded by the context's deadline and
// cancellable at every step; `text` is copied. Of several servers (names, addresses) each has a fair share of the time
// that is left, at most the text's connect_timeout: one that does not answer does not keep the next from being tried.
operation<established> open_connection(std::string text, server_choice choice = server_choice());

} // namespace coda::pg::detail
