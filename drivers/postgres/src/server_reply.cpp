// SPDX-License-Identifier: BSL-1.0
#include "server_reply.hpp"

#include <libpq-fe.h>

#include <algorithm>

namespace coda::pg::detail {

std::string one_line(std::string text) {
    while (!text.empty() && text.back() == '\n') text.pop_back();
    std::ranges::replace(text, '\n', ' ');
    std::ranges::replace(text, '\t', ' ');
    return text;
}

error server_failure(pg_result const* failed) {
    auto field = [&](int code) -> std::string {
        char const* value = PQresultErrorField(failed, code);
        return value != nullptr ? value : "";
    };
    auto details = std::make_shared<server_error>();
    details->severity = field(PG_DIAG_SEVERITY_NONLOCALIZED);
    details->code = field(PG_DIAG_SQLSTATE);
    details->primary = field(PG_DIAG_MESSAGE_PRIMARY);
    details->detail = field(PG_DIAG_MESSAGE_DETAIL);
    details->hint = field(PG_DIAG_MESSAGE_HINT);
    details->position = field(PG_DIAG_STATEMENT_POSITION);
    details->internal_position = field(PG_DIAG_INTERNAL_POSITION);
    details->internal_query = field(PG_DIAG_INTERNAL_QUERY);
    details->where = field(PG_DIAG_CONTEXT);
    details->schema = field(PG_DIAG_SCHEMA_NAME);
    details->table = field(PG_DIAG_TABLE_NAME);
    details->column = field(PG_DIAG_COLUMN_NAME);
    details->data_type = field(PG_DIAG_DATATYPE_NAME);
    details->constraint = field(PG_DIAG_CONSTRAINT_NAME);
    details->file = field(PG_DIAG_SOURCE_FILE);
    details->line = field(PG_DIAG_SOURCE_LINE);
    details->routine = field(PG_DIAG_SOURCE_FUNCTION);
    // A failure that libpq itself found (a reply it cannot parse) has no SQLSTATE.
    if (details->code.empty())
        return {coda::errc::protocol_error, one_line(PQresultErrorMessage(failed)), outcome::unknown};
    bool const session_ended = details->severity == "FATAL" || details->severity == "PANIC";
    error_code const code = make_sqlstate(details->code);
    return {code, session_ended ? outcome::unknown : outcome::completed, std::move(details)};
}

std::string connection_message(pg_conn const* c) { return one_line(PQerrorMessage(c)); }

} // namespace coda::pg::detail
