// SPDX-License-Identifier: BSL-1.0
// What a pool finds when it looks after its connections from time to time.
#include "pool_core.hpp"

namespace coda::detail {

namespace {

// How long a connection must have been idle before its permit goes to another loop.
constexpr duration permit_idle_time = std::chrono::milliseconds(100);

} // namespace

void pool_core::upkeep(time_point now) noexcept {
    if (state_ == pool_state::closed) return;
    upkeep_due_ = count_.size() > 0 ? now + options_.upkeep_interval : no_deadline;
    inspect_idle(now);
    inspect_leases(now);
}

// From the one that was used longest ago on; each goes round once, so that their order stays.
void pool_core::inspect_idle(time_point now) noexcept {
    std::size_t const kept = count_.size() - count_.closing;
    std::size_t surplus = kept > options_.keep && waiters_.empty() ? kept - options_.keep : 0;
    std::size_t pings = options_.max_connecting - std::min(options_.max_connecting, count_.checking);
    if (state_ != pool_state::ready) pings = 0;
    for (std::size_t left = count_.idle; left > 0; --left) {
        slot& s = idle_.back();
        if (auto const why = unfit(s, now)) {
            plan_closing(s, *why);
        } else if (surplus > 0 && now - s.since_ >= options_.upkeep_interval) {
            --surplus;
            plan_closing(s, close_reason::overflow);
        } else if (pings > 0 && now - s.alive_ >= options_.ping_after_idle) {
            --pings;
            plan_ping(s);
        } else {
            s.unlink();
            idle_.push_front(s);
        }
    }
}

void pool_core::inspect_leases(time_point now) noexcept {
    while (!in_use_.empty() && now - in_use_.front().since_ >= options_.leak_warning_after) {
        slot& s = in_use_.pop_front();
        overdue_.push_back(s);
        ++count_.held_too_long;
        journal_.held_too_long(s.id_, now - s.since_, s.taken_at_);
    }
}

bool pool_core::starved() const noexcept {
    return state_ == pool_state::ready && count_.waiters > promised() && count_.size() >= options_.max_size;
}

// A connection that was used a moment ago is likely to be used again.
bool pool_core::give_up_permit(time_point now) noexcept {
    if (!waiters_.empty() || options_.max_size <= std::max<std::size_t>(1, options_.min_size)) return false;
    if (count_.size() >= options_.max_size) {
        if (idle_.empty()) return false;
        auto const when = idle_.back().since_ + permit_idle_time;
        permit_due_ = now < when ? when : no_deadline;
        if (now < when) return false;
        plan_closing(idle_.back(), close_reason::overflow);
    }
    --options_.max_size;
    return true;
}

void pool_core::plan_closing(slot& s, close_reason why) noexcept {
    journal_.connection_closed(s.id_, why);
    s.unlink();
    planned_.push_back(s);
}

void pool_core::plan_ping(slot& s) noexcept {
    s.ping_planned_ = true;
    s.unlink();
    planned_.push_back(s);
}

pool_action pool_core::do_planned() noexcept {
    slot& s = planned_.front();
    if (!std::exchange(s.ping_planned_, false)) return {end(s, true), &s};
    move(s, in::checking, busy_);
    return {step::check, &s};
}

} // namespace coda::detail
