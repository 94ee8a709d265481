// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/pool/exclusive_session.hpp>
#include <coda/redis/detail/commands.hpp>
#include <coda/redis/options.hpp>

#include <memory>

/// One connection to Redis.
///
///     coda::redis::connection db(loop, "redis://localhost");
///     co_await db.connect();
///     co_await db.command("MULTI");
namespace coda::redis {

namespace detail {
struct address;
}

/// A connection of one loop, which any number of its tasks may use at once: their commands are pipelined. For what
/// outlives a command or blocks (MULTI, WATCH, SELECT, BLPOP) one task has it alone: lease it from a `coda::pool`,
/// whose Connection concept it meets.
class connection : public commands<connection> {
public:
    /// `uri`: redis://[[user]:password@]host[:port][/database] or unix://[[user]:password@]/path/of/socket, followed by
    /// ?db=number and client_name=text (joined by &) where wanted; parts are percent-decoded. Port 6379, database 0 and
    /// the name "coda" where it says nothing. Throws `exception` (coda::errc::invalid_argument) that names the
    /// malformed part or the option out of range, and never a value.
    connection(loop& l, std::string_view uri, connection_options options = connection_options());
    /// Closes at once; commands still waiting end with coda::errc::closed. connect, ping, reset and close must have
    /// ended.
    ~connection();
    connection(connection const&) = delete;
    connection& operator=(connection const&) = delete;

    /// Connects, once or again after the connection was lost: name resolution, each address in turn, login, database
    /// and name, none of which blocks the loop. Bounded by connect_timeout and the context. Errors, all not_sent:
    /// errc::connect_failed with the server's or the system's words (`server_error` details where the server refused),
    /// coda::errc::name_not_resolved, protocol_error, timed_out, cancelled. Nothing to do when it is usable. A server
    /// that does not let it set its name (client_name) is not a failure.
    operation<> connect();

    /// Brings the connection back to where a new one starts: ends a transaction and what it watches, logs in again,
    /// selects the database. Also waits for replies that still drain. RESET does it where the server has that (Redis
    /// 6.2).
    operation<> reset();

    /// Waits until what is in flight has ended (at most drain_timeout, or the context's deadline), then closes.
    operation<> close();

    /// Closes at once; callers get coda::errc::closed.
    void abort() noexcept;

    /// Connected, as far as is known.
    bool usable() const noexcept;
    /// Used since it was connected or reset.
    bool needs_reset() const noexcept { return own_->used; }

    /// For `commands`.
    static constexpr detail::sharing where = detail::sharing::exclusive;
    exclusive_session_source<detail::session> source() const noexcept { return {own_}; }

private:
    loop& loop_;
    std::shared_ptr<detail::address const> address_;
    connection_options options_;
    // Shared with the operations that were made of it.
    std::shared_ptr<exclusive_session<detail::session>> own_ =
        std::make_shared<exclusive_session<detail::session>>(loop_);
};

} // namespace coda::redis
