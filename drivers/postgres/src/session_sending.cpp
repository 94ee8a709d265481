// SPDX-License-Identifier: BSL-1.0
// What a session sends, and in which groups.
#include "cork.hpp"
#include "server_limit.hpp"
#include "session.hpp"
#include "session_state.hpp"

#include <coda/postgres/detail/script.hpp>

#include <boost/system/errc.hpp>
#include <libpq-fe.h>

#include <algorithm>

namespace coda::pg::detail {

namespace {

constexpr int binary = 1;
constexpr std::size_t least_message = 64; // of a statement and its Sync, besides its text and parameters; about

// Makes the transaction that a Sync ends one that only reads; it cannot be set back, since a snapshot was taken. BEGIN
// READ ONLY would leave a failed transaction behind its Sync, where other groups are in flight already.
constexpr char const* fence_sql = "select pg_catalog.set_config('transaction_read_only', 'on', true)";
constexpr char const* fence_name = "coda_fence";

} // namespace

// What the kernel does not take at once is a reason to stop: the rest waits here, where it can still be cancelled,
// rather than in libpq's unbounded buffer.
void session::flush() noexcept {
    try {
        if (tls_has_more() && !holds_a_row()) take_input();
        if (!usable() || includes(watch_->wanted(), readiness::write)) return;
        if (pipeline_.is_open()) return tend_batch();
        if (is_read() || pipeline_.in_script()) return;
        if (pipeline_.by_row()) take_replies(true);
        if (!usable() || pipeline_.by_row() || cancel_.holds_back()) return;
        send_queued();
        take_what_was_read();
    } catch (std::bad_alloc const&) {
        lose(error(make_error_code(boost::system::errc::not_enough_memory)));
    }
}

// Where libpq could not send all at once it has read, and then no readiness tells of it.
void session::take_what_was_read() {
    if (!usable() || pipeline_.is_open() || pipeline_.by_row()) return;
    if (pipeline_.in_flight() > 0 && PQisBusy(connection_.get()) == 0) {
        take_replies(true);
        if (usable() && pipeline_.next() != nullptr) flush_soon();
    }
    if (usable() && !includes(watch_->wanted(), readiness::write) && tls_has_more()) flush_soon();
}

void session::send_queued() {
    auto went = progress::some;
    while (went == progress::some) {
        went = send_some();
        if (went == progress::failed) return take_replies(false);
        if (!send_rest()) return;
    }
}

// What leaves in one piece, which is about as much as libpq's own buffer holds.
session::progress session::send_some() {
    constexpr std::size_t full = 8 * 1024;
    cork kept_back(connection_.get());
    auto went = progress::some;
    for (piece_ = 0; went == progress::some && piece_ < full;) {
        auto* const next = static_cast<request*>(pipeline_.next());
        bool const waits = next != nullptr && next->form_ == request::form::script && pipeline_.in_flight() > 0;
        std::size_t const size = next == nullptr || waits ? 0 : together();
        if (size == 0) {
            went = progress::all;
            break;
        }
        bool const another = std::min(pipeline_.queued(), pipeline_.room()) > size;
        if (another && next->form_ == request::form::statement && next->bytes < full) kept_back.put_in();
        if (!send_next(*next, size))
            went = progress::failed;
        else if (pipeline_.is_open() || pipeline_.by_row() || pipeline_.in_script())
            went = progress::all;
    }
    return kept_back.take_out() ? went : progress::failed;
}

// What libpq has read may be all that comes, and then no readiness tells of it.
void session::left_in_flight() noexcept {
    if (pipeline_.is_open() || pipeline_.by_row()) flush_soon();
    follow(cancel_.changed(true, pipeline_.unwanted()));
}

bool session::send_next(request& next, std::size_t together) {
    if (together > 1) return send_group(together);
    switch (next.form_) {
    case request::form::statement: return send_alone(next, static_cast<execution&>(next).statement_);
    case request::form::rows: return send(next, static_cast<row_feed&>(next).statement_, {.by_row = true});
    case request::form::batch: return open_batch(static_cast<batch&>(next));
    case request::form::script: return send_script(static_cast<script&>(next));
    }
    return false;
}

// How many of the queue are sent as one; 0: none until there is room for more.
std::size_t session::together() {
    if (shared_by_ == nullptr || fence_ == fence::unusable) return 1;
    auto const queued = pipeline_.count_queued(
        shared_by_->most(), [](pipeline_request& r) { return static_cast<request&>(r).group_ != grouped::never; });
    return shared_by_->size(queued, pipeline_.room());
}

// One Sync for all: none of them writes. False, here and below: the connection is broken.
bool session::send_group(std::size_t size) {
    auto const is_known = [this](pipeline_request& r) {
        auto const& s = static_cast<execution&>(r).statement_;
        return cache_.find(s.sql, s.types) != nullptr;
    };
    if (fence_ == fence::unprepared && cache_.enabled()) {
        if (!prepare_fence()) return false;
    } else if (cache_.has_spare() && pipeline_.count_queued(size, is_known) < size && !make_room()) {
        return false;
    }
    if (!send_fence()) return false;
    for (std::size_t i = 0; i < size; ++i) {
        auto& e = static_cast<execution&>(pipeline_.oldest_queued());
        if (!send(e, e.statement_, {.fenced = i == 0, .grouped = true, .open = i + 1 < size})) return false;
    }
    return true;
}

// What fences a statement that has the session alone is the server's own limit of its time.
bool session::send_alone(request& r, statement_view const& s) {
    bool const fenced = tells_limit(r, s);
    if (fenced) {
        if (fence_ == fence::unprepared && cache_.enabled() && !prepare_fence()) return false;
        bool const is_new = cache_.find(s.sql, s.types) == nullptr && is_worth_preparing(s.sql);
        if (is_new && !make_room()) return false;
        if (!send_limit(r.ctx()->deadline - home().now())) return false;
    }
    return send(r, s, {.fenced = fenced});
}

// Only where no transaction can be open, in which it would stay. What prepares it, and what makes room, need a place
// each.
bool session::tells_limit(request const& r, statement_view const& s) const noexcept {
    if (shared_by_ != nullptr || !send_deadline_ || fence_ == fence::unusable) return false;
    if (r.ctx()->deadline == no_deadline || !r.waiting()) return false;
    return pipeline_.in_flight() == 0 && pipeline_.room() > 2 && !in_transaction() && is_of_data(s.sql);
}

bool session::send_limit(duration left) {
    PGconn* const c = connection_.get();
    auto const limit = server_limit(left);
    char const* const value = limit.c_str();
    if (fence_ == fence::prepared) return PQsendQueryPrepared(c, fence_name, 1, &value, nullptr, nullptr, binary) != 0;
    return PQsendQueryParams(c, limit_sql, 1, nullptr, &value, nullptr, nullptr, binary) != 0;
}

bool session::prepare_fence() {
    fence_ = fence::prepared;
    pipeline_.sent_unowned();
    PGconn* const c = connection_.get();
    char const* const sql = shared_by_ != nullptr ? fence_sql : limit_sql;
    return PQsendPrepare(c, fence_name, sql, 0, nullptr) != 0 && put_sync(c);
}

bool session::send_fence() {
    PGconn* const c = connection_.get();
    if (fence_ == fence::prepared) return PQsendQueryPrepared(c, fence_name, 0, nullptr, nullptr, nullptr, binary) != 0;
    return PQsendQueryParams(c, fence_sql, 0, nullptr, nullptr, nullptr, nullptr, binary) != 0;
}

// The statement with all that must precede it.
bool session::send(request& r, statement_view const& s, sending how) {
    PGconn* const c = connection_.get();
    int const count = static_cast<int>(s.types.size());
    statement_cache::entry const* known = cache_.find(s.sql, s.types);
    piece_ += size_of(s) + least_message;

    // What this batch itself has prepared is there when its later parts are run, or they are not.
    bool const is_there = known != nullptr && (known->is == statement_cache::state::ready ||
                                               (pipeline_.is_open() && known->id > known_before_));
    if (is_there) {
        how.statement = known->id;
        note_sent(r, how, statement_use::cached);
        ++count_->hits;
        return PQsendQueryPrepared(c, known->name.c_str(), count, s.values, s.lengths, s.formats, binary) != 0 &&
               sync_after(how);
    }

    sql_.assign(s.sql);
    piece_ += sql_.size();
    if (known == nullptr && is_worth_preparing(s.sql)) {
        bool const is_first = !how.grouped && !how.fenced && !pipeline_.is_open(); // else there is no Sync for that
        if (is_first && !make_room()) return false;
        if (auto const* added = cache_.add(s.sql, s.types)) {
            how.statement = added->id;
            how.prepares = true;
            note_sent(r, how, statement_use::prepared);
            ++count_->prepared;
            return PQsendPrepare(c, added->name.c_str(), sql_.c_str(), count, s.types.data()) != 0 &&
                   PQsendQueryPrepared(c, added->name.c_str(), count, s.values, s.lengths, s.formats, binary) != 0 &&
                   sync_after(how);
        }
    }
    // Nothing is known of its preparation yet, or there is no room: parsed for this once.
    note_sent(r, how, statement_use::unprepared);
    ++count_->unprepared;
    return PQsendQueryParams(c, sql_.c_str(), count, s.types.data(), s.values, s.lengths, s.formats, binary) != 0 &&
           sync_after(how);
}

void session::note_sent(request& r, sending const& how, statement_use use) {
    if (r.notes_ != nullptr) r.notes_->was_sent(use);
    if (pipeline_.is_open()) return pipeline_.sent_part(how);
    pipeline_.sent(r, how);
}

bool session::sync_after(sending const& how) {
    if (how.open || pipeline_.is_open()) return true;
    bool const sent = put_sync(connection_.get());
    choose_row_mode();
    return sent;
}

// For one more prepared statement.
bool session::make_room() {
    if (PQtransactionStatus(connection_.get()) == PQTRANS_INERROR) return true; // it would be refused
    auto const dropped = cache_.make_room();
    if (!dropped) return true;
    std::string const sql = "deallocate " + *dropped;
    pipeline_.sent_unowned();
    return PQsendQueryParams(connection_.get(), sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr, binary) != 0 &&
           put_sync(connection_.get());
}

} // namespace coda::pg::detail
