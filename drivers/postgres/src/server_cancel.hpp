// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/context.hpp>
#include <coda/runtime/error.hpp>

namespace coda::pg::detail {

// When a server is asked to cancel statements that nobody waits for any more, and when others must wait for that. No
// I/O and no clock.
//
// A request to cancel is not about a statement: it hits what the session runs when it arrives. So that it hits nobody
// else, nothing may be in flight that somebody waits for, and nothing more is sent until the replies have come and no
// request is under way. It may also come too early, before the statement has begun: then it is repeated.
class server_cancel {
public:
    enum class action : unsigned char {
        nothing,
        arm,     // the timer, for `pause()` from now
        ask,     // the server: ends with `asked`
        resume,  // disarm the timer, and send again
        give_up, // the connection: a request may strike at any time
    };

    // Statements that go on for longer than `after` are cancelled; `enabled`: none is where it does not hold.
    server_cancel(bool enabled, duration after) noexcept : enabled_(enabled), after_(after), pause_(after) {}

    // Whether statements must not be sent now.
    bool holds_back() const noexcept { return at_ != stage::idle; }
    duration pause() const noexcept { return pause_; }

    // A caller has left or replies have come. `in_flight`: replies are outstanding; `unwanted`: nobody waits for any.
    action changed(bool in_flight, bool unwanted) noexcept;
    action timer_expired() noexcept;
    // The request has ended: `how` is `completed` where the server has taken it.
    action asked(outcome how, bool in_flight) noexcept;

private:
    enum class stage : unsigned char {
        idle,
        waiting, // for the statements to end by themselves
        asking,  // a request is under way
        told,    // the server has been asked; replies are outstanding
    };

    action go_on() noexcept;

    bool enabled_;
    stage at_ = stage::idle;
    duration after_;
    duration pause_;
};

} // namespace coda::pg::detail
