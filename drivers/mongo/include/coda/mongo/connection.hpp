// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/mongo/detail/command.hpp>
#include <coda/mongo/options.hpp>
#include <coda/pool/exclusive_session.hpp>
#include <coda/runtime/operation.hpp>

#include <memory>

/// One connection to MongoDB.
///
///     coda::mongo::connection db(loop, "mongodb://localhost");
///     co_await db.connect();
///     auto info = co_await db.command("admin", coda::bson::doc("buildInfo", 1));
namespace coda::mongo {

namespace detail {
class session;
}

/// A libmongoc client of one loop, running on stacks of its own so that it never blocks the loop. Commands of several
/// tasks run one after the other: the protocol has no more than one under way. Meets the concept of `coda::pool`, which
/// is how `client` uses it.
///
/// Every operation is bounded by its context and, where that has no earlier deadline, by operation_timeout. Cancelled,
/// it ends at once: not_sent while it waits for its turn, unknown once it was sent; then the connection is of no more
/// use, since the reply would come to the next one. Awaited on another loop than its own: coda::errc::invalid_argument.
class connection {
public:
    /// `uri` is a connection string as libmongoc takes it (MongoDB manual, "Connection Strings"). Of its options,
    /// serverSelectionTryOnce, retryReads and retryWrites are overruled: they would make libmongoc sleep; use
    /// coda::retry. Those about a pool (maxPoolSize ...) mean nothing to it: client_options::pool has its bounds.
    /// Refused are what would block (authMechanism GSSAPI, and MONGODB-AWS without a password), compressors, w=0.
    /// Throws `exception` (coda::errc::invalid_argument) that names the malformed part or the option out of range, and
    /// never a value.
    connection(loop& l, std::string uri, connection_options options = connection_options());
    /// Closes at once. Operations that are under way end with coda::errc::closed.
    ~connection();
    connection(connection const&) = delete;
    connection& operator=(connection const&) = delete;

    /// Connects, once or again after the connection was lost: looks up names, chooses a server, TLS, login, none of
    /// which blocks the loop. Bounded by connect_timeout and the context. Errors, all not_sent: errc::connect_failed
    /// with the reason, authentication_failed with the server's words, coda::errc::connection_lost, name_not_resolved,
    /// timed_out, cancelled. Nothing to do when it is usable.
    operation<> connect();

    /// Asks the server for a sign of life.
    operation<> ping();

    /// Runs any command on a database and gives the server's reply. It goes to a server that can be written to, as it
    /// stands, without the read or write concern of the options. Errors: the server's (category "mongodb", with
    /// server_error), completed; coda::errc::connection_lost, timed_out, cancelled, closed; not_connected.
    operation<bson::document> command(std::string database, bson::document what);

    /// Nothing is left behind by what this driver sends.
    operation<> reset();
    bool needs_reset() const noexcept { return false; }

    /// Ends libmongoc's sessions on the server and closes, after operation_timeout at the latest.
    operation<> close();
    /// Closes at once; callers get coda::errc::closed.
    void abort() noexcept;
    /// Connected, as far as is known.
    bool usable() const noexcept;

    /// The most bytes that libmongoc has used of this connection's stack, in whole pages: to choose stack_size by.
    /// Takes a system call or two. 0 where it has never been connected.
    std::size_t stack_used() const;

    /// For `client` and `collection`: without a deadline of its own.
    operation<bson::document> run(detail::command c);
    /// For the same: the server that the last command went to, "host:port"; empty where there is only one.
    std::string server() const;

private:
    loop& loop_;
    std::string uri_;
    connection_options options_;
    // Shared with the operations that were made of it.
    std::shared_ptr<exclusive_session<detail::session>> own_ =
        std::make_shared<exclusive_session<detail::session>>(loop_);
};

} // namespace coda::mongo
