// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/pool/options.hpp>
#include <coda/retry/random.hpp>
#include <coda/runtime/context.hpp>
#include <coda/runtime/error.hpp>

#include <cstddef>
#include <string_view>
#include <type_traits>

namespace coda::pg {

class statement_observer;

/// In which order the servers of a connection string are tried, and the addresses of each name.
enum class host_order : unsigned char {
    as_given,
    random, ///< another order for each connection, which spreads them; as load_balance_hosts=random in libpq 16
};

/// Bounds of one connection. All finite; `check` refuses what is out of range.
struct connection_options {
    /// How long connecting may take, name resolution and all servers together. Several servers or addresses share what
    /// is left of it evenly; a connect_timeout in the connection string bounds each of them, as with libpq. More than
    /// 0, at most 24 h.
    duration connect_timeout = std::chrono::seconds(10);
    /// The longest that a statement may take, queueing included, where its context has no earlier deadline; before it,
    /// a client's waits as long at most for a connection, where none is open. More than 0, at most 24 h.
    duration statement_timeout = std::chrono::seconds(30);
    /// How long the reply to a statement whose caller has left may take, before the connection is given up. More than
    /// 0, at most 24 h.
    duration drain_timeout = std::chrono::seconds(5);
    /// Whether the server is asked to cancel a statement whose caller has left. It is where that can hit no other
    /// statement: only such are in flight on its connection, and what comes after them waits.
    bool cancel_on_server = true;
    /// How long such a statement may go on before. Short ones end by themselves sooner. 0 to 24 h.
    duration cancel_after = std::chrono::milliseconds(5);
    /// How long the server may take to accept the request, on a connection of its own; a request that was sent and not
    /// answered costs the connection, since it could hit a later statement. More than 0, at most 24 h.
    duration cancel_timeout = std::chrono::seconds(1);
    /// Of a `connection`, whether the server is told how much of the context's deadline is left, and a second more
    /// (statement_timeout, for this statement), for when it can no longer be reached. With single statements that read
    /// or change rows (SELECT, INSERT ...), outside of a transaction block, where nothing else is in flight and 3 may
    /// be; not with streams, flights and scripts. In a transaction transaction_options::send_deadline says it. A
    /// shorter limit of the session's stands.
    bool send_deadline = true;
    /// Statements sent and not answered. 1 to 65,536.
    std::size_t max_in_flight = 64;
    /// Statements that wait to be sent; one more ends with errc::queue_full at once. 1 to 10,000,000.
    std::size_t max_queued = 100'000;
    /// Bytes of the statements that wait to be sent, texts and parameters, of those of 1,024 or more; one more that
    /// goes beyond it ends with errc::queue_full at once. A single one may be larger, and of execute_many, which writes
    /// as the socket takes it, the first set counts. Those who wait for a client's first connection are bounded by
    /// their number. 1,024 to 1 TB.
    std::size_t max_queued_bytes = 64'000'000;
    /// Prepared statements kept on the connection, of texts of at most 64 KB. 0 (prepare nothing, as PgBouncer in
    /// transaction mode wants it) to 100,000.
    std::size_t statement_cache = 256;
    host_order hosts = host_order::as_given;
    /// Of host_order::random.
    random_source random{};
    /// Is told of all statements and notices, on the loop's thread; nullptr: nobody. Must outlive the connection and
    /// all operations, streams and transactions begun on it.
    statement_observer* observer = nullptr;
};

/// Which statements of a client may be grouped: those that wait in the queue together share one Sync, inside a fence
/// that the server enforces (`transaction_read_only`), so that none of them can write. docs/postgres.md tells what the
/// fence does not stop.
enum class grouping : unsigned char {
    off,       ///< none
    asked,     ///< those of `client::reads`
    automatic, ///< all single queries but those of `client::alone`: one that would write is refused by the fence,
               ///< is sent again by itself, and its text is not tried again
};

/// Bounds of a client's connections.
struct client_options {
    /// Connections that statements share; opened as they are needed. 1 to 1,000.
    std::size_t connections = 4;
    connection_options connection{};
    /// Which statements may share a Sync with others.
    pg::grouping grouping = pg::grouping::asked;
    /// So many must wait together to be grouped; fewer are sent with a Sync each. 2 to max_group; where it is more than
    /// half of max_in_flight, none are.
    std::size_t min_group = 8;
    /// So many are grouped at most. min_group to 1,024.
    std::size_t max_group = 16;
    /// After an attempt to connect has failed, how long until the next; then twice as long after each further one, at
    /// most max_backoff; each time a random part of it, half to the whole. More than 0, at most 24 h.
    duration first_backoff = std::chrono::milliseconds(20);
    /// first_backoff to 24 h. Below 1 s, a server that refused and is back is noticed within 1 s.
    duration max_backoff = std::chrono::milliseconds(500);
    /// The connections that its transactions have alone, which come on top of `connections`: none until they are
    /// needed.
    pool_options pool{};
    /// What the client is called in events and errors. Copied. No secrets.
    std::string_view name = "postgres";
    /// Is told of its connections as a pool's is, on the loop's thread; nullptr: nobody. Must outlive the client.
    pool_listener* listener = nullptr;
};

/// What a transaction sees of others (PostgreSQL manual, 13.2).
enum class isolation : unsigned char { server_default, read_committed, repeatable_read, serializable };
using enum isolation;

/// Of one transaction.
struct transaction_options {
    pg::isolation isolation = server_default;
    bool read_only = false;
    /// With `serializable` and `read_only`: waits at first until it can neither fail nor be failed by others.
    bool deferrable = false;
    /// Whether the server is told how much of the context's deadline is left, and a second more (statement_timeout,
    /// until the transaction ends), for when it can no longer be reached. A shorter limit of the session's stands. Not
    /// with repeatable_read and serializable: it would take the snapshot before the body does, as it does where
    /// server_default means one of these.
    bool send_deadline = true;
    /// How long undoing it may take, what is still in flight included, when the body has failed or was cancelled; then
    /// the connection is given up. More than 0, at most 24 h.
    duration rollback_timeout = std::chrono::seconds(5);
};

// What may stand inside an await with g++ 12.
static_assert(std::is_trivially_copyable_v<client_options> && std::is_trivially_copyable_v<transaction_options>);

/// errc::invalid_argument, naming the option, its range and its value, for what is out of range.
result<> check(connection_options const&);
result<> check(client_options const&);
result<> check(transaction_options const&);

} // namespace coda::pg
