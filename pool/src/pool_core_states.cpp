// SPDX-License-Identifier: BSL-1.0
// The states of a pool: ready, paused by being cleared, closed; and how what is in it ends.
#include "pool_core.hpp"

#include <cassert>

namespace coda::detail {

void pool_core::ready() noexcept {
    if (state_ != pool_state::paused) return;
    state_ = pool_state::ready;
    backoff_.succeeded();
    oldest_made_it_fail_ = false;
    journal_.pool_ready();
}

// Connections are not looked at here, however many there are: that they are of another generation makes them stale.
void pool_core::clear(bool interrupt_in_use, time_point now, error const* why) noexcept {
    if (state_ == pool_state::closed) return;
    ++generation_;
    opening_stale_ = opening_;
    bool const was_ready = state_ == pool_state::ready;
    if (options_.monitored) state_ = pool_state::paused;
    if (keeps_up() && count_.size() > 0) upkeep_due_ = now;
    if (was_ready) journal_.pool_cleared(interrupt_in_use, why);
    if (!interrupt_in_use) return;
    doomed_.splice_back(busy_);
    cut_off_leases();
}

void pool_core::shut() noexcept {
    if (state_ == pool_state::closed) return;
    state_ = pool_state::closed;
    upkeep_due_ = no_deadline;
    while (!idle_.empty()) plan_closing(idle_.front(), close_reason::pool_closed);
    journal_.pool_closed();
}

void pool_core::cut_off_leases() noexcept {
    doomed_.splice_back(overdue_);
    doomed_.splice_back(in_use_);
}

pool_action pool_core::interrupt_one() noexcept {
    auto const reason = state_ == pool_state::closed ? close_reason::pool_closed : close_reason::stale;
    while (!doomed_.empty()) {
        slot& s = doomed_.pop_front();
        if (s.state_ == in::in_use) {
            journal_.connection_closed(s.id_, reason);
            --count_.in_use;
            ++count_.closed;
            s.state_ = in::cut_off;
            cut_off_.push_back(s);
            return {step::abort, &s};
        }
        busy_.push_back(s);
        if (s.state_ == in::closing || s.interrupted_) continue;
        if (s.state_ == in::connecting) {
            s.interrupted_ = true;
            journal_.connection_closed(s.id_, reason);
        }
        return {step::interrupt, &s};
    }
    return {};
}

slot* pool_core::let_go() noexcept {
    cut_off_leases();
    if (!doomed_.empty()) {
        slot& s = doomed_.pop_front();
        journal_.connection_closed(s.id_, close_reason::pool_closed);
        --count_.in_use;
        ++count_.closed;
        return &s;
    }
    return cut_off_.empty() ? nullptr : &cut_off_.pop_front();
}

void pool_core::forget_background() noexcept {
    while (!busy_.empty()) {
        slot& s = busy_.pop_front();
        if (s.state_ != in::closing && !s.interrupted_) journal_.connection_closed(s.id_, close_reason::pool_closed);
        --counter(s.state_);
        if (s.state_ != in::connecting) ++count_.closed;
    }
    count_.connecting = 0; // those that were not created yet
    opening_ = opening_stale_ = 0;
}

} // namespace coda::detail
