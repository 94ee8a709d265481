// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "measure/meter.hpp"
#include "plan.hpp"

#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

namespace coda::bench {

/// One way of driving a store. To add one: write a file in the store's folder, and list it in its store.cpp.
struct client {
    std::string_view name;
    std::string_view about;
    std::span<std::string_view const> loops; ///< what --loop may choose; {"none"} if nothing
    std::uint32_t most_in_flight;            ///< the largest concurrency it can be asked for
    std::string_view why_not_more;           ///< the reason, as the report gives it
    std::uint32_t most_connections;          ///< the largest number of connections it can use

    /// Connects, then keeps `plan.what.concurrency` operations in flight while `meter.running()`,
    /// reporting each and ticking the meter, and returns when all have ended.
    /// Throws std::exception when the measurement cannot be made.
    void (*run)(plan const& p, meter& m);

    /// How many meter lanes `run` writes to: one for a single thread, else one a connection.
    bool lane_per_connection;
};

inline constexpr auto unlimited = std::numeric_limits<std::uint32_t>::max();
inline constexpr std::string_view no_loop[] = {"none"};

} // namespace coda::bench
