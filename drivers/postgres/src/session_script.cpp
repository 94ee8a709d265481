// SPDX-License-Identifier: BSL-1.0
// A script on its session: outside of pipeline mode, with the connection to itself.
#include "session.hpp"

#include <coda/postgres/detail/script.hpp>

#include <libpq-fe.h>

namespace coda::pg::detail {

// Its turn has come, and nothing else is in flight.
bool session::send_script(script& s) {
    PGconn* const c = connection_.get();
    if (PQexitPipelineMode(c) == 0) return false;
    if (s.notes_ != nullptr) s.notes_->was_sent(statement_use::unprepared);
    pipeline_.sent_script(s);
    ++count_->unprepared;
    sql_.assign(s.sql_);
    bool const sent = PQsendQuery(c, sql_.c_str()) != 0;
    choose_row_mode();
    return sent;
}

// All of it is answered.
void session::end_script() {
    if (PQenterPipelineMode(connection_.get()) == 0)
        return lose(error(coda::errc::protocol_error, "the connection could not return to pipeline mode"));
    auto const step = pipeline_.on_reply(reply::sync);
    if (step.who != nullptr) finish(static_cast<request&>(*step.who));
}

} // namespace coda::pg::detail
