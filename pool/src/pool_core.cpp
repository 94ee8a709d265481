// SPDX-License-Identifier: BSL-1.0
#include "pool_core.hpp"

#include <cassert>

namespace coda::detail {

slot* pool_core::take(time_point now) noexcept {
    if (shut_ || !waiters_.empty() || idle_.empty()) return nullptr;
    if (stale(idle_.front(), now) || !idle_.front().usable()) return nullptr;
    slot& s = pop_idle();
    lease_out(s);
    return &s;
}

void pool_core::wait(claim& c) noexcept {
    assert(!shut_ && !full());
    waiters_.push_back(c);
    ++count_.waiters;
}

void pool_core::leave(claim& c) noexcept {
    assert(c.linked());
    c.unlink();
    --count_.waiters;
}

step pool_core::returned(slot& s, time_point now) noexcept {
    s.unlink();
    --count_.in_use;
    if (shut_ || !s.usable() || !s.needs_reset()) return settle(s, s.usable(), now);
    ++count_.resetting;
    return step::reset;
}

step pool_core::connected(slot& s, time_point now) noexcept {
    --count_.connecting;
    ++count_.opened;
    return settle(s, s.usable(), now);
}

// The oldest pays for an attempt that failed, unless those still under way suffice for everybody.
claim* pool_core::connect_failed() noexcept {
    --count_.connecting;
    ++count_.connect_failures;
    if (count_.waiters <= promised()) return nullptr;
    return &pop_waiter();
}

step pool_core::checked(slot& s, bool passed, time_point now) noexcept {
    --count_.checking;
    return settle(s, passed && s.usable(), now);
}

step pool_core::reset_done(slot& s, bool succeeded, time_point now) noexcept {
    --count_.resetting;
    return settle(s, succeeded && s.usable(), now);
}

void pool_core::closed() noexcept { lost(step::close); }

void pool_core::lost(step during) noexcept {
    switch (during) {
    case step::check: --count_.checking; break;
    case step::reset: --count_.resetting; break;
    case step::close: --count_.closing; break;
    default: assert(false && "nothing of that kind goes on in the background"); return;
    }
    ++count_.closed;
}

slot* pool_core::let_go() noexcept {
    if (in_use_.empty()) return nullptr;
    --count_.in_use;
    ++count_.closed;
    return &in_use_.pop_front();
}

void pool_core::forget_background() noexcept {
    count_.closed += count_.checking + count_.resetting + count_.closing;
    count_.connecting = count_.checking = count_.resetting = count_.closing = 0;
}

pool_action pool_core::next(time_point now) noexcept {
    if (shut_) return next_when_shut();
    if (waiters_.empty()) return {};
    if (!idle_.empty()) {
        if (!idle_.front().usable()) {
            ++count_.closed;
            return {step::drop, &pop_idle()};
        }
        if (!stale(idle_.front(), now)) {
            slot& s = pop_idle();
            lease_out(s);
            return {step::hand_out, &s, &pop_waiter()};
        }
        // Whatever is being opened: a ping is the surer way than a connect, which may hang.
        if (count_.waiters > count_.checking) {
            ++count_.checking;
            return {step::check, &pop_idle()};
        }
    }
    if (!wants_another()) return {};
    ++count_.connecting;
    return {step::open};
}

pool_action pool_core::next_when_shut() noexcept {
    if (!waiters_.empty()) return {step::fail, nullptr, &pop_waiter()};
    if (idle_.empty()) return {};
    slot& s = pop_idle();
    return {settle(s, s.usable(), {}), &s};
}

// Connections being reset are no promise: a reply that drains may take long, and where there is room a new one is the
// surer way. Whichever is there first serves the oldest.
bool pool_core::wants_another() const noexcept {
    return count_.waiters > promised() && count_.connecting < options_.max_connecting &&
           count_.size() < options_.max_size;
}

slot& pool_core::pop_idle() noexcept {
    --count_.idle;
    return idle_.pop_front();
}

claim& pool_core::pop_waiter() noexcept {
    --count_.waiters;
    return waiters_.pop_front();
}

void pool_core::lease_out(slot& s) noexcept {
    ++count_.in_use;
    ++count_.handed_out;
    in_use_.push_back(s);
}

step pool_core::settle(slot& s, bool fit, time_point now) noexcept {
    if (!fit) {
        ++count_.closed;
        return step::drop;
    }
    if (shut_) {
        ++count_.closing;
        return step::close;
    }
    s.idle_since_ = now;
    idle_.push_front(s);
    ++count_.idle;
    return step::keep;
}

} // namespace coda::detail
