// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/context.hpp>
#include <coda/runtime/error.hpp>

#include <chrono>
#include <cstddef>
#include <type_traits>

namespace coda {

/// Bounds of a pool. All finite; `check` refuses what is out of range.
///
///     coda::pool_options{.max_size = 20, .acquire_timeout = 1s}
struct pool_options {
    /// Connections at most, whatever they are doing: those being opened, reset and closed count. 1 to 100,000.
    std::size_t max_size = 10;
    /// Connections being opened at once. 1 to 1,000.
    std::size_t max_connecting = 2;
    /// Tasks waiting for a connection; one more ends with errc::queue_full at once. 1 to 10,000,000.
    std::size_t max_waiters = 10'000;
    /// The longest wait for a connection, where the context has no earlier deadline. More than 0, at most 24 h.
    duration acquire_timeout = std::chrono::seconds(5);
    /// How long opening a connection may take. More than 0, at most 24 h.
    duration connect_timeout = std::chrono::seconds(10);
    /// A connection that was idle for longer is pinged before it is handed out. 0 to 24 h.
    duration validate_after_idle = std::chrono::milliseconds(500);
    /// How long that ping may take; then the connection is given up. More than 0, at most 24 h.
    duration validate_timeout = std::chrono::seconds(1);
    /// How long resetting a connection after its use may take, what still drains on it included; then it is given up.
    /// More than 0, at most 24 h.
    duration reset_timeout = std::chrono::seconds(5);
    /// How long closing the pool waits for leases, and closing one connection may take; then they are aborted. 0 to 24
    /// h.
    duration close_timeout = std::chrono::seconds(10);
};
static_assert(std::is_trivially_copyable_v<pool_options>);

/// errc::invalid_argument, naming the option, its range and its value, for what is out of range.
result<> check(pool_options const&);

} // namespace coda
