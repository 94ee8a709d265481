// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/context.hpp>
#include <coda/runtime/histogram.hpp>

#include <cstddef>
#include <cstdint>

namespace coda {

/// What a pool does: opens nothing and serves nobody, or everybody, or nobody ever again.
enum class pool_state : unsigned char { paused, ready, closed };

/// A pool at one moment. Each connection is counted in exactly one of the first six; opened - closed is the sum of the
/// five after `connecting`, without those of `closing` that were interrupted before they were open.
struct pool_counts {
    std::size_t connecting = 0; ///< being opened
    std::size_t idle = 0;       ///< ready to be handed out
    std::size_t checking = 0;   ///< being pinged after a long idle time
    std::size_t in_use = 0;     ///< leased
    std::size_t resetting = 0;  ///< returned, and being reset or drained
    std::size_t closing = 0;    ///< being closed in order
    std::size_t waiters = 0;    ///< tasks waiting for a connection

    std::uint64_t opened = 0;           ///< connections opened so far
    std::uint64_t connect_failures = 0; ///< attempts that failed so far
    std::uint64_t closed = 0;           ///< opened connections that are gone
    std::uint64_t handed_out = 0;       ///< leases given so far
    std::uint64_t refused = 0;          ///< acquires that ended without one so far
    std::uint64_t held_too_long = 0;    ///< leases that outlasted leak_warning_after so far

    /// All connections: what max_size bounds.
    std::size_t size() const noexcept { return connecting + idle + checking + in_use + resetting + closing; }
};

/// How long something took, of all times that it was done.
struct duration_summary {
    std::uint64_t count = 0; ///< how often
    duration p50{};          ///< half took at most that long, within 1.6 %
    duration p99{};          ///< and 99 % that
    duration max{};          ///< and all that
};

/// The summary of what a histogram has counted.
inline duration_summary summarize(histogram const& h) noexcept {
    return {h.count(), h.quantile(0.5), h.quantile(0.99), h.max()};
}

/// All that a pool knows about itself. The same for every driver.
struct pool_statistics : pool_counts {
    pool_state state = pool_state::closed;
    /// Of acquires that were given a connection, until then; 0 where one was idle. One whose connection was interrupted
    /// before he had gone on, and who waits again, counts as two, here and in events.
    duration_summary wait;
    duration_summary hold;    ///< of leases, until they were returned
    duration_summary connect; ///< of attempts that succeeded
};

} // namespace coda
