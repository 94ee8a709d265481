// SPDX-License-Identifier: BSL-1.0
#include "pool_engine.hpp"

#include "no_connection.hpp"

#include <coda/pool/detail/current_failure.hpp>
#include <coda/pool/error.hpp>
#include <coda/pool/pool.hpp>
#include <coda/runtime/deadline.hpp>
#include <coda/runtime/this_context.hpp>

#include <algorithm>
#include <cassert>

namespace coda::detail {

namespace {

pooled& connection_of(pool_action const& a) noexcept { return static_cast<pooled&>(*a.connection); }

acquire_failure failure_of(error_code reason) noexcept {
    return reason == errc::timed_out ? acquire_failure::timed_out : acquire_failure::cancelled;
}

} // namespace

pool_engine::pool_engine(loop& l, std::function<std::unique_ptr<pooled>()> make, pool_options const& o,
                         std::uint64_t seed)
    : loop_(l),
      make_(std::move(make)),
      options_(o),
      core_(o, seed),
      alarm_(*this),
      closing_(std::in_place, l),
      work_(std::in_place, l) {
    pump();
}

// What is under way goes last: its connections may hold on to whatever.
void pool_engine::end() noexcept {
    watcher_ = nullptr;
    core_.shut();
    while (slot* leased = core_.let_go()) static_cast<pooled&>(*leased).pool = nullptr;
    time_point const now = loop_.now();
    for (auto a = core_.next(now); a.to_do != step::nothing; a = core_.next(now)) {
        if (a.to_do == step::fail) {
            fail(a);
            continue;
        }
        if (a.to_do == step::close) core_.closed(*a.connection);
        delete &connection_of(a);
    }
    loop_.disarm(alarm_);
    core_.forget_background();
    work_.reset();
    closing_.reset();
    make_ = nullptr;
    empty_.set();
    core_.nobody_listens();
}

std::optional<error> pool_engine::refusal(time_point now) noexcept {
    auto const why = core_.refusal(now);
    if (!why) return {};
    core_.refused(*why, {});
    return error_of(*why, core_.state() == pool_state::ready, now);
}

error pool_engine::refuse(error_code reason, time_point since) noexcept {
    core_.refused(failure_of(reason), {});
    return ended(reason, since);
}

void pool_engine::wait(acquisition& a, time_point now, std::source_location by) noexcept {
    core_.wait(a, now, by);
    pump();
}

error pool_engine::leave(acquisition& a, error_code reason) noexcept {
    core_.leave(a, failure_of(reason), loop_.now());
    if (watcher_ != nullptr) watcher_->changed(); // there may be a permit to spare now, or one not wanted any more
    return ended(reason, a.since_);
}

error pool_engine::ended(error_code reason, time_point since) const noexcept {
    if (reason != errc::timed_out && reason != errc::queue_full && reason != pool_errc::paused) return reason;
    return no_connection(reason, core_.journal().name(), loop_.now() - since, core_.counts(),
                         core_.last_connect_error());
}

error_code pool_engine::taken_away(pooled const& c) const noexcept {
    if (!core_.cut_off(c)) return {};
    if (core_.state() == pool_state::closed) return errc::closed;
    return options_.monitored ? make_error_code(pool_errc::paused) : make_error_code(errc::connection_lost);
}

error pool_engine::error_of(acquire_failure failure, bool connect_failed, time_point since) const noexcept {
    switch (failure) {
    case acquire_failure::timed_out: return ended(make_error_code(errc::timed_out), since);
    case acquire_failure::queue_full: return ended(make_error_code(errc::queue_full), since);
    case acquire_failure::cancelled: return errc::cancelled;
    case acquire_failure::pool_closed: return errc::closed;
    case acquire_failure::connection_error: break;
    }
    auto const& last = core_.last_connect_error();
    if (connect_failed && last) return last->with_outcome(outcome::not_sent);
    return ended(make_error_code(pool_errc::paused), since);
}

void pool_engine::take_back(pooled& c) noexcept {
    assert(loop_.in_loop_thread() && "a lease was returned on another thread than its pool's");
    step const what = core_.returned(c, loop_.now());
    if (what == step::keep && core_.counts().waiters == 0 && watcher_ == nullptr) return; // nothing follows from it
    settle(std::unique_ptr<pooled>(&c), what);
    pump();
}

void pool_engine::ready() noexcept {
    assert(loop_.in_loop_thread() && "a pool was used on another thread than its loop's");
    core_.ready();
    pump();
}

void pool_engine::clear(bool interrupt_in_use) noexcept {
    assert(loop_.in_loop_thread() && "a pool was used on another thread than its loop's");
    core_.clear(interrupt_in_use, loop_.now());
    pump();
}

void pool_engine::pump() noexcept {
    time_point const now = loop_.now();
    for (auto a = core_.next(now); a.to_do != step::nothing; a = core_.next(now)) {
        switch (a.to_do) {
        case step::hand_out: static_cast<acquisition&>(*a.waiter).grant(connection_of(a)); break;
        case step::fail: fail(a); break;
        case step::open: begin_open(); break;
        case step::interrupt: connection_of(a).interruption.request(make_error_code(pool_errc::paused)); break;
        case step::abort: abort(connection_of(a)); break;
        default: settle(std::unique_ptr<pooled>(&connection_of(a)), a.to_do);
        }
    }
    if (core_.state() == pool_state::closed && core_.counts().size() == 0) empty_.set();
    set_alarm();
    if (watcher_ != nullptr) watcher_->changed();
}

bool pool_engine::give_up_permit() noexcept {
    if (!core_.give_up_permit(loop_.now())) {
        set_alarm();
        return false;
    }
    pump();
    return true;
}

void pool_engine::add_permit() noexcept {
    core_.add_permit();
    pump();
}

void pool_engine::on_time() noexcept {
    time_point const now = loop_.now();
    if (now >= core_.upkeep_due()) core_.upkeep(now);
    core_.permit_is_due();
    pump();
}

// Who was handed it and has not taken it goes on waiting, while the pool lets anybody wait.
void pool_engine::abort(pooled& c) noexcept {
    c.abort();
    if (c.handed_to == nullptr || core_.state() != pool_state::ready) return;
    acquisition& who = *c.handed_to;
    if (!who.wait_again()) return;
    settle(std::unique_ptr<pooled>(&c), core_.returned(c, loop_.now()));
    core_.wait_again(who);
}

// One that is armed too early finds nothing to do: cheaper than moving it with every waiter that is served.
void pool_engine::set_alarm() noexcept {
    time_point const due = std::min(core_.due(), core_.upkeep_due());
    if (due != no_deadline && (!alarm_.armed() || due < alarm_.when())) loop_.arm(alarm_, due);
}

void pool_engine::fail(pool_action const& a) noexcept {
    auto& who = static_cast<acquisition&>(*a.waiter);
    who.refuse(error_of(a.failure, a.connect_failed, who.since_));
}

void pool_engine::begin_open() noexcept {
    try {
        work_->spawn(open());
    } catch (...) {
        connect_failed(nullptr, current_failure());
    }
}

void pool_engine::settle(std::unique_ptr<pooled> c, step what) noexcept {
    auto const name = core_.name_of(*c);
    try {
        switch (what) {
        case step::keep: static_cast<void>(c.release()); break; // the core has it, and gives it back by name
        case step::check: work_->spawn(check(std::move(c))); break;
        case step::reset: work_->spawn(reset(std::move(c))); break;
        case step::close: closing_->spawn(close(std::move(c))); break;
        default: break; // dropped
        }
    } catch (std::bad_alloc const&) {
        core_.lost(name);
    }
}

void pool_engine::connect_failed(pooled* c, error const& why) noexcept {
    core_.connect_failed(c, why, why.kind() == error_class::permanent, loop_.now());
}

task<> pool_engine::open() {
    if (!core_.begins_opening()) {
        pump();
        co_return;
    }
    std::unique_ptr<pooled> c;
    error why;
    try {
        c = make_();
        core_.created(*c, loop_.now());
        auto connecting = with_timeout(options_.connect_timeout, c->connect());
        auto const done = co_await as_result(with_cancellation(c->interruption.token(), std::move(connecting)));
        if (done.has_error())
            why = done.error();
        else if (!c->usable())
            why = errc::connection_lost;
    } catch (...) {
        why = current_failure();
    }
    if (why.code().failed()) {
        connect_failed(c.get(), why);
        c.reset();
    } else {
        c->pool = this;
        auto const what = core_.connected(*c, loop_.now());
        settle(std::move(c), what);
    }
    pump();
}

task<> pool_engine::check(std::unique_ptr<pooled> c) {
    bool passed = false;
    try {
        auto ping = with_timeout(options_.validate_timeout, c->ping());
        auto const done = co_await as_result(with_cancellation(c->interruption.token(), std::move(ping)));
        passed = done.has_value();
    } catch (...) { // the connection is dropped, and nobody waits for the reason
    }
    auto const what = core_.checked(*c, passed, loop_.now());
    settle(std::move(c), what);
    pump();
}

task<> pool_engine::reset(std::unique_ptr<pooled> c) {
    bool succeeded = false;
    try {
        auto resetting = with_timeout(options_.reset_timeout, c->reset());
        auto const done = co_await as_result(with_cancellation(c->interruption.token(), std::move(resetting)));
        succeeded = done.has_value();
    } catch (...) { // as above
    }
    auto const what = core_.reset_done(*c, succeeded, loop_.now());
    settle(std::move(c), what);
    pump();
}

task<> pool_engine::close(std::unique_ptr<pooled> c) {
    try {
        static_cast<void>(co_await as_result(with_timeout(options_.close_timeout, c->close())));
    } catch (...) { // it ends here either way
    }
    core_.closed(*c);
    c.reset();
    pump();
}

operation<> pool_engine::close(engine_reference self) {
    context const& here = co_await this_context();
    if (here.loop != &self->loop_) co_return used_from_another_loop("a pool");
    self->core_.shut();
    if (self->work_) self->work_->cancel();
    self->pump();
    auto const ended = co_await as_result(with_timeout(self->options_.close_timeout, self->empty_.wait()));
    if (ended.has_error()) self->abort_all();
    co_return result<>();
}

// Destroying the scopes destroys what is under way in them, however it may hang.
void pool_engine::abort_all() noexcept {
    core_.cut_off_leases();
    pump();
    core_.forget_background();
    work_.reset();
    closing_.reset();
    empty_.set();
}

pool_statistics pool_engine::statistics() const noexcept {
    pool_statistics all;
    static_cast<pool_counts&>(all) = core_.counts();
    all.state = core_.state();
    all.wait = core_.journal().wait();
    all.hold = core_.journal().hold();
    all.connect = core_.journal().connect();
    return all;
}

void give_back(pooled& c) noexcept {
    if (c.pool != nullptr)
        c.pool->take_back(c);
    else
        delete &c;
}

void destroy(pool_engine& e) noexcept { delete &e; }

pool_engine_handle::~pool_engine_handle() {
    if (engine_) engine_->end();
}

pool_engine_handle make_pool_engine(loop& l, std::function<std::unique_ptr<pooled>()> make, pool_options const& o) {
    check(o).value();
    auto* const made = new pool_engine(l, std::move(make), o, seed_or_random(o.jitter_seed));
    return pool_engine_handle(engine_reference(*made, *made));
}

void ready(pool_engine& e) noexcept { e.ready(); }
void clear(pool_engine& e, bool interrupt_in_use) noexcept { e.clear(interrupt_in_use); }
operation<> close(engine_reference e) { return pool_engine::close(std::move(e)); }
pool_state state(pool_engine const& e) noexcept { return e.state(); }
pool_statistics statistics(pool_engine const& e) noexcept { return e.statistics(); }

void watch(pool_engine& e, pool_watcher* w) noexcept { e.watch(w); }
bool starved(pool_engine const& e) noexcept { return e.starved(); }
bool give_up_permit(pool_engine& e) noexcept { return e.give_up_permit(); }
bool permits_free(pool_engine const& e) noexcept { return e.permits_free(); }
void add_permit(pool_engine& e) noexcept { e.add_permit(); }
std::size_t permits(pool_engine const& e) noexcept { return e.permits(); }

} // namespace coda::detail
