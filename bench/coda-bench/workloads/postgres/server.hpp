// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "stores/store.hpp"

#include <cstdint>
#include <string>

namespace coda::bench::postgres {

/// PostgreSQL, as the stores that need it know it.
extern server const database;

/// Creates the schema `coda_bench` (about 30 MB) unless it is there already, and empties the disk's
/// write queue, so that the first measurement does not pay for it.
/// @return the server's version and the settings that matter for speed, in words
/// @throws std::runtime_error when the server cannot be reached or refuses
std::string prepare_schema(std::string const& conninfo);

/// `conninfo` (URI or keywords) with the server's address replaced by a proxy on this machine.
/// @throws std::runtime_error when `conninfo` is malformed; the message never holds the password
[[nodiscard]] std::string through_proxy(std::string const& conninfo, std::uint16_t port);

/// Where the server of `conninfo` listens: "HOST:PORT", or the path of its unix socket.
/// @throws std::runtime_error as `through_proxy`
[[nodiscard]] std::string server_address(std::string const& conninfo);

} // namespace coda::bench::postgres
