// SPDX-License-Identifier: BSL-1.0
#include "server_limit.hpp"
#include "session.hpp"
#include "session_state.hpp"

#include <coda/postgres/transaction.hpp>
#include <coda/runtime/deadline.hpp>
#include <coda/runtime/option_check.hpp>
#include <coda/runtime/sleep.hpp>
#include <coda/runtime/when_all.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace coda::pg {

namespace detail {

namespace {

constexpr std::string_view in_failed_transaction = "25P02";

std::string begin_text(transaction_options const& o) {
    std::string sql = "begin";
    switch (o.isolation) {
    case isolation::server_default: break;
    case isolation::read_committed: sql += " isolation level read committed"; break;
    case isolation::repeatable_read: sql += " isolation level repeatable read"; break;
    case isolation::serializable: sql += " isolation level serializable"; break;
    }
    if (o.read_only) sql += " read only";
    if (o.deferrable) sql += " deferrable";
    return sql;
}

// Of a transaction in which a statement had failed. The failure is told, not its values.
error had_failed(std::optional<error> const& why) {
    auto const* const said = why ? why->details<server_error>() : nullptr;
    return {make_error_code(errc::transaction_failed),
            fmt::format("a statement of the transaction had failed, and all of it was undone{}{}", said ? ": " : "",
                        said ? said->message() : ""),
            outcome::completed};
}

// Marks the failure of a statement that may have run as one of that block.
struct failure_inside final : error_details {
    failure_inside(error e, std::weak_ptr<block_state> b) : why(std::move(e)), of(std::move(b)) {}
    std::string message() const override { return why.message(); }
    std::optional<error_class> kind() const noexcept override { return why.kind(); }
    std::chrono::nanoseconds retry_after() const noexcept override { return why.retry_after(); }
    error_details const* inner() const noexcept override { return why.details<error_details>(); }

