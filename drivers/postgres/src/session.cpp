// SPDX-License-Identifier: BSL-1.0
#include "session.hpp"

#include "cancel_request.hpp"
#include "preparation.hpp"
#include "server_reply.hpp"
#include "session_state.hpp"

#include <coda/runtime/deadline.hpp>

#include <boost/system/system_error.hpp>
#include <fmt/format.h>
#include <libpq-fe.h>
#include <openssl/ssl.h>

namespace coda::pg::detail {

namespace {

reply kind_of(ExecStatusType status) noexcept {
    switch (status) {
    case PGRES_PIPELINE_SYNC: return reply::sync;
    case PGRES_SINGLE_TUPLE: return reply::row;
    case PGRES_PIPELINE_ABORTED: return reply::skipped;
    case PGRES_FATAL_ERROR:
    case PGRES_BAD_RESPONSE: return reply::failure;
    default: return reply::success;
    }
}

constexpr std::string_view read_only_transaction = "25006";

std::string_view sqlstate_field(PGresult const* r) noexcept {
    char const* const state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
    return state != nullptr ? state : "";
}

bool starts_copy(ExecStatusType status) noexcept {
    return status == PGRES_COPY_IN || status == PGRES_COPY_OUT || status == PGRES_COPY_BOTH;
}

void pass_on_notice(void* on, PGresult const* said) noexcept {
    auto* const who = static_cast<session*>(on)->observer();
    if (who == nullptr) return;
    try {
        who->on_notice(*fields_of(said));
    } catch (std::bad_alloc const&) {} // it is only a notice
}

error not_undone(error const& why) noexcept {
    try {
        return {coda::errc::connection_lost,
                fmt::format("what was to be undone on it could not be: {}", why.message())};
    } catch (std::bad_alloc const&) {
        return coda::errc::connection_lost;
    }
}

// The wait of one that stands in no operation.
struct asked_in {
    execution& what;
    context const& ctx;

