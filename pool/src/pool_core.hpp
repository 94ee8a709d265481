// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/pool/detail/slot.hpp>
#include <coda/pool/options.hpp>
#include <coda/pool/statistics.hpp>

namespace coda::detail {

// What is to be done next.
enum class step : unsigned char {
    nothing,
    hand_out, // the connection to the claim
    open,     // one more connection: ends with `connected` or `connect_failed`
    keep,     // the connection is idle here now
    check,    // ping it: ends with `checked`
    reset,    // ends with `reset_done`
    close,    // in order: ends with `closed`
    drop,     // end it at once: it is no longer counted
    fail,     // the claim: the pool is closed
};

struct pool_action {
    step to_do = step::nothing;
    slot* connection = nullptr;
    claim* waiter = nullptr;
};

// Every decision of a pool, without I/O and without a clock. What happens is told by the events; each answers what is
// to become of the connection it is about. Then `next` says what else is to be done until it says nothing.
//
// Owns nothing. It knows idle and leased connections by name, those in the background by number.
class pool_core {
public:
    explicit pool_core(pool_options const& o) noexcept : options_(o) {}

    // Acquiring. `take` gives an idle connection that can be handed out as it is; else the caller waits, unless the
    // queue is full. `leave`: cancelled, timed out or destroyed.
    slot* take(time_point now) noexcept;
    bool full() const noexcept { return count_.waiters >= options_.max_waiters; }
    void wait(claim& c) noexcept;
    void leave(claim& c) noexcept;

    step returned(slot& s, time_point now) noexcept;

    step connected(slot& s, time_point now) noexcept;
    claim* connect_failed() noexcept; // whom it fails
    step checked(slot& s, bool passed, time_point now) noexcept;
    step reset_done(slot& s, bool succeeded, time_point now) noexcept;
    void closed() noexcept;
    // The connection did not live to see the end of that step.
    void lost(step during) noexcept;

    // No more acquires; idle and returned connections are closed.
    void shut() noexcept { shut_ = true; }
    bool is_shut() const noexcept { return shut_; }
    // Lets go of a leased connection, which will not be returned; nullptr when there is none left.
    slot* let_go() noexcept;
    // Everything in the background has ended without a word.
    void forget_background() noexcept;

    pool_action next(time_point now) noexcept;

    pool_statistics const& statistics() const noexcept { return count_; }

private:
    bool stale(slot const& s, time_point now) const noexcept {
        return now - s.idle_since_ > options_.validate_after_idle;
    }
    bool wants_another() const noexcept;
    std::size_t promised() const noexcept { return count_.connecting + count_.checking; }
    slot& pop_idle() noexcept;
    claim& pop_waiter() noexcept;
    void lease_out(slot& s) noexcept;
    step settle(slot& s, bool fit, time_point now) noexcept;
    pool_action next_when_shut() noexcept;

    pool_options options_;
    pool_statistics count_;
    intrusive_list<slot> idle_; // the one used last in front
    intrusive_list<slot> in_use_;
    intrusive_list<claim> waiters_;
    bool shut_ = false;
};

} // namespace coda::detail
