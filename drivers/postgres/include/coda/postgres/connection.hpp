// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/pool/exclusive_session.hpp>
#include <coda/postgres/advisory_lease.hpp>
#include <coda/postgres/detail/row_streams.hpp>
#include <coda/postgres/statement_statistics.hpp>
#include <coda/postgres/transaction.hpp>

/// One connection to PostgreSQL.
///
///     coda::pg::connection db(loop, "postgresql:///bank");
///     co_await db.connect();
///     auto a = co_await db.query_one<account>("select id, owner, cents from accounts where id = $1", 7);
namespace coda::pg {

namespace detail {

// Where a connection's statements find its session. While a transaction is under way on it they must not end that.
struct connection_source : exclusive_session_source<session> {
    result<> admit(std::string_view sql) const;
    statement_observer* observer() const noexcept { return observer_of(own->session.get()); }
};

} // namespace detail

/// A connection of one loop, which any number of its tasks may use at once: their statements are pipelined, each
/// isolated by a Sync of its own. For state that outlives a statement (transactions, SET, temporary tables) one task
/// has it alone: lease it from a `coda::pool`, whose Connection concept it meets.
class connection : public statements<connection>, public row_streams<connection> {
public:
    /// `uri` is a URI or keyword string as libpq takes it (PostgreSQL manual, 34.1.1); what it leaves out comes from
    /// its service and the PG* environment. Throws `exception` (coda::errc::invalid_argument) that names the malformed
    /// part or the option out of range, and never a value: malformed is also a value that libpq would find fault with
    /// only later (sslmode and the like).
    connection(loop& l, std::string uri, connection_options options = connection_options());
    /// Closes at once; statements still waiting end with coda::errc::closed. connect, ping, reset and close must have
    /// ended.
    ~connection();
    connection(connection const&) = delete;
    connection& operator=(connection const&) = delete;

    /// Connects, once or again after the connection was lost: name resolution, TLS and login, none of which blocks the
    /// loop. Bounded by connect_timeout and the context. Errors, all not_sent: the SQLSTATE with which the server
    /// rejected the login (sqlstate::invalid_password ..., with server_error details), errc::connect_failed or
    /// wrong_settings with libpq's words, coda::errc::name_not_resolved, timed_out, cancelled. Nothing to do when it is
    /// usable.
    operation<> connect();

    /// Runs `body(pg::transaction&)` between BEGIN and COMMIT, and gives what it gives. `body` returns task<T>,
    /// operation<T> or another wait of the library, and is kept; what it refers to must outlive the await.
    ///
    /// Where the body fails or throws, its error or exception is given when all has been rolled back (at most
    /// rollback_timeout, then the connection is closed, which does the same); who is cancelled does not wait for that:
    /// what comes next on this connection does. A statement whose outcome was unknown comes to nothing: the error says
    /// not_sent, and `retry` may run the whole again. Of COMMIT's
    /// own errors, `completed` means that nothing has happened (serialization_failure, a deferred constraint,
    /// errc::transaction_failed), and `unknown` that all of it may have.
    ///
    /// Other statements on this connection belong to the transaction meanwhile. A second transaction on it is refused
    /// (coda::errc::invalid_argument). Destroyed in its middle, it costs the connection.
    template <std::invocable<pg::transaction&> Body>
    operation<detail::body_value_t<Body, pg::transaction>> transaction(transaction_options options, Body body) {
        return detail::run_block<pg::transaction>(std::make_unique<detail::transaction_block>(own_, options),
                                                  std::move(body));
    }
    template <std::invocable<pg::transaction&> Body>
    operation<detail::body_value_t<Body, pg::transaction>> transaction(Body body) {
        return transaction(transaction_options(), std::move(body));
    }

    /// Runs a text of any number of statements, separated by semicolons, without parameters: a migration, a dump. Gives
    /// how many there were; their rows are dropped. `sql` must live until it has ended.
    ///
    /// They are one transaction, unless the text has BEGIN and COMMIT in it: where one fails, those before it are
    /// undone, those behind it are not run, and details<batch_error>() tells which it was, and as `stored`
    /// how many came before the last COMMIT in the text. What the text leaves (SET, a transaction that is open or has
    /// failed) is left to what comes next. Begins when all that is in flight is answered, and what comes behind it
    /// waits. statement_timeout bounds it as one statement: make the connection with a longer one for what takes long.
    /// Cancelled, it is `unknown` how far it came. Refused (coda::errc::invalid_argument) while a `transaction` is
    /// under way, and with a zero byte in it. Other errors as of a statement.
    operation<std::size_t> run_script(sql_text sql);

    /// Waits for an advisory lock, which the session holds until the lease goes, and beyond transactions. Cancelled or
    /// late, it is not held. A session may take each lock once (coda::errc::invalid_argument). Not through PgBouncer in
    /// transaction mode, where a session is nobody's. Errors as of a statement.
    operation<advisory_lease> advisory_lock(std::int64_t key, lock_mode mode = lock_mode::exclusive);
    /// The same without waiting: nothing where it cannot be had.
    operation<std::optional<advisory_lease>> try_advisory_lock(std::int64_t key, lock_mode mode = lock_mode::exclusive);

    /// Asks the server for a sign of life: an empty round trip.
    operation<> ping();

    /// Brings the session back to where a new one starts: rolls back, and drops what SET, LISTEN, temporary tables,
    /// cursors, advisory locks and PREPARE left. Statements that the driver has prepared stay, where nobody has used
    /// PREPARE. Also waits for replies that still drain.
    operation<> reset();

    /// Waits until what is in flight has ended (at most drain_timeout, or the context's deadline), then closes.
    operation<> close();

    /// Closes at once; callers get coda::errc::closed.
    void abort() noexcept;

    /// Connected, as far as is known.
    bool usable() const noexcept;
    /// Used since it was connected or reset.
    bool needs_reset() const noexcept { return own_->used; }
    /// The server's process that serves it (pg_backend_pid()); 0 when not connected.
    int backend_pid() const noexcept;

    /// How its statements were prepared and sent.
    pg::statement_statistics statement_statistics() const noexcept { return *count_; }

    /// For `statements`.
    detail::connection_source source() const noexcept { return {{own_}}; }

private:
    loop& loop_;
    std::string uri_;
    connection_options options_;
    // Shared with the operations that were made of it.
    std::shared_ptr<exclusive_session<detail::session>> own_ =
        std::make_shared<exclusive_session<detail::session>>(loop_);
    std::shared_ptr<pg::statement_statistics> count_ = std::make_shared<pg::statement_statistics>();
};

} // namespace coda::pg
