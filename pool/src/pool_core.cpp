// SPDX-License-Identifier: BSL-1.0
#include "pool_core.hpp"

#include <cassert>

namespace coda::detail {

pool_core::pool_core(pool_options const& o, std::uint64_t seed)
    : options_(o), journal_(o.name, o.listener), random_(seed), backoff_(o.first_backoff, o.max_backoff) {
    options_.name = journal_.name();
    journal_.pool_created(&options_);
    if (!options_.monitored) ready();
}

slot* pool_core::take(time_point now, std::source_location by) noexcept {
    if (state_ != pool_state::ready || !waiters_.empty() || idle_.empty()) return nullptr;
    slot& s = idle_.front();
    if (stale(s) || now > s.fresh_until_ || !s.usable()) return nullptr;
    lease_out(s, now, by, now);
    return &s;
}

std::optional<acquire_failure> pool_core::refusal(time_point now) const noexcept {
    if (state_ == pool_state::closed) return acquire_failure::pool_closed;
    if (state_ == pool_state::paused || hopeless(now)) return acquire_failure::connection_error;
    if (count_.waiters >= options_.max_waiters) return acquire_failure::queue_full;
    return {};
}

void pool_core::refused(acquire_failure why, duration waited) noexcept {
    ++count_.refused;
    bool const by_connecting = why == acquire_failure::connection_error && last_connect_error_;
    journal_.acquire_failed(why, waited, by_connecting ? &*last_connect_error_ : nullptr);
}

void pool_core::wait(claim& c, time_point now, std::source_location by) noexcept {
    assert(!refusal(now));
    c.since_ = now;
    c.failures_ = count_.connect_failures;
    c.taken_at_ = by;
    waiters_.push_back(c);
    ++count_.waiters;
}

void pool_core::leave(claim& c, acquire_failure why, time_point now) noexcept {
    assert(c.linked());
    c.unlink();
    --count_.waiters;
    refused(why, now - c.since_);
}

void pool_core::wait_again(claim& c) noexcept {
    acquire_started();
    again_.push_back(c);
    ++count_.waiters;
}

step pool_core::returned(slot& s, time_point now) noexcept {
    journal_.connection_returned(s.id_, now - s.since_);
    if (s.state_ == in::cut_off) {
        s.unlink();
        return step::drop;
    }
    s.since_ = s.alive_ = now;
    if (auto const why = unfit(s, now)) return retire(s, *why);
    if (!s.needs_reset()) return keep(s);
    move(s, in::resetting, busy_);
    return step::reset;
}

bool pool_core::begins_opening() noexcept {
    if (state_ == pool_state::ready) return true;
    --count_.connecting;
    return false;
}

void pool_core::created(slot& s, time_point now) noexcept {
    s.id_ = ++last_id_;
    s.generation_ = generation_;
    s.created_ = now;
    busy_.push_back(s);
    ++opening_;
    if (keeps_up() && upkeep_due_ == no_deadline) upkeep_due_ = now + options_.upkeep_interval;
    journal_.connection_created(s.id_);
}

void pool_core::opening_ended(slot const& s) noexcept {
    --opening_;
    if (stale(s)) --opening_stale_;
}

step pool_core::connected(slot& s, time_point now) noexcept {
    opening_ended(s);
    if (s.interrupted_) {
        s.unlink();
        --count_.connecting;
        return step::drop;
    }
    ++count_.opened;
    if (!stale(s)) {
        backoff_.succeeded();
        last_connect_error_.reset();
    }
    s.since_ = s.alive_ = now;
    s.expires_ = now + random_.spread(options_.max_lifetime, 0.9);
    journal_.connection_ready(s.id_, now - s.created_);
    return settle(s, true, now);
}

void pool_core::connect_failed(slot* s, error const& why, bool hopeless, time_point now) noexcept {
    --count_.connecting;
    bool const interrupted = s != nullptr && s->interrupted_;
    if (s != nullptr) {
        opening_ended(*s);
        s->unlink();
    }
    if (interrupted) return;
    bool const counts = state_ == pool_state::ready && (s == nullptr || !stale(*s));
    if (counts) {
        ++count_.connect_failures;
        last_connect_error_ = why;
        hopeless_ = hopeless;
    }
    if (counts && options_.monitored) {
        oldest_made_it_fail_ = true;
        clear(false, now, &why);
    }
    if (s != nullptr) {
        auto const reason = state_ == pool_state::closed ? close_reason::pool_closed : close_reason::error;
        journal_.connection_closed(s->id_, reason, &why);
    }
    if (counts && !options_.monitored) {
        journal_.backing_off(backoff_.failed(now, random_), why);
        hopeless_until_ = backoff_.retry_at();
    }
}

step pool_core::checked(slot& s, bool passed, time_point now) noexcept {
    s.alive_ = now;
    return settle(s, passed, now);
}

step pool_core::reset_done(slot& s, bool succeeded, time_point now) noexcept {
    s.alive_ = now;
    return settle(s, succeeded, now);
}

void pool_core::closed(slot& s) noexcept { end(s, false); }

void pool_core::lost(name n) noexcept {
    if (n.state != in::closing) journal_.connection_closed(n.id, close_reason::error);
    --counter(n.state);
    ++count_.closed;
}

pool_action pool_core::next(time_point now) noexcept {
    if (!doomed_.empty())
        if (auto const a = interrupt_one(); a.to_do != step::nothing) return a;
    if (!again_.empty()) {
        again_.splice_back(waiters_);
        waiters_.splice_back(again_);
    }
    if (!planned_.empty()) return do_planned();
    if (!waiters_.empty())
        if (auto const a = serve(now); a.to_do != step::nothing) return a;
    if (!wants_another(now)) return {};
    ++count_.connecting;
    backoff_.begun(now, random_);
    return {step::open};
}

pool_action pool_core::serve(time_point now) noexcept {
    if (state_ == pool_state::closed) return fail_oldest(acquire_failure::pool_closed, false, now);
    if (state_ == pool_state::paused)
        return fail_oldest(acquire_failure::connection_error, std::exchange(oldest_made_it_fail_, false), now);
    if (!idle_.empty()) {
        slot& s = idle_.front();
        if (auto const why = unfit(s, now)) return {retire(s, *why), &s};
        if (now <= s.fresh_until_) {
            claim& c = pop_waiter();
            lease_out(s, c.since_, c.taken_at_, now);
            return {step::hand_out, &s, &c};
        }
        // Whatever is being opened: a ping is the surer way than a connect, which may hang.
        if (count_.waiters > count_.checking) {
            move(s, in::checking, busy_);
            return {step::check, &s};
        }
    }
    if (now - waiters_.front().since_ >= options_.acquire_timeout)
        return fail_oldest(acquire_failure::timed_out, false, now);
    if (given_up(waiters_.front())) return fail_oldest(acquire_failure::connection_error, true, now);
    return {};
}

// All who wait have waited for at most acquire_timeout, and the oldest the longest: one timer does for them all.
time_point pool_core::due() const noexcept {
    time_point when = no_deadline;
    if (!waiters_.empty()) when = waiters_.front().since_ + options_.acquire_timeout;
    if (backoff_.failing() && wants_another(backoff_.retry_at())) when = std::min(when, backoff_.retry_at());
    return std::min(when, permit_due_);
}

// While the server cannot be reached, attempts are made one after the other, and for whoever waits: those under way
// promise nothing. Otherwise those count, but not connections being reset: a reply that drains may take long, and where
// there is room a new connection is the surer way. Whichever is there first serves the oldest.
bool pool_core::wants_another(time_point now) const noexcept {
    if (state_ != pool_state::ready || count_.connecting >= options_.max_connecting) return false;
    if (count_.size() >= options_.max_size || now < backoff_.retry_at()) return false;
    if (count_.waiters > (backoff_.failing() ? 0 : promised())) return true;
    if (keeps_up() && count_.size() - count_.closing < options_.min_size) return true;
    return cannot_connect() && options_.fail_fast && !hopeless_; // to notice when the server is back
}

// Where there are connections their return may be waited for: a server that is at its limit is no server that is gone.
bool pool_core::cannot_connect() const noexcept { return backoff_.failing() && established() == 0; }

// Attempts that are under way since before change nothing: they may hang.
bool pool_core::hopeless(time_point now) const noexcept {
    return cannot_connect() && hopeless_ && now < hopeless_until_;
}

// One who fails fast does so when an attempt has failed while he waited, as do all when it has for good; the failure
// before he came is none of his.
bool pool_core::given_up(claim const& c) const noexcept {
    return (hopeless_ || options_.fail_fast) && cannot_connect() && c.failures_ != count_.connect_failures;
}

std::optional<close_reason> pool_core::unfit(slot const& s, time_point now) const noexcept {
    if (state_ == pool_state::closed) return close_reason::pool_closed;
    if (stale(s)) return close_reason::stale;
    if (!s.usable()) return close_reason::error;
    if (now > s.expires_) return close_reason::expired;
    if (s.state_ == in::idle && now - s.since_ > options_.max_idle_time) return close_reason::idle;
    if (s.uses_ >= options_.max_uses) return close_reason::used_up;
    return {};
}

step pool_core::settle(slot& s, bool fit, time_point now) noexcept {
    if (auto const why = unfit(s, now)) return retire(s, *why);
    if (!fit) return retire(s, close_reason::error);
    return keep(s);
}

// One that was only pinged goes where those are that were not used for long, unless somebody waits for it.
step pool_core::keep(slot& s) noexcept {
    s.fresh_until_ = std::min({s.alive_ + options_.validate_after_idle, s.since_ + options_.max_idle_time, s.expires_});
    bool const last = s.state_ == in::checking && waiters_.empty();
    change(s, in::idle);
    if (last)
        idle_.push_back(s);
    else
        idle_.push_front(s);
    return step::keep;
}

step pool_core::retire(slot& s, close_reason why) noexcept {
    journal_.connection_closed(s.id_, why);
    return end(s, why != close_reason::error);
}

step pool_core::end(slot& s, bool in_order) noexcept {
    if (in_order && s.usable()) {
        move(s, in::closing, busy_);
        return step::close;
    }
    s.unlink();
    --counter(s.state_);
    ++count_.closed;
    return step::drop;
}

void pool_core::lease_out(slot& s, time_point since, std::source_location by, time_point now) noexcept {
    move(s, in::in_use, in_use_);
    ++count_.handed_out;
    ++s.uses_;
    s.since_ = now;
    s.taken_at_ = by;
    journal_.connection_taken(s.id_, now - since);
}

void pool_core::change(slot& s, in to) noexcept {
    --counter(s.state_);
    ++counter(to);
    s.state_ = to;
    s.unlink();
}

void pool_core::move(slot& s, in to, intrusive_list<slot>& list) noexcept {
    change(s, to);
    list.push_back(s);
}

std::size_t& pool_core::counter(in s) noexcept {
    constexpr std::size_t pool_counts::* of[] = {&pool_counts::connecting, &pool_counts::idle,
                                                 &pool_counts::checking,   &pool_counts::in_use,
                                                 &pool_counts::resetting,  &pool_counts::closing};
    return count_.*of[static_cast<std::size_t>(s)];
}

claim& pool_core::pop_waiter() noexcept {
    --count_.waiters;
    return waiters_.pop_front();
}

pool_action pool_core::fail_oldest(acquire_failure why, bool connect_failed, time_point now) noexcept {
    claim& c = pop_waiter();
    refused(why, now - c.since_);
    return {step::fail, nullptr, &c, why, connect_failed};
}

} // namespace coda::detail
