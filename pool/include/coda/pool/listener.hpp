// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/pool/options.hpp>

#include <source_location>

/// What happens in a pool, told as it happens: the events of MongoDB's Connection Monitoring and Pooling specification
/// (CMAP), in its order, and two more.
///
///     struct log : coda::pool_listener {
///         void on_event(coda::pool_event const& e) noexcept override { print(to_string(e.what), e.connection); }
///     } log;
///     coda::pool<coda::pg::connection> pool(loop, make, {.listener = &log});
namespace coda {

/// Why a connection was closed. The first four are CMAP's.
enum class close_reason : unsigned char {
    stale,       ///< the pool was cleared after it was opened
    idle,        ///< max_idle_time
    error,       ///< it could not be opened, was lost, or failed a ping or its reset
    pool_closed, ///< the pool was closed
    expired,     ///< max_lifetime
    used_up,     ///< max_uses
    overflow,    ///< more than `keep`
};

/// Why an acquire ended without a connection. The first three are CMAP's.
enum class acquire_failure : unsigned char {
    timed_out,        ///< the pool's acquire_timeout or the context's deadline
    connection_error, ///< connecting failed, or the pool is paused or was cleared
    pool_closed,      ///< the pool is closed
    cancelled,        ///< by the caller
    queue_full,       ///< max_waiters
};

/// One thing that happened. Refers to what lives only during the call.
struct pool_event {
    enum class kind : unsigned char {
        pool_created,       ///< `options`
        pool_ready,         ///< it opens connections and hands them out from now on
        pool_cleared,       ///< all connections opened before are stale; `interrupt_in_use`, `why`
        pool_closed,        ///< for good; leases may still be out
        connection_created, ///< and is being opened
        connection_ready,   ///< it is open; `took`
        connection_closed,  ///< it is no longer the pool's; `reason`, `why`
        acquire_started,
        acquire_failed,   ///< `failure`, `took`, `why`
        connection_taken, ///< handed out; `took`
        connection_returned,
        held_too_long, ///< leak_warning_after has passed; `taken_at`, `took`
        backing_off,   ///< connecting failed, and is tried again after `took`; `why`
    };

    kind what;
    std::string_view pool{};                   ///< its name
    std::uint64_t connection = 0;              ///< counted from 1 on in each pool; 0: it is not about one
    duration took{};                           ///< since this began
    close_reason reason = close_reason::error; ///< of connection_closed
    acquire_failure failure{};                 ///< of acquire_failed
    bool interrupt_in_use = false;             ///< of pool_cleared
    error const* why = nullptr;                ///< of connecting; nullptr where nothing failed
    pool_options const* options = nullptr; ///< of pool_created; nullptr: it is a client whose connections are shared
    std::source_location taken_at{};       ///< who called `acquire`
};

/// CMAP's names: "ConnectionPoolCreated" ... "ConnectionCheckedIn"; for the last two "ConnectionHeldTooLong" and
/// "ConnectionPoolBackingOff".
std::string_view to_string(pool_event::kind) noexcept;
/// CMAP's words: "stale", "idle", "error", "poolClosed", and "expired", "usedUp", "overflow".
std::string_view to_string(close_reason) noexcept;
/// CMAP's words: "timeout", "connectionError", "poolClosed", and "cancelled", "queueFull".
std::string_view to_string(acquire_failure) noexcept;

/// Somebody who is told. Called on the loop's thread, in the middle of the pool's work: he must be quick, and may ask
/// the pool for its statistics, but must not make it do anything.
class pool_listener {
public:
    virtual void on_event(pool_event const&) noexcept = 0;

protected:
    ~pool_listener() = default;
};

} // namespace coda
