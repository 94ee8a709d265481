// SPDX-License-Identifier: BSL-1.0
// A script on its session: outside of pipeline mode, with the connection to itself.
#include "session.hpp"

#include <coda/postgres/detail/script.hpp>

#include <libpq-fe.h>

namespace coda::pg::detail {

// Its turn has come, and nothing else is in flight. Where it cannot be written whole the server runs none of it.
bool session::send_script(script& s) {
    PGconn* const c = connection_.get();
    if (PQexitPipelineMode(c) == 0) return false;
    sql_.assign(s.sql_);
    if (PQsendQuery(c, sql_.c_str()) == 0) return false;
    if (s.notes_ != nullptr) s.notes_->was_sent(statement_use::unprepared);
    pipeline_.sent_script(s);
    ++count_->unprepared;
    choose_row_mode();
    return true;
}

// All of it is answered. With the reply to a Sync it has ended: libpq goes on to single rows until there was one.
void session::end_script() {
    PGconn* const c = connection_.get();
    if (PQenterPipelineMode(c) == 0 || PQpipelineSync(c) == 0)
        return lose(error(coda::errc::protocol_error, "the connection could not return to pipeline mode"));
    if (PQflush(c) > 0) watch_->want(readiness::both);
}

} // namespace coda::pg::detail
