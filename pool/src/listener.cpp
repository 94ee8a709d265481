// SPDX-License-Identifier: BSL-1.0
#include <coda/pool/listener.hpp>

namespace coda {

std::string_view to_string(pool_event::kind k) noexcept {
    using kind = pool_event::kind;
    switch (k) {
    case kind::pool_created: return "ConnectionPoolCreated";
    case kind::pool_ready: return "ConnectionPoolReady";
    case kind::pool_cleared: return "ConnectionPoolCleared";
    case kind::pool_closed: return "ConnectionPoolClosed";
    case kind::connection_created: return "ConnectionCreated";
    case kind::connection_ready: return "ConnectionReady";
    case kind::connection_closed: return "ConnectionClosed";
    case kind::acquire_started: return "ConnectionCheckOutStarted";
    case kind::acquire_failed: return "ConnectionCheckOutFailed";
    case kind::connection_taken: return "ConnectionCheckedOut";
    case kind::connection_returned: return "ConnectionCheckedIn";
    case kind::held_too_long: return "ConnectionHeldTooLong";
    case kind::backing_off: return "ConnectionPoolBackingOff";
    }
    return "?";
}

std::string_view to_string(close_reason r) noexcept {
    switch (r) {
    case close_reason::stale: return "stale";
    case close_reason::idle: return "idle";
    case close_reason::error: return "error";
    case close_reason::pool_closed: return "poolClosed";
    case close_reason::expired: return "expired";
    case close_reason::used_up: return "usedUp";
    case close_reason::overflow: return "overflow";
    }
    return "?";
}

std::string_view to_string(acquire_failure f) noexcept {
    switch (f) {
    case acquire_failure::timed_out: return "timeout";
    case acquire_failure::connection_error: return "connectionError";
    case acquire_failure::pool_closed: return "poolClosed";
    case acquire_failure::cancelled: return "cancelled";
    case acquire_failure::queue_full: return "queueFull";
    }
    return "?";
}

} // namespace coda