    bool await_ready() const noexcept { return false; }
    // Also behind a stream of rows that has the connection: nobody waits for himself.
    bool await_suspend(std::coroutine_handle<> h) const noexcept {
        return what.pipelined_request::await_suspend(h, &ctx);
    }
    result<result_set> await_resume() const noexcept { return what.await_result(); }
};

} // namespace

void finish::operator()(pg_conn* c) const noexcept { PQfinish(c); }

result<std::shared_ptr<session>> session::open(loop& l, established made, connection_options const& options,
                                               owner shared_by, counts count) {
    try {
        return std::make_shared<session>(l, std::move(made), options, std::move(shared_by), std::move(count));
    } catch (boost::system::system_error const& e) {
        return error(e.code());
    }
}

session::session(loop& l, established made, connection_options const& options, owner shared_by, counts count)
    : pipelined_connection(l, pipeline_, {options.statement_timeout, options.drain_timeout}),
      connection_(std::move(made.connection)),
      shared_by_(std::move(shared_by)),
      pipeline_(options.max_in_flight, options.max_queued),
      cache_(options.statement_cache),
      count_(count != nullptr ? std::move(count) : std::make_shared<statement_statistics>()),
      observer_(options.observer),
      state_(connection_.get()),
      key_(made.key),
      send_deadline_(options.send_deadline),
      cancel_timeout_(options.cancel_timeout),
      cancel_(options.cancel_on_server && can_ask_to_cancel(connection_.get(), key_), options.cancel_after),
      cancel_timer_(*this) {
    pipeline_.set_max_queued_bytes(options.max_queued_bytes);
    watch_.emplace(
        l, PQsocket(connection_.get()), [](void* self, readiness r) noexcept { static_cast<session*>(self)->ready(r); },
        this);
    watch_->want(readiness::read);
    if (observer_ != nullptr) PQsetNoticeReceiver(connection_.get(), &pass_on_notice, this);
}

statement_observer* observer_of(session const* s) noexcept { return s != nullptr ? s->observer() : nullptr; }

session::~session() { lose(error(coda::errc::closed)); }

int session::backend_pid() const noexcept { return PQbackendPID(connection_.get()); }

bool session::in_transaction() const noexcept {
    auto const status = PQtransactionStatus(connection_.get());
    return in_block || (rollbacks_ == 0 && (status == PQTRANS_INTRANS || status == PQTRANS_INERROR));
}

void session::run_unattended(std::string sql, duration limit, bool ends_transaction) noexcept {
    if (!usable()) return;
    try {
        errands_.remove_if([](errand const& e) { return e.done(); });
        errands_.emplace_back() = unattended(std::move(sql), limit, ends_transaction);
    } catch (std::bad_alloc const&) {
        lose(error(make_error_code(boost::system::errc::not_enough_memory)));
    }
}

errand session::unattended(std::string sql, duration limit, bool ends_transaction) {
    rollbacks_ += ends_transaction ? 1 : 0;
    context const root{&home(), {}, no_deadline, nullptr};
    coda::detail::deadline_context const bounded(root, home().now() + limit);
    statement_view const statement{sql, {}};
    execution asks(this, statement, grouped::never, nullptr);
    auto const done = co_await asked_in{asks, bounded.get()};
    rollbacks_ -= ends_transaction ? 1 : 0;
    if (done.has_error() && usable()) lose(not_undone(done.error()));
}

void session::ready(readiness r) noexcept {
    try {
        if (includes(r, readiness::read)) {
            if (holds_a_row())
                stop_reading();
            else
                take_input();
        }
        if (usable() && includes(watch_->wanted(), readiness::write) && !send_rest()) return;
    } catch (std::bad_alloc const&) {
        lose(error(make_error_code(boost::system::errc::not_enough_memory)));
    }
    if (usable() && (pipeline_.next() != nullptr || pipeline_.is_open())) flush_soon();
}

// What the socket has, and of that what libpq has room for. The rest of a TLS record stays in OpenSSL, and no readiness
// tells of it: after some rounds, the loop's next step goes on.
void session::take_input() {
    constexpr int most_rounds = 16;
    for (int round = 0; round < most_rounds; ++round) {
        take_replies(PQconsumeInput(connection_.get()) != 0);
        if (!usable() || holds_a_row() || !tls_has_more()) return;
    }
    flush_soon();
}

bool session::tls_has_more() const noexcept {
    auto* const tls = static_cast<SSL*>(PQsslStruct(connection_.get(), "OpenSSL"));
    return tls != nullptr && SSL_pending(tls) > 0;
}

// What libpq holds back. False: not all of it can be sent now, or the connection was lost. While libpq cannot send it
// takes in what comes, so that the server goes on, and the socket then tells nothing of those replies.
bool session::send_rest() {
    int const unsent = PQflush(connection_.get());
    if (unsent == 0) {
        watch_->want(readiness::read);
        return true;
    }
    watch_->want(readiness::both);
    take_replies(unsent > 0);
    if (usable() && !holds_a_row() && tls_has_more()) flush_soon();
    return false;
}

// All that libpq has read. `alive`: there may be more to come.
void session::take_replies(bool alive) {
    PGconn* const c = connection_.get();
    // A NULL ends a command; several in a row: libpq has nothing more for now.
    for (int nulls = 0; pipeline_.in_flight() > 0 && nulls < 3 && !holds_a_row() && PQisBusy(c) == 0;) {
        PGresult* const r = PQgetResult(c);
        if (r == nullptr) {
            if (pipeline_.in_script()) end_script();
            if (!usable()) return;
            ++nulls;
            choose_row_mode();
            continue;
        }
        nulls = 0;
        if (PQstatus(c) == CONNECTION_BAD && PQresultErrorField(r, PG_DIAG_SQLSTATE) == nullptr) {
            PQclear(r); // libpq's own words about the lost connection, not the server's about the statement
            break;
        }
        on_result(r);
        if (!usable()) return;
        choose_row_mode();
    }
    if (!alive || PQstatus(c) == CONNECTION_BAD) return lose_peer();
    // What comes unasked (notices, parameter reports) is consumed by libpq itself, but for notifications.
    if (pipeline_.in_flight() == 0) static_cast<void>(PQisBusy(c));
    while (PGnotify* const unwanted = PQnotifies(c)) PQfreemem(unwanted);
    if (!holds_a_row()) watch_->want(watch_->wanted() | readiness::read);
    replies_taken();
    follow(cancel_.changed(pipeline_.in_flight() > 0, pipeline_.unwanted()));
    wake_batch();
}

void session::take_what_came(bool alive) noexcept {
    try {
        take_replies(alive);
    } catch (std::bad_alloc const&) {
        lose(error(make_error_code(boost::system::errc::not_enough_memory)));
    }
    if (usable() && (pipeline_.next() != nullptr || (!holds_a_row() && tls_has_more()))) flush_soon();
}

void session::on_result(PGresult* owned) {
    result_set rows(owned);
    auto const status = PQresultStatus(owned);
    if (starts_copy(status)) return refuse_copy();
    if (shared_by_ != nullptr && changes_session(PQcmdStatus(owned))) return refuse_change(PQcmdStatus(owned));
    reply const kind = meaning_of(owned);
    remember_preparation(kind);
    if (kind == reply::sync && shared_by_ != nullptr)
        if (auto const what = state_.changed_on(connection_.get()); !what.empty()) return refuse_change(what);
    if (kind == reply::sync && runs_again()) pipeline_.repeat();
    if (kind == reply::success) {
        std::string_view const tag = PQcmdStatus(owned);
        if (forgets_statements(tag)) {
            cache_.clear();
            if (fence_ == fence::prepared) fence_ = fence::unprepared;
        }
        has_prepared_names = (has_prepared_names || tag == "PREPARE") && !forgets_statements(tag);
    }
    // Made while its caller is still in the pipeline, where he is found if there is no memory for it.
    auto told = kind == reply::failure ? server_failure(owned) : result<result_set>(std::move(rows));
    auto const step = pipeline_.on_reply(kind);
    if (step.does == pipeline::step::what::broken)
        return lose(error(coda::errc::protocol_error, "replies out of order"));
    if (step.who != nullptr) tell(step, std::move(told));
    // A failure that libpq itself found: it cannot parse what comes.
    if (kind == reply::failure && PQresultErrorField(owned, PG_DIAG_SQLSTATE) == nullptr)
        return lose(error(coda::errc::protocol_error, one_line(PQresultErrorMessage(owned))));
    if (kind == reply::failure && ends_session(owned)) // whether or not its end of the connection reaches us
        lose(error(coda::errc::connection_lost, one_line(PQresultErrorMessage(owned))));
}

void session::tell(pipeline::step const& step, result<result_set>&& what) noexcept {
    using does = pipeline::step::what;
    auto& r = static_cast<request&>(*step.who);
    if (r.notes_ != nullptr) r.notes_->was_answered();
    switch (step.does) {
    case does::nothing:
    case does::broken: break;
    case does::result: r.take(std::move(what)); break;
    case does::answer:
    case does::row: r.take(std::move(what)); [[fallthrough]];
    case does::ended: finish(r); break;
    case does::part: static_cast<batch&>(r).take_part(std::move(what)); break;
    case does::skipped: static_cast<batch&>(r).skip_part(); break;
    case does::synced: static_cast<batch&>(r).synced(); break;
    }
}

// What has done nothing runs again, once: a statement whose preparation no longer held, and a query of which nobody
// said that it only reads, and which its group's fence has refused.
reply session::meaning_of(PGresult const* r) {
    reply const kind = kind_of(PQresultStatus(r));
    if (kind != reply::failure) return kind;
    if (pipeline_.at_fence()) fence_ = fence_after(sqlstate_field(r));
    bool const outlived = outlived_preparation(r);
    auto* const who = static_cast<request*>(pipeline_.current());
    if (who == nullptr) return kind;
    bool const alone = who->form_ == request::form::statement;
    if (outlived && who->repeats_ == request::repeats::may) {
        if (alone && shared_by_ != nullptr) return repeated(*who), reply::refused;
        who->repeats_ = request::repeats::wants; // at its Sync
    }
    if (!alone) return kind;
    auto* const e = static_cast<execution*>(who);
    if (e->group_ != grouped::tried || !pipeline_.in_group() || sqlstate_field(r) != read_only_transaction) return kind;
    e->group_ = grouped::never;
    shared_by_->wrote(e->statement_.sql);
    return reply::refused;
}

// What became of the fence that has failed: forgotten (DEALLOCATE ALL in a function), disturbed (a cancellation, want
// of memory), or nothing that this server lets us have.
session::fence session::fence_after(std::string_view sqlstate) const noexcept {
    if (sqlstate == "26000") return fence::unprepared;
    return sqlstate.starts_with("57") || sqlstate.starts_with("53") ? fence_ : fence::unusable;
}

// The server reads or sends rows now, and takes the Syncs of later statements for rows: there is no way back.
void session::refuse_copy() noexcept {
    auto const step = pipeline_.on_reply(reply::failure);
    if (step.who != nullptr) tell(step, error(errc::copy_refused, outcome::unknown));
    lose(described(coda::errc::connection_lost, "another statement on it began a COPY"));
}

// What runs behind it, runs in its transaction or under its settings: none of that stands. Of a group nobody knows
// whose doing it was.
void session::refuse_change(std::string_view what) noexcept {
    auto* const r = static_cast<request*>(pipeline_.current());
    if (r != nullptr && !pipeline_.in_group()) r->take(changed_for_all(what));
    lose(described(coda::errc::connection_lost, "another statement on it changed the session"));
}

// A statement is taken for prepared when the server has said so.
void session::remember_preparation(reply kind) noexcept {
    if (kind == reply::sync || pipeline_.at_fence() || !pipeline_.at_preparation()) return;
    auto const statement = pipeline_.current_statement();
    kind == reply::success ? cache_.prepared(statement) : cache_.remove(statement);
}

// A statement that fails because the server no longer knows it, or because it no longer fits (a table has changed), is
// prepared again by its next use.
bool session::outlived_preparation(PGresult const* r) {
    auto const statement = pipeline_.current_statement();
    if (statement == 0 || pipeline_.at_fence() || pipeline_.prepares()) return false;
    switch (preparation_after(failure_parts::of(r), statement_cache::name_of(statement))) {
    case preparation::holds: return false;
    case preparation::outdated: cache_.expire(statement); break;
    case preparation::forgotten: cache_.remove(statement); break;
    }
    return true;
}

// At the last Sync of what has outlived its preparation: whether it may run now as it would have then. Not in a
// transaction block, which has failed, nor where others are behind it by now, whom it would overtake. A batch is begun
// again by its caller, who has its statements, and so behind all that is queued.
bool session::runs_again() {
    auto* const who = static_cast<request*>(pipeline_.current());
    if (who == nullptr || who->repeats_ != request::repeats::wants || pipeline_.at_part()) return false;
    bool const by_caller = who->form_ == request::form::batch;
    bool const last = (by_caller ? pipeline_.load() : pipeline_.in_flight()) == 1;
    bool const as_then = shared_by_ != nullptr || (last && PQtransactionStatus(connection_.get()) == PQTRANS_IDLE);
    who->repeats_ = request::repeats::never;
    if (!as_then) return false;
    if (!by_caller) return repeated(*who), true;
    who->repeats_ = request::repeats::granted;
    return false;
}

void session::repeated(request& r) {
    r.repeats_ = request::repeats::never;
    r.forget();
    ++count_->again;
}

void session::lose_peer() noexcept {
    try {
        std::string const said = connection_message(connection_.get());
        lose(error(coda::errc::connection_lost, said.empty() ? "the server closed the connection" : said));
    } catch (std::bad_alloc const&) {
        lose(error(coda::errc::connection_lost));
    }
}

void session::cancel_timer::expired(timer& t) noexcept {
    session& of = static_cast<cancel_timer&>(t).owner;
    of.follow(of.cancel_.timer_expired());
}

void session::follow(server_cancel::action a) noexcept {
    using action = server_cancel::action;
    switch (a) {
    case action::nothing: break;
    case action::arm: home().arm(cancel_timer_, home().now() + cancel_.pause()); break;
    case action::ask: begin_to_ask(); break;
    case action::resume:
        home().disarm(cancel_timer_);
        flush_soon();
        break;
    case action::give_up:
        lose(described(coda::errc::connection_lost, "a request to cancel was not answered within cancel_timeout"));
        break;
    }
}

void session::begin_to_ask() noexcept {
    try {
        if (!background_) background_.emplace(home());
        background_->spawn(ask());
    } catch (std::bad_alloc const&) { // another time
        follow(cancel_.asked(outcome::not_sent, pipeline_.in_flight() > 0));
    }
}

// Never fails: that would end the scope, and with it all later requests.
task<> session::ask() {
    auto how = outcome::unknown;
    try {
        auto const asked = co_await as_result(with_timeout(cancel_timeout_, ask_to_cancel(connection_.get(), key_)));
        how = asked.has_error() ? asked.error().outcome() : outcome::completed;
    } catch (std::bad_alloc const&) {}
    if (usable()) follow(cancel_.asked(how, pipeline_.in_flight() > 0));
}

// A request under way is left to end by itself: it may be what has found the connection lost.
void session::disconnect() noexcept {
    home().disarm(cancel_timer_);
    if (background_) background_->cancel(coda::errc::closed);
    watch_.reset();
    connection_.reset();
}

} // namespace coda::pg::detail
