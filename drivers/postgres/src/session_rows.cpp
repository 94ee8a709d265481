// SPDX-License-Identifier: BSL-1.0
// Rows one by one: libpq is asked for the next when the reader has taken the last.
#include "session.hpp"

#include <libpq-fe.h>

namespace coda::pg::detail {

// libpq takes the word for it between the end of one result and the beginning of the next, for that one alone; outside
// of pipeline mode for all that one text gives.
void session::choose_row_mode() noexcept {
    if (pipeline_.at_rows() || pipeline_.in_script()) static_cast<void>(PQsetSingleRowMode(connection_.get()));
}

// A row that its reader has not taken: no more is taken from libpq, and so no more from the socket.
bool session::holds_a_row() noexcept {
    if (!is_read()) return false;
    return static_cast<row_feed*>(pipeline_.youngest())->row_.has_value();
}

// Until its reader has taken it.
void session::stop_reading() noexcept {
    watch_->want(includes(watch_->wanted(), readiness::write) ? readiness::write : readiness::none);
}

} // namespace coda::pg::detail
