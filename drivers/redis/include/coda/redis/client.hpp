// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/pool/statistics.hpp>
#include <coda/redis/detail/commands.hpp>
#include <coda/redis/options.hpp>

#include <memory>

namespace coda {
template <class Connection>
class shared_connections;
}

/// Any number of tasks over one connection, or a few.
///
///     coda::redis::client db(loop, "redis://localhost");
///     co_await db.set("greeting", "hello", 60s);
///     auto greeting = co_await db.get("greeting");                   // std::optional<std::string>
namespace coda::redis {

namespace detail {

// Where an operation finds a session. It keeps what it needs from the call on: the client may go before it begins.
struct client_source {
    std::shared_ptr<shared_connections<session>> of;
    loop& home() const noexcept;
    session* pick() const;
    operation<std::shared_ptr<session>> wait() const;
};

} // namespace detail

/// A client of one loop. Its tasks share `connections` connections, on which their commands are pipelined: all that are
/// issued in one turn of the loop leave in one write. A command goes to the connection with the fewest in flight, and
/// connections are opened as they are needed and again after they were lost. What leaves state on a connection or
/// blocks it is refused (errc::needs_own_connection): lease a `connection` for that.
class client : public commands<client> {
public:
    /// `uri` as for `connection`. Connects when first used. Throws `exception` (coda::errc::invalid_argument) that
    /// names the malformed part or the option out of range, and never a value.
    client(loop& l, std::string_view uri, client_options options = client_options());
    /// Closes at once; commands still waiting, or made and not begun, end with coda::errc::closed. close must have
    /// ended.
    ~client();
    client(client const&) = delete;
    client& operator=(client const&) = delete;

    /// Opens one connection if there is none: to learn early whether the server can be reached.
    operation<> connect();

    /// Refuses new commands (coda::errc::closed), waits until those in flight have ended (at most drain_timeout, or the
    /// context's deadline), then closes all connections.
    operation<> close();

    /// Connections that are open now.
    std::size_t open_connections() const noexcept;

    /// What its connections are doing, as of a pool: `in_use` are those with commands in flight or queued, `idle` those
    /// without; `waiters` are commands that wait for a connection to be opened, `wait` how long such waited, and
    /// `handed_out` counts the commands that were given one. There is no `hold`. Takes
    /// microseconds: for a page of metrics.
    pool_statistics statistics() const noexcept;

    /// For `commands`.
    static constexpr detail::sharing where = detail::sharing::shared;
    detail::client_source source() const noexcept { return {sessions_}; }

private:
    std::shared_ptr<shared_connections<detail::session>> sessions_;
};

} // namespace coda::redis
