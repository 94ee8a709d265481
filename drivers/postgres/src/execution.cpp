// SPDX-License-Identifier: BSL-1.0
#include "session.hpp"

#include <coda/postgres/detail/execution.hpp>

namespace coda::pg::detail {

execution::execution(session* on, statement_view const& statement, grouped group) noexcept
    : request(on, form::statement, group), statement_(statement) {}

} // namespace coda::pg::detail