    error why;
    std::weak_ptr<block_state> of; // an error that is kept must not keep the connection
};

struct command_tag {
    using value_type = std::string;
    result<std::string> operator()(result_set&& rows) const { return std::string(rows.command()); }
};

// The block's own statements, which are not held to what its users' are.
operation<std::string> ask(block_reference of, std::string_view sql) {
    return run_statement(block_source{std::move(of)}, command_tag(), sql, parameters_for<>(std::in_place));
}

template <class T>
operation<> discard(operation<T> statement) {
    auto const done = co_await as_result(std::move(statement));
    if (done.has_error()) co_return done.error();
    co_return result<>();
}

operation<> run(block_reference of, std::string_view sql) { return discard(ask(std::move(of), sql)); }

// In one flight.
operation<> run_both(block_reference of, std::string_view first, std::string_view second) {
    return discard(when_all(run(of, first), run(of, second)));
}

} // namespace

result<> transaction_source::admit(std::string_view sql) const {
    for (auto const* b = of.get(); b != nullptr; b = b->outer.get())
        if (b->over) return error(errc::transaction_over);
    if (of->has_inner)
        return error(make_error_code(coda::errc::invalid_argument),
                     "a savepoint of this transaction is under way: only that may be used");
    return check_inside_transaction(sql);
}

error transaction_source::failed(error const& why) const noexcept {
    if (why.outcome() == outcome::completed && !of->failure) of->failure = why;
    if (why.outcome() != outcome::unknown) return why;
    try {
        return {why.code(), why.outcome(), std::make_shared<failure_inside>(why, of)};
    } catch (std::bad_alloc const&) {
        return why;
    }
}

operation<std::shared_ptr<session>> block_source::wait() { co_return error(coda::errc::not_connected); }

transaction_block::transaction_block(std::shared_ptr<exclusive_session<session>> own, transaction_options const& o)
    : own_(std::move(own)),
      options_(o),
      state_(std::make_shared<block_state>(own_->home, nullptr, o.rollback_timeout)),
      begin_(begin_text(o)),
      commit_("commit"),
      undo_("rollback") {}

transaction_block::transaction_block(block_reference const& outer)
    : state_(std::make_shared<block_state>(outer)),
      begin_(fmt::format("savepoint coda_{}", state_->depth)),
      commit_(fmt::format("release savepoint coda_{}", state_->depth)),
      undo_(fmt::format("rollback to savepoint coda_{}", state_->depth)) {}

transaction_block::~transaction_block() {
    if (!open_) return;
    set_open(false);
    state_->on->lose(described(coda::errc::connection_lost, "a transaction on it was left in its middle"));
}

void transaction_block::set_open(bool open) noexcept {
    open_ = open;
    state_->over = !open;
    (own_ ? state_->on->in_block : state_->outer->has_inner) = open;
}

result<> transaction_block::may_begin() const {
    if (!own_) return transaction_source{{state_->outer}}.admit(begin_);
    if (auto const good = check(options_); good.has_error()) return good;
    if (state_->on == nullptr) return error(coda::errc::not_connected);
    if (!state_->on->in_transaction()) return {};
    return error(make_error_code(coda::errc::invalid_argument),
                 "a transaction is open on this connection already: use its savepoint, or another connection");
}

operation<> transaction_block::begin() {
    context const& here = co_await this_context();
    if (here.loop != &state_->home) co_return used_from_another_loop("a postgres transaction");
    if (here.cancel.requested()) co_return error(here.cancel.reason());
    if (own_) state_->on = own_->session;
    if (auto const allowed = may_begin(); allowed.has_error()) co_return allowed.error();
    if (own_) own_->used = true;
    set_open(true);
    // What tells the server would take the snapshot, which is the body's to take where there is one for all of it.
    bool const one_snapshot = options_.isolation == repeatable_read || options_.isolation == serializable;
    bool const bounded = options_.send_deadline && here.deadline != no_deadline && !one_snapshot;
    auto begins = !own_     ? begin_savepoint()
                  : bounded ? begin_with_timeout(here.deadline - here.loop->now())
                            : run(state_, begin_);
    auto const begun = co_await as_result(std::move(begins));
    if (begun.has_value()) co_return result<>();
    auto const& why = begun.error();
    if (why.outcome() != outcome::unknown) {
        set_open(false);
        co_return why;
    }
    static_cast<void>(co_await as_result(undo()));
    co_return why.with_outcome(outcome::not_sent);
}

// Not to be cancelled: nobody would know then in which savepoint the transaction is.
operation<> transaction_block::begin_savepoint() {
    auto begins = with_timeout(state_->undo_timeout, run(state_, begin_));
    auto const begun = co_await as_result(shield(std::move(begins)));
    co_return begun;
}

// In one flight: where BEGIN fails, what is local to its transaction has no effect.
operation<> transaction_block::begin_with_timeout(duration left) {
    auto begins = run(state_, begin_);
    auto limits = run_statement(block_source{state_}, affected_rows(), limit_sql,
                                parameters_for<std::string>(std::in_place, server_limit(left)));
    auto const both = co_await when_all(as_result(std::move(begins)), as_result(std::move(limits)));
    if (auto const& begun = std::get<0>(both); begun.has_error()) co_return begun.error();
    if (auto const& limited = std::get<1>(both); limited.has_error()) // but it has begun
        co_return limited.error().with_outcome(outcome::unknown);
    co_return result<>();
}

operation<> transaction_block::commit() {
    stop_inner();
    if (!own_) {
        auto released = co_await as_result(release());
        co_return released;
    }
    auto const tag = co_await as_result(ask(state_, commit_));
    if (tag.has_value()) {
        set_open(false);
        if (*tag == "ROLLBACK") co_return had_failed(state_->failure);
        co_return result<>();
    }
    // A COMMIT that failed before it ran, or was not sent, leaves the transaction open; where it ran, this does
    // nothing.
    static_cast<void>(co_await as_result(undo()));
    auto const& why = tag.error();
    co_return why.kind() == error_class::unconfirmed ? why.with_outcome(outcome::unknown) : why;
}

// Not to be cancelled, as its beginning.
operation<> transaction_block::release() {
    auto releases = with_timeout(state_->undo_timeout, run(state_, commit_));
    auto const released = co_await as_result(shield(std::move(releases)));
    if (released.has_value()) {
        set_open(false);
        co_return result<>();
    }
    static_cast<void>(co_await as_result(undo()));
    auto const& why = released.error();
    if (why.code() == make_sqlstate(in_failed_transaction)) co_return had_failed(state_->failure);
    co_return why.outcome() == outcome::unknown ? why.with_outcome(outcome::not_sent) : why;
}

operation<> transaction_block::undo() {
    if (!open_) co_return result<>();
    stop_inner();
    context const& here = co_await this_context();
    auto const limit = state_->undo_timeout;
    if (here.cancel.requested()) {
        state_->on->roll_back_unattended(undo_, limit);
        if (!own_) state_->on->roll_back_unattended(commit_, limit);
    } else {
        auto bounded = with_timeout(limit, own_ ? run(state_, undo_) : run_both(state_, undo_, commit_));
        auto const done = co_await as_result(shield(std::move(bounded)));
        if (done.has_error())
            state_->on->lose(described(coda::errc::connection_lost, "a transaction on it could not be undone in time"));
    }
    set_open(false);
    co_return result<>();
}

// Nothing begins any more; a savepoint whose body outlives this one's would go on in whatever comes next.
void transaction_block::stop_inner() noexcept {
    state_->over = true;
    if (state_->has_inner)
        state_->on->lose(described(coda::errc::connection_lost, "a savepoint had not ended with its transaction"));
}

error transaction_block::undone(error const& why) const noexcept {
    auto const* const inside = why.details<failure_inside>();
    return inside != nullptr && inside->of.lock() == state_ ? why.with_outcome(outcome::not_sent) : why;
}

} // namespace detail

operation<> transaction::set_local(std::string name, std::string value) {
    return detail::discard(query("select pg_catalog.set_config($1, $2, true)", std::move(name), std::move(value)));
}

operation<> transaction::advisory_lock(std::int64_t key) {
    return detail::discard(query("select pg_catalog.pg_advisory_xact_lock($1)", key));
}

operation<bool> transaction::try_advisory_lock(std::int64_t key) {
    return query_one<bool>("select pg_catalog.pg_try_advisory_xact_lock($1)", key);
}

} // namespace coda::pg
