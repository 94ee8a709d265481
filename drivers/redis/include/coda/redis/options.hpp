// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/context.hpp>
#include <coda/runtime/error.hpp>

#include <cstddef>
#include <string_view>
#include <type_traits>

namespace coda {
class pool_listener;
}

namespace coda::redis {

/// Bounds of one connection. All finite; `check` refuses what is out of range.
struct connection_options {
    /// How long connecting may take, from name resolution to the login. More than 0, at most 24 h.
    duration connect_timeout = std::chrono::seconds(10);
    /// The longest that a command may take, queueing included, where its context has no earlier deadline; before it, a
    /// client's waits as long at most for a connection, where none is open. More than 0, at most 24 h.
    duration command_timeout = std::chrono::seconds(30);
    /// How long the reply to a command whose caller has left may take, before the connection is given up. More than 0,
    /// at most 24 h.
    duration drain_timeout = std::chrono::seconds(5);
    /// Commands sent and not answered. 1 to 65,536.
    std::size_t max_in_flight = 1024;
    /// Commands that wait to be sent; one more ends with errc::queue_full at once. 1 to 10,000,000.
    std::size_t max_queued = 100'000;
};

/// Bounds of a client's connections.
struct client_options {
    /// Connections that commands share; opened as they are needed. One is enough to keep a server busy: more of them
    /// means more, smaller batches. 1 to 1,000.
    std::size_t connections = 1;
    connection_options connection{};
    /// After an attempt to connect has failed, how long until the next; then twice as long after each further one, at
    /// most max_backoff; each time a random part of it, half to the whole. More than 0, at most 24 h.
    duration first_backoff = std::chrono::milliseconds(20);
    /// first_backoff to 24 h. Below 1 s, a server that refused and is back is noticed within 1 s.
    duration max_backoff = std::chrono::milliseconds(500);
    /// What the client is called in events and errors. Copied. No secrets.
    std::string_view name = "redis";
    /// Is told of its connections as a pool's is, on the loop's thread; nullptr: nobody. Must outlive the client.
    pool_listener* listener = nullptr;
};

/// When a key is set.
enum class set_if : unsigned char {
    always,
    absent,  ///< only where the key does not exist (NX)
    present, ///< only where it does (XX)
};

/// How a key is set.
struct set_options {
    /// The key expires after this, rounded up to milliseconds; 0: never, and an expiry that it had is dropped.
    duration ttl{};
    set_if when = set_if::always;
};

// What may stand inside an await with g++ 12.
static_assert(std::is_trivially_copyable_v<client_options> && std::is_trivially_copyable_v<set_options>);

/// errc::invalid_argument, naming the option, its range and its value, for what is out of range.
result<> check(connection_options const&);
result<> check(client_options const&);

} // namespace coda::redis
