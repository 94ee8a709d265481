// SPDX-License-Identifier: BSL-1.0
// A batch on its session: its caller writes, nobody else does, and replies are read meanwhile.
#include "session.hpp"

#include <boost/system/errc.hpp>
#include <libpq-fe.h>

namespace coda::pg::detail {

namespace {

// What undoes a batch: an error, which neither its own transaction nor one that was there before survives. In the
// server's log it says what it was.
constexpr char const* given_up = "coda: the caller of this batch has given it up";

} // namespace

// Its turn has come.
bool session::open_batch(batch& b) {
    for (auto const& s : b.announced_) {
        if (cache_.find(s.sql, s.types) != nullptr) continue;
        if (!make_room()) return false;
        break; // there is no room for more than one before the next request
    }
    if (in_transaction()) b.chunk_ = batch::whole; // a Sync in it ends nothing
    known_before_ = cache_.last_id();
    pipeline_.sent_batch(b);
    finish(b);
    return true;
}

bool session::send_part(batch& b, statement_view const& s) {
    bool const sent = send(b, s, {});
    if (!sent) take_replies(false);
    return sent;
}

bool session::sync_batch(batch&) {
    pipeline_.sent_part_sync();
    bool const sent = PQpipelineSync(connection_.get()) != 0;
    if (!sent) take_replies(false);
    return sent;
}

// The server keeps its answers until there are 8 KB of them, or it is asked for them.
void session::push_batch() noexcept {
    if (PQsendFlushRequest(connection_.get()) == 0) return take_what_came(false);
    flush_soon();
}

void session::end_batch(bool keep) noexcept {
    try {
        if (!close_batch(keep)) return take_replies(false);
        if (send_rest()) flush_soon(); // what waits behind it
    } catch (std::bad_alloc const&) {
        lose(error(make_error_code(boost::system::errc::not_enough_memory)));
    }
}

bool session::close_batch(bool keep) {
    if (!keep) {
        pipeline_.sent_part({});
        if (PQsendQueryPrepared(connection_.get(), given_up, 0, nullptr, nullptr, nullptr, 0) == 0) return false;
    }
    pipeline_.sent_last_sync();
    return PQpipelineSync(connection_.get()) != 0;
}

// What was written goes out. When the caller has left, it is ended so that nothing is kept of what has no Sync yet.
// What is skipped because of an error libpq answers by itself, and no readiness tells of it.
void session::tend_batch() {
    bool const left = pipeline_.youngest() == nullptr;
    if (left && !close_batch(false)) return take_replies(false);
    if (!send_rest()) return;
    take_replies(true);
    if (usable() && tls_has_more()) flush_soon();
}

// Who waits for `part`: all is written, and enough is answered.
void session::wake_batch() noexcept {
    if (!usable() || !pipeline_.is_open() || includes(watch_->wanted(), readiness::write)) return;
    auto* const b = static_cast<batch*>(pipeline_.youngest());
    if (b != nullptr && b->may_go_on()) finish(*b);
}

} // namespace coda::pg::detail
