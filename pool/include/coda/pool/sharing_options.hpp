// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/context.hpp>
#include <coda/runtime/error.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace coda {

class pool_listener;

/// Bounds of shared connections. `check` refuses what is out of range; whoever has them checks them.
struct sharing_options {
    /// Connections at most. 1 to 1,000.
    std::size_t connections = 1;
    /// Tasks that wait for a connection to be opened; one more gets errc::queue_full. 1 to 10,000,000.
    std::size_t max_waiting = 100'000;
    /// How long one of them waits, where its context has no earlier deadline. More than 0, at most 24 h.
    duration wait_timeout = std::chrono::seconds(30);
    /// How long opening a connection may take. More than 0, at most 24 h.
    duration connect_timeout = std::chrono::seconds(10);
    /// How long `close` waits for what is in flight. More than 0, at most 24 h.
    duration drain_timeout = std::chrono::seconds(5);
    /// As in pool_options. More than 0, at most 24 h.
    duration first_backoff = std::chrono::milliseconds(20);
    /// As in pool_options. first_backoff to 24 h.
    duration max_backoff = std::chrono::milliseconds(500);
    /// Seed of the random parts of the back-off. 0: another one for each.
    std::uint64_t jitter_seed = 0;
    /// What they are called in events and errors. Copied. No secrets.
    std::string_view name = "client";
    /// Is told what happens, on the loop's thread; nullptr: nobody. Must outlive them.
    pool_listener* listener = nullptr;
};
static_assert(std::is_trivially_copyable_v<sharing_options>);

/// What of a client's options is about sharing its connections. For drivers whose options have these names;
/// `request_timeout` is how long a request may take.
template <class ClientOptions>
sharing_options sharing_of(ClientOptions const& o, duration request_timeout) noexcept {
    return {.connections = o.connections,
            .max_waiting = o.connection.max_queued,
            .wait_timeout = request_timeout,
            .connect_timeout = o.connection.connect_timeout,
            .drain_timeout = o.connection.drain_timeout,
            .first_backoff = o.first_backoff,
            .max_backoff = o.max_backoff,
            .name = o.name,
            .listener = o.listener};
}

/// errc::invalid_argument, naming the option, its range and its value, for what is out of range.
result<> check(sharing_options const&);

} // namespace coda
