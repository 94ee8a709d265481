// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "backend_key.hpp"

#include <coda/runtime/operation.hpp>

#include <sys/socket.h>

#include <cstddef>

namespace coda::pg::detail {

// CancelRequest (PostgreSQL manual, 55.7).
std::array<std::byte, 16> cancel_message(backend_key const& key) noexcept;

// Asks the server that `connected` is connected to, on a connection of its own, to cancel what the session `key` runs.
// Succeeds when the server has closed that connection: by then the session was told, and what it runs afterwards is not
// touched. Errors: not_sent where the request did not leave; unknown where it did and the server has not closed: it may
// come at any time. Bounded by its context only. Without TLS, as libpq 15 does it as well.
operation<> ask_to_cancel(int connected, backend_key key);

} // namespace coda::pg::detail
