// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/operation.hpp>

#include <memory>

/// What a driver's connection and the operations made of it share, so that the connection may go before they begin. For
/// writers of drivers; what its clients need for that is `shared_connections`.
namespace coda {

/// The one session of a connection that a task has alone.
template <class Session>
struct exclusive_session {
    explicit exclusive_session(loop& l) noexcept : home(l) {}

    loop& home;                       ///< of the connection
    std::shared_ptr<Session> session; ///< null before it was connected
    bool used = false;                ///< since it was connected or reset
};

/// Where an operation finds it, for `session_choice`. One that was lost answers with the reason; a connection never
/// reconnects by itself: its state would be gone.
template <class Session>
struct exclusive_session_source {
    std::shared_ptr<exclusive_session<Session>> own;

    loop& home() const noexcept { return own->home; }
    Session* pick() const noexcept {
        own->used = true;
        return own->session.get();
    }
    static operation<std::shared_ptr<Session>> wait() { co_return error(errc::not_connected); }
};

} // namespace coda
