// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "backend_key.hpp"

#include <coda/runtime/operation.hpp>

#include <cstddef>
#include <optional>

namespace coda::pg::detail {

// CancelRequest (PostgreSQL manual, 55.7).
std::array<std::byte, 16> cancel_message(backend_key const& key) noexcept;

// Whether the server that `c` is connected to can be asked; `key`: what its login has told, where that is listened to.
bool can_ask_to_cancel(pg_conn const* c, std::optional<backend_key> const& key) noexcept;

// Asks the server that `c` is connected to, on a connection of its own, to cancel what runs there. Succeeds when the
// server has closed that connection: by then the session was told, and what it runs afterwards is not touched. Errors:
// not_sent where the request did not leave; unknown where it did and the server has not closed: it may come at any
// time. Bounded by its context only. `c` is used before it first suspends only. From version 17 on libpq does it, with
// TLS where `c` has TLS; before, without, as libpq itself did then.
operation<> ask_to_cancel(pg_conn* c, std::optional<backend_key> key);

} // namespace coda::pg::detail
