// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/context.hpp>
#include <coda/runtime/error.hpp>

#include <cstddef>
#include <type_traits>

namespace memcached {

/// Bounds of a client. All finite; `check` refuses what is out of range.
struct client_options {
    /// Connections that commands share; opened as they are needed. 1 to 1,000.
    std::size_t connections = 1;
    /// How long connecting may take, from name resolution to the server's first answer. More than 0, at most 24 h.
    coda::duration connect_timeout = std::chrono::seconds(10);
    /// The longest that a command may take, queueing included, where its context has no earlier deadline. More than 0,
    /// at most 24 h.
    coda::duration command_timeout = std::chrono::seconds(10);
    /// How long the reply to a command whose caller has left may take, before the connection is given up. More than 0,
    /// at most 24 h.
    coda::duration drain_timeout = std::chrono::seconds(5);
    /// Commands sent and not answered, on each connection. 1 to 65,536.
    std::size_t max_in_flight = 1024;
    /// Commands that wait to be sent, on each connection; one more ends with queue_full at once. 1 to 10,000,000.
    std::size_t max_queued = 100'000;
    /// Bytes of a value that is taken from the server. A reply that announces more breaks the protocol. 1 to 1 GiB,
    /// which is the most that a server can be configured to keep.
    std::size_t largest_value = std::size_t{128} << 20;
};

// What may stand inside an await with g++ 12.
static_assert(std::is_trivially_copyable_v<client_options>);

/// coda::errc::invalid_argument, naming the option, its range and its value, for what is out of range.
coda::result<> check(client_options const& options);

} // namespace memcached
