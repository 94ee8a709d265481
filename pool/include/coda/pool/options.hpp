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

/// Bounds of a pool, and what it does when they are met. All finite; `check` refuses what is out of range. Why the
/// defaults are what they are: docs/pool.md.
///
///     coda::pool_options{.max_size = 20, .acquire_timeout = 1s}
struct pool_options {
    /// Connections at most, whatever they are doing: those being opened, reset and closed count. 1 to 100,000. The
    /// default keeps a server with four cores busy (2 for each, and some that wait for a disk), and leaves room for
    /// nine such pools at a PostgreSQL with its default limit of 100.
    std::size_t max_size = 10;
    /// Connections that are there even when nobody needs them, opened in the background. 0 to max_size.
    std::size_t min_size = 0;
    /// Connections above this are overflow: closed when they have been idle for upkeep_interval. min_size to 100,000.
    std::size_t keep = 100'000;
    /// Connections being opened at once. 1 to 1,000.
    std::size_t max_connecting = 2;
    /// Tasks waiting for a connection; one more ends with errc::queue_full at once. Those whose connection `clear`
    /// interrupts before they have gone on wait again, on top of these. 1 to 10,000,000.
    std::size_t max_waiters = 10'000;
    /// The longest wait for a connection, where the context has no earlier deadline. More than 0, at most 24 h.
    duration acquire_timeout = std::chrono::seconds(5);
    /// How long opening a connection may take. More than 0, at most 24 h.
    duration connect_timeout = std::chrono::seconds(10);
    /// A connection that nobody used for longer is closed. More than 0, at most 24 h.
    duration max_idle_time = std::chrono::minutes(10);
    /// A connection older than this is closed when it is not in use. Each lives for 90 to 100 % of it, so that those
    /// opened together do not end together. More than 0, at most 24 h.
    duration max_lifetime = std::chrono::minutes(30);
    /// A connection is closed after it was handed out so often. 1 to 1,000,000,000.
    std::uint64_t max_uses = 1'000'000'000;
    /// A connection that gave no sign of life for longer is pinged before it is handed out. 0 to 24 h.
    duration validate_after_idle = std::chrono::milliseconds(500);
    /// How long a ping may take; then the connection is given up. More than 0, at most 24 h.
    duration validate_timeout = std::chrono::seconds(1);
    /// An idle connection that gave no sign of life for longer is pinged in the background. More than 0, at most 24 h.
    duration ping_after_idle = std::chrono::seconds(30);
    /// How long resetting a connection after its use may take, what still drains on it included; then it is given up.
    /// More than 0, at most 24 h.
    duration reset_timeout = std::chrono::seconds(5);
    /// How long closing the pool waits for leases, and closing one connection may take; then they are aborted. 0 to 24
    /// h.
    duration close_timeout = std::chrono::seconds(10);
    /// A lease held for longer is reported, with the place that took it. More than 0, at most 24 h.
    duration leak_warning_after = std::chrono::minutes(1);
    /// How often the pool looks after what is idle or held for too long. 0 to 24 h; with 0 never: no connection is then
    /// opened for min_size, and idle ones are looked at only when they are to be handed out.
    duration upkeep_interval = std::chrono::seconds(1);
    /// After an attempt to connect has failed, the pool waits this long before the next, twice as long after each
    /// further failure, at most max_backoff; each time a random part of it, half to the whole. More than 0, at most 24
    /// h.
    duration first_backoff = std::chrono::milliseconds(20);
    /// first_backoff to 24 h. Below 1 s, a server that refused and is back is noticed within 1 s; one that swallowed
    /// packets, when an attempt under way ends (connect_timeout).
    duration max_backoff = std::chrono::milliseconds(500);
    /// While no connection can be had: whether acquires end with the next attempt that fails, with its error, or wait
    /// until their own deadline.
    bool fail_fast = false;
    /// Somebody else watches the server, as a MongoDB driver's monitor does: the pool is paused at first, by `clear`,
    /// and when connecting fails, and `ready` ends that. Otherwise it is ready from the start and tries again by
    /// itself.
    bool monitored = false;
    /// Seed of the random parts. 0: another one for each pool.
    std::uint64_t jitter_seed = 0;
    /// What the pool is called in events and errors: an address, usually. Copied. No secrets.
    std::string_view name = "pool";
    /// Is told what happens, on the loop's thread; nullptr: nobody. Must outlive the pool.
    pool_listener* listener = nullptr;
};
static_assert(std::is_trivially_copyable_v<pool_options>);

/// errc::invalid_argument, naming the option, its range and its value, for what is out of range.
result<> check(pool_options const&);

} // namespace coda
