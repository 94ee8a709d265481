// SPDX-License-Identifier: BSL-1.0
#include "session.hpp"

#include <coda/postgres/detail/execution.hpp>

namespace coda::pg::detail {

execution::execution(session* on, statement_view const& statement, grouped group, statement_notes* notes) noexcept
    : request(on, form::statement, group), statement_(statement) {
    note_on(notes);
    keeps(statement);
}

} // namespace coda::pg::detail
