// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/postgres/error.hpp>

struct pg_conn;
struct pg_result;

namespace coda::pg::detail {

// libpq's text without its line breaks.
std::string one_line(std::string text);

// Whether the server says that it ends the session with this failure (severity FATAL or PANIC).
bool ends_session(pg_result const* failed) noexcept;

// The fields of an error or a notice.
std::shared_ptr<server_error> fields_of(pg_result const* said);

// A failed result as an error with all the fields that the server sent. The server has answered, `completed`, unless it
// ended the session with it: then the statement may have been past its commit.
error server_failure(pg_result const* failed);

// Why connecting failed, from what libpq says of it at PQERRORS_VERBOSE: the SQLSTATE with which a server rejected the
// login (of several the last), else errc::wrong_settings or connect_failed, by the last attempt's words.
error connect_failure(std::string_view verbose_message);

// What libpq says of a connection that failed, in one line.
std::string connection_message(pg_conn const* c);

} // namespace coda::pg::detail
