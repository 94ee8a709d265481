// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/loop.hpp>
#include <coda/runtime/operation.hpp>

#include <memcached/error.hpp>
#include <memcached/options.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace coda {
template <class Connection>
class shared_connections;
}

/// A client for memcached, written as an example of a driver: docs/writing-a-driver.md goes through it.
///
///     memcached::client cache(loop, "memcached://localhost:11211");
///     co_await cache.set("greeting", "hello", 60s);
///     auto greeting = co_await cache.get("greeting");                // std::optional<std::string>
namespace memcached {

namespace detail {
class session;
} // namespace detail

/// A reply to a meta command: "HD kname" has the code "HD" and the flags "kname".
struct meta_reply {
    std::string code;  ///< HD (done), EN and NF (no such key), NS (not stored), EX (changed), VA (a value)
    std::string flags; ///< those that were asked for, separated by blanks
    std::optional<std::string> value; ///< where the code is VA
};

/// A client of one loop. Its tasks share `connections` connections, on which their commands are pipelined: all that are
/// issued in one turn of the loop leave in one write.
///
/// Every command: begins when awaited, on the client's loop; bounded by the context's deadline and by command_timeout;
/// cancelled by its context. The error tells the outcome: `not_sent` where it was still queued, `unknown` where it was
/// sent (the caller resumes at once, the reply drains), `completed` where the server answered with an error, which is
/// one of `errc` then. Others are coda::errc's: invalid_argument (a key must have 1 to 250 bytes and neither blanks nor
/// control characters), queue_full, connection_lost, protocol_error, closed; and errc::connect_failed. Arguments are
/// kept.
class client {
public:
    /// `uri`: memcached://host:port. Connects when first used. Throws coda::exception (coda::errc::invalid_argument)
    /// that names the malformed part or the option out of range.
    client(coda::loop& l, std::string_view uri, client_options options = client_options());
    /// Closes at once; commands still waiting, or made and not begun, end with coda::errc::closed. close must have
    /// ended.
    ~client();
    client(client const&) = delete;
    client& operator=(client const&) = delete;

    /// Opens one connection if there is none: to learn early whether the server can be reached.
    coda::operation<> connect();

    /// The value of a key, any bytes; nothing where there is none.
    coda::operation<std::optional<std::string>> get(std::string key);

    /// Sets a key to any bytes. It expires after `ttl`, rounded up to seconds, at most 100 years; 0: never. A value
    /// that the server finds too large is errc::value_too_large; what the key had before is gone then.
    coda::operation<> set(std::string key, std::string value, coda::duration ttl = {});

    /// Deletes a key; false where there was none.
    coda::operation<bool> del(std::string key);

    /// Adds `by` to a number in decimal digits, modulo 2^64; gives the new one, or nothing where there is no such key.
    /// A value that is no number is errc::client_error.
    coda::operation<std::optional<std::uint64_t>> incr(std::string key, std::uint64_t by = 1);

    /// The same; a key that does not exist begins with `initial`, which is given then. Needs memcached 1.6.
    coda::operation<std::uint64_t> incr_or_set(std::string key, std::uint64_t initial, std::uint64_t by = 1);

    /// What the server counts, by name.
    coda::operation<std::map<std::string, std::string>> stats();

    /// A meta command without data (mg, md or ma), with its flags separated by blanks. Needs memcached 1.6. Flags that
    /// leave a command without a reply (q) are refused.
    coda::operation<meta_reply> meta(std::string verb, std::string key, std::string flags);

    /// Refuses new commands (coda::errc::closed), waits until those in flight have ended (at most drain_timeout, or the
    /// context's deadline), then closes all connections.
    coda::operation<> close();

    /// Connections that are open now.
    std::size_t open_connections() const noexcept;

private:
    std::shared_ptr<coda::shared_connections<detail::session>> sessions_;
};

} // namespace memcached
