// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "connect_backoff.hpp"
#include "pool_journal.hpp"

#include <coda/pool/detail/slot.hpp>
#include <coda/pool/options.hpp>
#include <coda/pool/statistics.hpp>

#include <optional>

namespace coda::detail {

// What is to be done next.
enum class step : unsigned char {
    nothing,
    hand_out,  // the connection to the claim
    open,      // one more connection: `begins_opening` when that begins
    keep,      // the connection is idle here now
    check,     // ping it: ends with `checked`
    reset,     // ends with `reset_done`
    close,     // in order: ends with `closed`
    drop,      // end it at once: it is no longer counted
    interrupt, // what is done with it is to end at once, as it ends anyway
    abort,     // it is leased, and to be made useless
    fail,      // the claim, for the reason in the action
};

struct pool_action {
    step to_do = step::nothing;
    slot* connection = nullptr;
    claim* waiter = nullptr;
    acquire_failure failure{};   // of `fail`
    bool connect_failed = false; // of `fail`: it was this claim's attempt to connect that failed
};

// Every decision of a pool, without I/O and without a clock: CMAP's, and what it leaves open. What happens is told by
// the events; each answers what is to become of the connection it is about. Then `next` says what else is to be done
// until it says nothing, and `due` when to ask it again though nothing has happened.
//
// Owns nothing: every connection is in one of its lists until it is gone.
class pool_core {
public:
    pool_core(pool_options const& o, std::uint64_t seed);

    // Acquiring, in this order. `take` gives an idle connection that can be handed out as it is; else `refusal` says
    // why the caller must not wait, if he must not. `leave`: cancelled or destroyed. `wait_again`, when what he was
    // handed and had not taken was interrupted and has been returned: another acquire, with what is left of its time.
    void acquire_started() noexcept { journal_.acquire_started(); }
    slot* take(time_point now, std::source_location by) noexcept;
    std::optional<acquire_failure> refusal(time_point now) const noexcept;
    void refused(acquire_failure why, duration waited) noexcept;
    void wait(claim& c, time_point now, std::source_location by) noexcept;
    void leave(claim& c, acquire_failure why, time_point now) noexcept;
    void wait_again(claim& c) noexcept;

    step returned(slot& s, time_point now) noexcept;

    // False: not wanted any more. Else `created` and then `connected`, or `connect_failed`: whether it was created or
    // not. `hopeless`: trying again will not help.
    bool begins_opening() noexcept;
    void created(slot& s, time_point now) noexcept;
    step connected(slot& s, time_point now) noexcept;
    void connect_failed(slot* s, error const& why, bool hopeless, time_point now) noexcept;
    step checked(slot& s, bool passed, time_point now) noexcept;
    step reset_done(slot& s, bool succeeded, time_point now) noexcept;
    void closed(slot& s) noexcept;
    // A connection that did not live to see the end of what was wanted of it: `name_of` while it lives, `lost` then.
    struct name {
        std::uint64_t id;
        slot::state state;
    };
    name name_of(slot const& s) const noexcept { return {s.id_, s.state_}; }
    void lost(name n) noexcept;

    // CMAP's.
    void ready() noexcept;
    void clear(bool interrupt_in_use, time_point now, error const* why = nullptr) noexcept;
    void shut() noexcept; // closes the pool
    // Leases are cut off: their connections are aborted.
    void cut_off_leases() noexcept;
    // Lets go of a leased connection, which will not be returned; nullptr when there is none left.
    slot* let_go() noexcept;
    // Everything in the background has ended without a word, or is about to.
    void forget_background() noexcept;

    // What is idle or held for too long, and whom to ping: to be called when `upkeep_due` has come.
    void upkeep(time_point now) noexcept;
    time_point upkeep_due() const noexcept { return upkeep_due_; }

