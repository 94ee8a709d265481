// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/error.hpp>

#include <string_view>

namespace coda::pg::detail {

// What must not run on a connection that several share, because it outlives its statement there: transactions,
// settings, cursors, channels, temporary tables, what is prepared.

// Before it is sent: by its first words, and by the functions that it calls itself, set_config and those that lock for
// the session. errc::needs_own_connection, not_sent, saying what to use instead.
result<> check_shareable(std::string_view sql);

// Of a transaction, before it is sent: coda::errc::invalid_argument for what would end it or begin another.
result<> check_inside_transaction(std::string_view sql);

// Whether its first word is that of a query: SELECT, WITH, VALUES, TABLE.
bool is_query(std::string_view sql) noexcept;

// Whether it calls set_config, even if only for the transaction that it is in: others in it would see that.
bool sets_anything(std::string_view sql) noexcept;

// Whether its first word is that of a query or of a change of rows: what may run wherever a transaction may.
bool is_of_data(std::string_view sql) noexcept;

// Whether it can be worth preparing: what is about a cursor has the cursor's name in it, and no plan; what is very long
// would take much memory, on both sides.
bool is_worth_preparing(std::string_view sql) noexcept;

// After it ran, should its words have hidden it: by the tag of its CommandComplete (PostgreSQL manual, 55.7).
bool changes_session(std::string_view command_tag) noexcept;

// The error of what was seen to have done so, by its tag or by the setting that is another: errc::needs_own_connection,
// completed.
error changed_for_all(std::string_view what) noexcept;

// Whether what was prepared is gone with it.
bool forgets_statements(std::string_view command_tag) noexcept;

} // namespace coda::pg::detail
