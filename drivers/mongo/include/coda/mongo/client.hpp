// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/mongo/collection.hpp>
#include <coda/mongo/connection.hpp>
#include <coda/mongo/options.hpp>
#include <coda/pool/detail/permits.hpp>
#include <coda/pool/statistics.hpp>

/// Any number of tasks over a pool of connections.
///
///     coda::mongo::client db(loop, "mongodb://localhost");
///     auto accounts = db.collection("bank", "accounts");
///     co_await accounts.insert_one(coda::bson::doc("_id", 7, "owner", "ada"));
namespace coda::mongo {

/// A client of one loop. Each operation takes a connection for itself, waiting for one where it must, and gives it
/// back; a stream of documents keeps its connection until it ends.
///
/// Every operation is bounded by its context and, where that has no earlier deadline, by operation_timeout, the wait
/// for a connection included. Errors are those of `connection` and of pool::acquire.
class client {
public:
    /// `uri` as for `connection`. Connects when first used. Throws `exception` (coda::errc::invalid_argument) that
    /// names the malformed part or the option out of range, and never a value.
    client(loop& l, std::string uri, client_options options = client_options());
    /// Closes at once; operations still waiting, or made and not begun, end with coda::errc::closed. close must have
    /// ended.
    ~client();
    client(client const&) = delete;
    client& operator=(client const&) = delete;

    /// Opens one connection if there is none: to learn early whether the server can be reached.
    operation<> connect();

    /// Asks a server for a sign of life.
    operation<> ping();

    /// Runs any command on a database and gives the server's reply, as connection::command does.
    operation<bson::document> command(std::string database, bson::document what);

    /// A collection of a database; nothing is asked of the server. Holds on to the client's state, not to this object.
    mongo::collection collection(std::string database, std::string name);

    /// Refuses new operations (coda::errc::closed), waits until connections in use have come back (at most
    /// pool.close_timeout, or the context's deadline), then closes all.
    operation<> close();

    /// What its connections are doing. Cheap.
    pool_statistics statistics() const noexcept;

    /// For `sharded`: those of its pool.
    void watch(coda::detail::pool_watcher* w) noexcept;
    bool starved() const noexcept;
    bool give_up_permit() noexcept;
    bool permits_free() const noexcept;
    void add_permit() noexcept;
    std::size_t permits() const noexcept;

private:
    std::shared_ptr<detail::client_state> state_;
};

} // namespace coda::mongo
