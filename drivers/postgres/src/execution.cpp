// SPDX-License-Identifier: BSL-1.0
#include "session.hpp"

#include <coda/postgres/detail/execution.hpp>

namespace coda::pg::detail {

execution::execution(session* on, statement_view const& statement, grouped group) noexcept
    : pipelined_request(on), statement_(statement), group_(group) {}

} // namespace coda::pg::detail
