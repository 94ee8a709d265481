// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/context.hpp>

#include <string>

namespace coda::pg::detail {

// What tells the server how long the statements of a transaction may take, unless the session has a shorter limit of
// its own; $1 is the limit as the server reads it.
inline constexpr char const* limit_sql =
    "select pg_catalog.set_config('statement_timeout', $1, true) "
    "where pg_catalog.current_setting('statement_timeout')::interval not between '1us' and $1::interval";

// For one who has so much time left: later than his own deadline, whose error it must not overtake.
std::string server_limit(duration left);

} // namespace coda::pg::detail
