// SPDX-License-Identifier: BSL-1.0
// What a session sends, and in which groups.
#include "session.hpp"

#include <boost/system/errc.hpp>
#include <libpq-fe.h>

namespace coda::pg::detail {

namespace {

constexpr int binary = 1;

// Makes the transaction that a Sync ends one that only reads; it cannot be set back, since a snapshot was taken. BEGIN
// READ ONLY would leave a failed transaction behind its Sync, where other groups are in flight already.
constexpr char const* fence_sql = "select pg_catalog.set_config('transaction_read_only', 'on', true)";
constexpr char const* fence_name = "coda_fence";

} // namespace

// libpq 15 sends at every Sync, so what the kernel does not take at once is a reason to stop: the rest waits here,
// where it can still be cancelled, rather than in libpq's unbounded buffer.
void session::flush() noexcept {
    if (cancel_.holds_back() || includes(watch_->wanted(), readiness::write)) return;
    try {
        while (pipeline_request* const next = pipeline_.next()) {
            std::size_t const size = together();
            if (size == 0) return;
            bool const sent = size > 1 ? send_group(size) : send(static_cast<execution&>(*next), {});
            if (!sent) return take_replies(false);
            if (!send_rest()) return;
        }
    } catch (std::bad_alloc const&) {
        lose(error(make_error_code(boost::system::errc::not_enough_memory)));
    }
}

// How many of the queue are sent as one; 0: none until there is room for more.
std::size_t session::together() {
    if (shared_by_ == nullptr || fence_ == fence::unusable) return 1;
    auto const queued = pipeline_.count_queued(
        shared_by_->most(), [](pipeline_request& r) { return static_cast<execution&>(r).group_ != grouped::never; });
    return shared_by_->size(queued, pipeline_.room());
}

// One Sync for all: none of them writes. False, here and below: the connection is broken.
bool session::send_group(std::size_t size) {
    auto const known = pipeline_.count_queued(size, [this](pipeline_request& r) {
        auto const& s = static_cast<execution&>(r).statement_;
        return cache_.find(s.sql, s.types) != nullptr;
    });
    if (fence_ == fence::unprepared && cache_.enabled()) {
        if (!prepare_fence()) return false;
    } else if (known < size && !make_room()) {
        return false;
    }
    if (!send_fence()) return false;
    for (std::size_t i = 0; i < size; ++i) {
        auto& e = static_cast<execution&>(pipeline_.oldest_queued());
        if (!send(e, {.fenced = i == 0, .grouped = true, .open = i + 1 < size})) return false;
    }
    return true;
}

bool session::prepare_fence() {
    fence_ = fence::prepared;
    pipeline_.sent_unowned();
    PGconn* const c = connection_.get();
    return PQsendPrepare(c, fence_name, fence_sql, 0, nullptr) != 0 && PQpipelineSync(c) != 0;
}

bool session::send_fence() {
    PGconn* const c = connection_.get();
    if (fence_ == fence::prepared) return PQsendQueryPrepared(c, fence_name, 0, nullptr, nullptr, nullptr, binary) != 0;
    return PQsendQueryParams(c, fence_sql, 0, nullptr, nullptr, nullptr, nullptr, binary) != 0;
}

// The statement with all that must precede it.
bool session::send(execution& e, sending how) {
    statement_view const& s = e.statement_;
    PGconn* const c = connection_.get();
    int const count = static_cast<int>(s.types.size());
    statement_cache::entry const* known = cache_.find(s.sql, s.types);

    if (known != nullptr && known->is == statement_cache::state::ready) {
        how.statement = known->id;
        pipeline_.sent(e, how);
        ++count_->hits;
        return PQsendQueryPrepared(c, known->name.c_str(), count, s.values, s.lengths, s.formats, binary) != 0 &&
               sync_after(how);
    }

    sql_.assign(s.sql);
    if (known == nullptr) {
        if (!how.grouped && !make_room()) return false; // within a group there is no Sync for that
        if (auto const* added = cache_.add(s.sql, s.types)) {
            how.statement = added->id;
            how.prepares = true;
            pipeline_.sent(e, how);
            ++count_->prepared;
            return PQsendPrepare(c, added->name.c_str(), sql_.c_str(), count, s.types.data()) != 0 &&
                   PQsendQueryPrepared(c, added->name.c_str(), count, s.values, s.lengths, s.formats, binary) != 0 &&
                   sync_after(how);
        }
    }
    // Nothing is known of its preparation yet, or there is no room: parsed for this once.
    pipeline_.sent(e, how);
    ++count_->unprepared;
    return PQsendQueryParams(c, sql_.c_str(), count, s.types.data(), s.values, s.lengths, s.formats, binary) != 0 &&
           sync_after(how);
}

bool session::sync_after(sending const& how) { return how.open || PQpipelineSync(connection_.get()) != 0; }

// For one more prepared statement.
bool session::make_room() {
    if (PQtransactionStatus(connection_.get()) == PQTRANS_INERROR) return true; // it would be refused
    auto const dropped = cache_.make_room();
    if (!dropped) return true;
    std::string const sql = "deallocate " + *dropped;
    pipeline_.sent_unowned();
    return PQsendQueryParams(connection_.get(), sql.c_str(), 0, nullptr, nullptr, nullptr, nullptr, binary) != 0 &&
           PQpipelineSync(connection_.get()) != 0;
}

} // namespace coda::pg::detail
