// SPDX-License-Identifier: BSL-1.0
// What went through a fault_proxy, written by its thread and awaited by the test's.
#pragma once

#include "fault_plan.hpp"
#include "socket.hpp"

#include <sys/types.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

namespace coda::test {

/// Numbers a proxy's connections in the order of their arrival, from 1.
using connection_id = std::uint64_t;

/// One direction's bytes.
struct traffic {
    std::uint64_t received = 0;  ///< arrived at the proxy
    std::uint64_t forwarded = 0; ///< passed on by the proxy, counted before the receiver sees it
    std::string captured{};      ///< the bytes passed on while capturing was on
};

/// One connection's bytes.
struct connection_stats {
    connection_id id = 0;
    bool open = true;
    traffic to_server{};
    traffic to_client{};

    /// The bytes of one direction.
    [[nodiscard]] traffic const& operator[](direction d) const noexcept {
        return d == direction::to_server ? to_server : to_client;
    }
};

/// A proxy's connections.
struct proxy_stats {
    std::uint64_t accepted = 0; ///< connections ever
    std::size_t open = 0;       ///< connections now
    traffic to_server{};        ///< of all connections ever, nothing captured
    traffic to_client{};
    /// All that are open and the last 1,000 that are not, by id.
    std::deque<connection_stats> connections{};

    /// The connection `id`, nullptr when it is not (or no longer) known.
    [[nodiscard]] connection_stats const* find(connection_id id) const noexcept;
};

/// Thread-safe.
class traffic_log {
public:
    /// A copy of the present state.
    [[nodiscard]] proxy_stats snapshot() const;
    /// Waits until `holds` does, at most `bound`; returns whether it did. `holds` must not call the
    /// proxy.
    [[nodiscard]] bool wait_for(std::function<bool(proxy_stats const&)> const& holds,
                                std::chrono::milliseconds bound = patience) const;
    /// Starts or stops keeping the bytes that pass; what was kept stays.
    void capture(bool on);

    /// For the proxy: a connection arrived. Returns its id.
    connection_id accepted();
    /// For the proxy: bytes arrived.
    void received(connection_id id, direction d, std::size_t count);
    /// For the proxy: passes bytes on by calling `send`, which returns how many of `bytes` it took
    /// and must not block, and counts them before anyone who received them can look. Returns what
    /// `send` did.
    ssize_t forward(connection_id id, direction d, std::string_view bytes,
                    std::function<ssize_t(std::string_view)> const& send);
    /// For the proxy: a connection is gone.
    void closed(connection_id id);

private:
    connection_stats& known(connection_id id);
    void forget_oldest_closed();

    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    proxy_stats stats_;
    bool capturing_ = false;
};

} // namespace coda::test
