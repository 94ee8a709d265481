// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace coda {

/// A pool at one moment. Each connection is counted in exactly one of the first six; opened - closed is the sum of the
/// five after `connecting`.
struct pool_statistics {
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

    /// All connections: what max_size bounds.
    std::size_t size() const noexcept { return connecting + idle + checking + in_use + resetting + closing; }
};

} // namespace coda
