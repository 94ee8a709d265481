// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/pool/statistics.hpp>
#include <coda/postgres/advisory_lease.hpp>
#include <coda/postgres/statement_statistics.hpp>
#include <coda/postgres/transaction.hpp>

namespace coda {
template <class Connection>
class shared_connections;
}

/// Any number of tasks over a few connections.
///
///     coda::pg::client db(loop, "postgresql:///bank", {.connections = 4});
///     auto n = co_await db.query_one<std::int64_t>("select count(*) from accounts");
namespace coda::pg {

namespace detail {

class grouping_policy;

// How a client's statements are sent: as its options say, by their caller's word that they only read, or never in a
// group.
enum class sent_as : unsigned char { usual, read, alone };

// Where an operation finds a session. It keeps what it needs from the call on: the client may go before it begins.
struct client_source {
    std::shared_ptr<shared_connections<session>> of;
    std::shared_ptr<grouping_policy> policy;
    statement_observer* told = nullptr;
    sent_as how = sent_as::usual;
    statement_observer* observer() const noexcept { return told; }
    loop& home() const noexcept;
    result<> admit(std::string_view sql) const; // else errc::needs_own_connection
    grouped group(std::string_view sql) const;
    session* pick() const;
    operation<std::shared_ptr<session>> wait() const;
};

} // namespace detail

/// A client's statements by how they are sent: what `client::reads` and `client::alone` give. Keeps what it needs: the
/// client may go first.
class statements_of_client : public statements<statements_of_client> {
public:
    /// For `statements`.
    detail::client_source source() const noexcept { return source_; }

private:
    friend class client;
    explicit statements_of_client(detail::client_source from) noexcept : source_(std::move(from)) {}

    detail::client_source source_;
};

/// A client of one loop for single statements. They share `connections` connections, pipelined, each isolated by a Sync
/// of its own; a statement goes to the connection with the fewest in flight, and connections are opened as they are
/// needed and again after they were lost. What would change the session for the others is refused unsent
/// (BEGIN, SET, set_config for more than the statement, pg_advisory_lock, LISTEN, temporary tables ...:
/// errc::needs_own_connection): there are `transaction` and `advisory_lock`, and for the rest a `connection` of one's
/// own. What only the server recognises as such ends with that error and costs the connection, with all that was in
/// flight on it.
class client : public statements<client> {
public:
    /// `uri` as for `connection`. Connects when first used. Throws `exception` (coda::errc::invalid_argument) that
    /// names the malformed part or the option out of range, and never a value.
    client(loop& l, std::string uri, client_options options = client_options());
    /// Closes at once; statements still waiting, or made and not begun, end with coda::errc::closed. close must have
    /// ended.
    ~client();
    client(client const&) = delete;
    client& operator=(client const&) = delete;

    /// Runs `body(pg::transaction&)` in a transaction, as connection::transaction does, on a connection that it has
    /// alone: one of a pool of the client's (client_options::pool), opened as it is needed. Errors are also those of
    /// pool::acquire.
    ///
    ///     co_await db.transaction([&](coda::pg::transaction& tx) -> coda::task<> { co_await tx.execute(...); });
    template <std::invocable<pg::transaction&> Body>
    operation<detail::body_value_t<Body, pg::transaction>> transaction(transaction_options options, Body body) {
        return detail::run_leased<pg::transaction>(leased_, options, std::move(body));
    }
    template <std::invocable<pg::transaction&> Body>
    operation<detail::body_value_t<Body, pg::transaction>> transaction(Body body) {
        return transaction(transaction_options(), std::move(body));
    }

    /// An advisory lock as connection::advisory_lock's, on a connection that the lease has alone
    /// (client_options::pool). Errors are also those of pool::acquire.
    operation<advisory_lease> advisory_lock(std::int64_t key, lock_mode mode = lock_mode::exclusive) {
        return detail::locked(detail::lock_advisory(leased_, key, mode, true));
    }
    /// The same without waiting for the lock: nothing where it cannot be had.
    operation<std::optional<advisory_lease>> try_advisory_lock(std::int64_t key,
                                                               lock_mode mode = lock_mode::exclusive) {
        return detail::lock_advisory(leased_, key, mode, false);
    }

    /// Opens one connection if there is none: to learn early whether the server can be reached.
    operation<> connect();

    /// Refuses new statements (coda::errc::closed), waits until those in flight have ended (at most drain_timeout, or
    /// the context's deadline) and transactions too (at most pool.close_timeout), then closes all connections.
    operation<> close();

    /// Statements of which the caller says that they only read, which is his promise (alone, a write runs): those that
    /// wait in the queue together (min_group) share one Sync, inside a fence that the server enforces; fewer are sent
    /// as ever, and without it. One that would write fails in the fence with sqlstate::read_only_transaction. Another's
    /// error does not touch them: what the server skipped because of it was not run, and is sent again. For short ones:
    /// a group is answered when all of it has run. All of it see the same now(), and hold their locks until then.
    ///
    ///     auto name = co_await db.reads().query_one<std::string>("select name from users where id = $1", id);
    statements_of_client reads() const noexcept { return statements_of_client(source(as::read)); }

    /// The same, of all rows: short for `reads().query`.
    template <std::same_as<detail::as_is> Rows = detail::as_is, class... Args>
    operation<result_set> read(sql_text sql, Args&&... args) {
        return reads().query(std::move(sql), std::forward<Args>(args)...);
    }
    template <class T, class... Args>
    operation<std::vector<T>> read(sql_text sql, Args&&... args) {
        return reads().template query<T>(std::move(sql), std::forward<Args>(args)...);
    }

    /// Statements that are never grouped, whatever the options say: those with effects that the fence does not stop.
    statements_of_client alone() const noexcept { return statements_of_client(source(as::alone)); }

    /// Connections that are open now.
    std::size_t open_connections() const noexcept;

    /// What its connections are doing, as of a pool: `in_use` are those with statements in flight or queued, `idle`
    /// those without; `waiters` are statements that wait for a connection to be opened, `wait` how long such waited,
    /// and `handed_out` counts the statements that were given one. There is no `hold`. Takes
    /// microseconds: for a page of metrics.
    pool_statistics statistics() const noexcept;
    /// The same of the connections that its transactions lease.
    pool_statistics leased_statistics() const noexcept;

    /// How its single statements were prepared and sent, over all the connections that they share.
    pg::statement_statistics statement_statistics() const noexcept { return *count_; }

    /// For `statements`.
    detail::client_source source() const noexcept { return source(as::usual); }

private:
    using as = detail::sent_as;

    detail::client_source source(as how) const noexcept { return {sessions_, grouping_, observer_, how}; }

    std::shared_ptr<shared_connections<detail::session>> sessions_;
    std::shared_ptr<detail::grouping_policy> grouping_;
    std::shared_ptr<detail::leased_connections> leased_;
    statement_observer* observer_;
    std::shared_ptr<pg::statement_statistics> count_ = std::make_shared<pg::statement_statistics>();
};

} // namespace coda::pg
