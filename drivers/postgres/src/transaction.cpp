// SPDX-License-Identifier: BSL-1.0
#include "session.hpp"
#include "session_state.hpp"

#include <coda/postgres/transaction.hpp>
#include <coda/runtime/deadline.hpp>
#include <coda/runtime/option_check.hpp>
#include <coda/runtime/when_all.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace coda::pg {

namespace detail {

namespace {

constexpr std::string_view in_failed_transaction = "25P02";

// By which the server's limit comes after the deadline here, whose error it must not overtake.
constexpr duration later_than_ours = std::chrono::seconds(1);

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

// The time that is left, unless the session has a shorter limit of its own.
constexpr std::string_view shorter_timeout =
    "select pg_catalog.set_config('statement_timeout', $1, true) "
    "where pg_catalog.current_setting('statement_timeout')::interval not between '1us' and $1::interval";

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
    if (of->over) return error(errc::transaction_over);
    if (of->has_inner)
        return error(make_error_code(coda::errc::invalid_argument),
                     "a savepoint of this transaction is under way: only that may be used");
    return check_inside_transaction(sql);
}

void transaction_source::failed(error const& why) const noexcept {
    if (why.outcome() == outcome::unknown) of->unknown = why;
    if (why.outcome() == outcome::completed && !of->failure) of->failure = why;
}

operation<std::shared_ptr<session>> block_source::wait() { co_return error(coda::errc::not_connected); }

transaction_block::transaction_block(std::shared_ptr<exclusive_session<session>> own, transaction_options const& o)
    : own_(std::move(own)),
      options_(o),
      state_(std::make_shared<block_state>(own_->home, own_->session, o.rollback_timeout)),
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
    if (auto const allowed = may_begin(); allowed.has_error()) co_return allowed.error();
    if (own_) own_->used = true;
    set_open(true);
    bool const bounded = own_ != nullptr && options_.send_deadline && here.deadline != no_deadline;
    auto begins = bounded ? begin_with_timeout(here.deadline - here.loop->now()) : run(state_, begin_);
    auto const begun = co_await as_result(std::move(begins));
    if (begun.has_value()) co_return result<>();
    if (begun.error().outcome() == outcome::unknown)
        static_cast<void>(co_await as_result(undo()));
    else
        set_open(false);
    co_return begun.error().outcome() == outcome::unknown ? begun.error().with_outcome(outcome::not_sent)
                                                          : begun.error();
}

// In one flight: where BEGIN fails, what is local to its transaction has no effect.
operation<> transaction_block::begin_with_timeout(duration left) {
    auto const ms =
        std::chrono::ceil<std::chrono::milliseconds>(std::clamp(left, duration(), longest_option) + later_than_ours);
    auto limit = fmt::format("{}ms", ms.count());
    auto begins = run(state_, begin_);
    auto limits = run_statement(block_source{state_}, affected_rows(), shorter_timeout,
                                parameters_for<std::string>(std::in_place, std::move(limit)));
    auto const both = co_await when_all(as_result(std::move(begins)), as_result(std::move(limits)));
    if (auto const& begun = std::get<0>(both); begun.has_error()) co_return begun.error();
    if (auto const& limited = std::get<1>(both); limited.has_error()) // but it has begun
        co_return limited.error().with_outcome(outcome::unknown);
    co_return result<>();
}

operation<> transaction_block::commit() {
    if (!own_) {
        auto released = co_await as_result(release());
        co_return released;
    }
    auto const tag = co_await as_result(ask(state_, commit_));
    if (tag.has_error() && tag.error().outcome() == outcome::not_sent) {
        static_cast<void>(co_await as_result(undo()));
        co_return tag.error();
    }
    set_open(false);
    if (tag.has_error()) co_return tag.error();
    if (*tag == "ROLLBACK") co_return had_failed(state_->failure);
    co_return result<>();
}

// Not to be cancelled: nobody would know then which savepoint the transaction is in.
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
    auto undoes = own_ ? run(state_, undo_) : run_both(state_, undo_, commit_);
    auto bounded = with_timeout(state_->undo_timeout, std::move(undoes));
    auto const done = co_await as_result(shield(std::move(bounded)));
    set_open(false);
    if (done.has_error())
        state_->on->lose(described(coda::errc::connection_lost, "a transaction on it could not be undone in time"));
    co_return result<>();
}

error transaction_block::undone(error const& why) const noexcept {
    auto const& ours = state_->unknown;
    bool const known = ours && why.outcome() == outcome::unknown && why.code() == ours->code() &&
                       why.details<error_details>() == ours->details<error_details>();
    return known ? why.with_outcome(outcome::not_sent) : why;
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
