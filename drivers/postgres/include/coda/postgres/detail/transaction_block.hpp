// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/pool/exclusive_session.hpp>
#include <coda/postgres/detail/statements.hpp>
#include <coda/postgres/options.hpp>
#include <coda/runtime/detail/child.hpp>

#include <exception>
#include <optional>
#include <string>

namespace coda::pg::detail {

// What a transaction or a savepoint shares with the statements made of it, which may begin when it has ended.
struct block_state {
    block_state(loop& l, std::shared_ptr<session> s, duration undo) noexcept
        : home(l), on(std::move(s)), undo_timeout(undo) {}
    explicit block_state(std::shared_ptr<block_state> const& of) noexcept
        : home(of->home), on(of->on), outer(of), undo_timeout(of->undo_timeout), depth(of->depth + 1) {}

    loop& home;
    std::shared_ptr<session> on;
    std::shared_ptr<block_state> outer; // where this is a savepoint
    duration undo_timeout;
    std::size_t depth = 0;
    bool over = false;            // or about to be: nothing more may begin
    bool has_inner = false;       // a savepoint in it is under way
    std::optional<error> failure; // the first that the server reported
};
using block_reference = std::shared_ptr<block_state>;

// The session of a transaction.
struct block_source {
    block_reference of;
    loop& home() const noexcept { return of->home; }
    session* pick() const noexcept { return of->on.get(); }
    statement_observer* observer() const noexcept { return observer_of(of->on.get()); }
    static operation<std::shared_ptr<session>> wait(); // never: it has one
};

// What its statements are held to.
struct transaction_source : block_source {
    // Else errc::transaction_over, or coda::errc::invalid_argument: it would end the transaction, or a savepoint in it
    // is under way.
    result<> admit(std::string_view sql) const;
    // A statement's failure as its caller is told of it.
    error failed(error const& why) const noexcept;
};

// A transaction or a savepoint from its beginning to its end. Destroyed in between, it costs the connection: nobody may
// go on where a transaction of somebody else is open.
class transaction_block {
public:
    // A transaction on a session that its task has alone.
    transaction_block(std::shared_ptr<exclusive_session<session>> own, transaction_options const& o);
    // A savepoint in another block.
    explicit transaction_block(block_reference const& outer);
    ~transaction_block();
    transaction_block(transaction_block const&) = delete;
    transaction_block& operator=(transaction_block const&) = delete;

    block_reference const& state() const noexcept { return state_; }

    // What fails has not begun.
    operation<> begin();
    // Where it fails otherwise than with outcome `unknown`, nothing has happened.
    operation<> commit();
    // Within a bound; a connection on which it fails is lost, and the transaction with it. A caller who is cancelled is
    // not kept waiting: what he does next on this connection comes behind it.
    operation<> undo();
    // The body's failure: of a statement that may have run it is known by now that nothing has come of it.
    error undone(error const& why) const noexcept;

private:
    result<> may_begin() const;
    void set_open(bool open) noexcept;
    operation<> begin_with_timeout(duration left);
    operation<> begin_savepoint();
    operation<> release();
    void stop_inner() noexcept;

    std::shared_ptr<exclusive_session<session>> own_; // of a transaction
    transaction_options options_;
    block_reference state_;
    bool open_ = false;
    std::string begin_;
    std::string commit_;
    std::string undo_;
};

// A session that a client has leased for one task, until `lease` goes.
struct borrowed {
    std::shared_ptr<exclusive_session<session>> own;
    std::shared_ptr<void> lease;
};
class leased_connections;
operation<borrowed> borrow(std::shared_ptr<leased_connections> from);

template <class Body, class Transaction>
using body_value_t = coda::detail::child_value_t<std::invoke_result_t<Body&, Transaction&>>;

// Runs `body` between the beginning and the end of `block`.
template <class Transaction, class Body>
operation<body_value_t<Body, Transaction>> run_block(std::unique_ptr<transaction_block> block, Body body) {
    auto const begun = co_await as_result(block->begin());
    if (begun.has_error()) co_return begun.error();
    Transaction tx(block->state());
    std::optional<result<body_value_t<Body, Transaction>>> ended;
    std::exception_ptr thrown;
    try {
        auto work = body(tx);
        ended.emplace(co_await as_result(std::move(work)));
    } catch (...) {
        thrown = std::current_exception();
    }
    if (ended && ended->has_value()) {
        auto const committed = co_await as_result(block->commit());
        if (committed.has_error()) co_return committed.error();
        co_return std::move(*ended);
    }
    static_cast<void>(co_await as_result(block->undo()));
    if (thrown) std::rethrow_exception(thrown);
    co_return block->undone(ended->error());
}

// The same on a connection of a client's.
template <class Transaction, class Body>
operation<body_value_t<Body, Transaction>> run_leased(std::shared_ptr<leased_connections> from,
                                                      transaction_options options, Body body) {
    auto const taken = co_await as_result(borrow(std::move(from)));
    if (taken.has_error()) co_return taken.error();
    auto block = std::make_unique<transaction_block>(taken->own, options);
    auto ended = co_await as_result(run_block<Transaction>(std::move(block), std::move(body)));
    co_return std::move(ended);
}

} // namespace coda::pg::detail
