// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/postgres/detail/row_streams.hpp>
#include <coda/postgres/detail/transaction_block.hpp>

/// Statements that all happen or none.
///
///     co_await db.transaction({.isolation = coda::pg::serializable}, [&](coda::pg::transaction& tx) -> coda::task<> {
///         co_await tx.execute("update accounts set cents = cents - $1 where id = $2", cents, from);
///         co_await tx.execute("update accounts set cents = cents + $1 where id = $2", cents, to);
///     });
namespace coda::pg {

/// A transaction under way, or a savepoint in one: what the body of `connection::transaction` and `client::transaction`
/// is given. Offers all `statements`, streams and cursors; what fails on the server fails the transaction, and only a
/// `savepoint` around it lets the rest go on.
///
/// Statements that would begin or end a transaction (BEGIN, COMMIT, ROLLBACK ...) are refused unsent, and so is
/// whatever begins when the body has ended (errc::transaction_over).
class transaction : public statements<transaction>, public row_streams<transaction> {
public:
    transaction(transaction const&) = delete;
    transaction& operator=(transaction const&) = delete;

    /// Runs `body(transaction&)` inside a savepoint, and gives what it gives. Where it fails, throws or is cancelled,
    /// what it did is undone, and this transaction can go on. Meanwhile only the inner one may be used; savepoints
    /// nest. Errors and bounds as of connection::transaction. `body` is kept.
    template <std::invocable<transaction&> Body>
    operation<detail::body_value_t<Body, transaction>> savepoint(Body body) {
        return detail::run_block<transaction>(std::make_unique<detail::transaction_block>(state_), std::move(body));
    }

    /// Changes a setting of the session until the transaction ends (SET LOCAL): `name` as SHOW takes it.
    operation<> set_local(std::string name, std::string value);

    /// Waits for an advisory lock, which the transaction holds until it ends (pg_advisory_xact_lock).
    operation<> advisory_lock(std::int64_t key);
    /// The same without waiting: whether it could be had.
    operation<bool> try_advisory_lock(std::int64_t key);

    /// For `statements`.
    detail::transaction_source source() const noexcept { return {state_}; }

private:
    template <class T, class Body>
    friend operation<detail::body_value_t<Body, T>> detail::run_block(std::unique_ptr<detail::transaction_block>, Body);
    explicit transaction(detail::block_reference s) noexcept : state_(std::move(s)) {}

    detail::block_reference state_;
};

} // namespace coda::pg