    // Permits: what max_size counts. `give_up_permit` lowers it where one is not needed, never below 1 or min_size; it
    // is free when there are no more connections than permits.
    bool starved() const noexcept;
    bool give_up_permit(time_point now) noexcept;
    void permit_is_due() noexcept { permit_due_ = no_deadline; } // who wants it, asks again
    bool permits_free() const noexcept { return count_.size() <= options_.max_size; }
    void add_permit() noexcept { ++options_.max_size; }
    std::size_t permits() const noexcept { return options_.max_size; }

    pool_action next(time_point now) noexcept;
    time_point due() const noexcept;

    pool_state state() const noexcept { return state_; }
    bool cut_off(slot const& s) const noexcept { return s.state_ == in::cut_off; }
    pool_counts const& counts() const noexcept { return count_; }
    pool_journal const& journal() const noexcept { return journal_; }
    void nobody_listens() noexcept { journal_.nobody_listens(); }
    std::optional<error> const& last_connect_error() const noexcept { return last_connect_error_; }

private:
    using in = slot::state;

    // Created before the pool was cleared: how opening it ends says nothing about the server as it is now.
    bool stale(slot const& s) const noexcept { return s.generation_ != generation_; }
    std::optional<close_reason> unfit(slot const& s, time_point now) const noexcept;
    bool cannot_connect() const noexcept;
    bool hopeless(time_point now) const noexcept;
    bool given_up(claim const& c) const noexcept;
    bool wants_another(time_point now) const noexcept;
    bool keeps_up() const noexcept { return options_.upkeep_interval != duration::zero(); }
    std::size_t promised() const noexcept { return count_.connecting - opening_stale_ + count_.checking; }
    std::size_t established() const noexcept {
        return count_.idle + count_.checking + count_.in_use + count_.resetting;
    }
    std::size_t& counter(in s) noexcept;

    void change(slot& s, in to) noexcept; // leaves its list
    void move(slot& s, in to, intrusive_list<slot>& list) noexcept;
    step keep(slot& s) noexcept;
    step settle(slot& s, bool fit, time_point now) noexcept;
    step retire(slot& s, close_reason why) noexcept;
    step end(slot& s, bool in_order) noexcept;
    void opening_ended(slot const& s) noexcept;
    void lease_out(slot& s, time_point since, std::source_location by, time_point now) noexcept;
    claim& pop_waiter() noexcept;

    pool_action serve(time_point now) noexcept;
    pool_action fail_oldest(acquire_failure why, bool connect_failed, time_point now) noexcept;
    pool_action do_planned() noexcept;
    pool_action interrupt_one() noexcept;

    void plan_closing(slot& s, close_reason why) noexcept;
    void plan_ping(slot& s) noexcept;
    void inspect_idle(time_point now) noexcept;
    void inspect_leases(time_point now) noexcept;

    pool_options options_;
    pool_journal journal_;
    pool_counts count_;
    pool_state state_ = pool_state::paused;
    jitter random_;
    connect_backoff backoff_;
    std::optional<error> last_connect_error_;
    bool hopeless_ = false;               // of that error
    time_point hopeless_until_{};         // when the next attempt was due then
    bool oldest_made_it_fail_ = false;    // the attempt that paused the pool: its error is the oldest waiter's
    time_point permit_due_ = no_deadline; // when one that was asked for can be given up
    std::uint64_t generation_ = 0;
    std::uint64_t last_id_ = 0;
    std::size_t opening_ = 0;       // created, and being opened
    std::size_t opening_stale_ = 0; // of those that were created before the pool was cleared
    time_point upkeep_due_ = no_deadline;

    intrusive_list<claim> waiters_;
    intrusive_list<claim> again_;  // before them, when all that is doomed is interrupted
    intrusive_list<slot> idle_;    // the one used last in front
    intrusive_list<slot> in_use_;  // the one taken first in front
    intrusive_list<slot> overdue_; // in use, and reported as held too long
    intrusive_list<slot> busy_;    // connecting, checking, resetting, closing
    intrusive_list<slot> planned_; // idle: what the upkeep has found, to be closed or pinged
    intrusive_list<slot> doomed_;  // to be interrupted
    intrusive_list<slot> cut_off_; // leased, and no longer counted
};

} // namespace coda::detail
