// SPDX-License-Identifier: BSL-1.0
#include "pool_engine.hpp"

#include <coda/pool/error.hpp>
#include <coda/pool/pool.hpp>
#include <coda/runtime/deadline.hpp>
#include <coda/runtime/this_context.hpp>

#include <cassert>

namespace coda::detail {

namespace {

// The exception being handled as an error: what a user's type throws is a failure of the connection, not of the pool.
error current_failure() noexcept {
    try {
        throw;
    } catch (exception const& e) {
        return e.error();
    } catch (std::bad_alloc const&) {
        return make_error_code(boost::system::errc::not_enough_memory);
    } catch (std::exception const& e) {
        try {
            return {make_error_code(errc::not_connected), e.what()};
        } catch (std::bad_alloc const&) {
            return errc::not_connected;
        }
    } catch (...) {
        return errc::not_connected;
    }
}

pooled& connection_of(pool_action const& a) noexcept { return static_cast<pooled&>(*a.connection); }

} // namespace

pool_engine::pool_engine(loop& l, std::function<std::unique_ptr<pooled>()> make, pool_options const& o)
    : loop_(l), make_(std::move(make)), options_(o), core_(o), closing_(std::in_place, l), work_(std::in_place, l) {}

// What is under way goes last: its connections may hold on to whatever.
void pool_engine::end() noexcept {
    core_.shut();
    while (slot* leased = core_.let_go()) static_cast<pooled&>(*leased).pool = nullptr;
    for (auto a = core_.next({}); a.to_do != step::nothing; a = core_.next({})) {
        if (a.waiter != nullptr)
            static_cast<acquisition&>(*a.waiter).refuse(errc::closed);
        else
            delete &connection_of(a);
    }
    work_.reset();
    closing_.reset();
    core_.forget_background();
    make_ = nullptr;
    empty_.set();
}

pooled* pool_engine::take() noexcept { return static_cast<pooled*>(core_.take(loop_.now())); }

std::optional<error> pool_engine::refusal() const noexcept {
    if (core_.is_shut()) return errc::closed;
    if (core_.full()) return ended(errc::queue_full, loop_.now());
    return {};
}

void pool_engine::wait(acquisition& a) noexcept {
    core_.wait(a);
    pump();
}

// noexcept: without memory for the details there is still the code.
error pool_engine::ended(error_code reason, time_point since) const noexcept {
    if (reason != errc::timed_out && reason != errc::queue_full) return reason;
    try {
        auto details = std::make_shared<acquire_error>();
        details->waited = loop_.now() - since;
        details->pool = statistics();
        details->last_connect_error = last_connect_error_;
        return {reason, outcome::not_sent, std::move(details)};
    } catch (std::bad_alloc const&) {
        return reason;
    }
}

void pool_engine::take_back(pooled& c) noexcept {
    assert(loop_.in_loop_thread() && "a lease was returned on another thread than its pool's");
    settle(std::unique_ptr<pooled>(&c), core_.returned(c, loop_.now()));
    pump();
}

void pool_engine::pump() noexcept {
    time_point const now = loop_.now();
    for (auto a = core_.next(now); a.to_do != step::nothing; a = core_.next(now)) {
        switch (a.to_do) {
        case step::hand_out: static_cast<acquisition&>(*a.waiter).grant(connection_of(a)); break;
        case step::fail: static_cast<acquisition&>(*a.waiter).refuse(errc::closed); break;
        case step::open: begin_open(); break;
        default: settle(std::unique_ptr<pooled>(&connection_of(a)), a.to_do);
        }
    }
    if (core_.is_shut() && statistics().size() == 0) empty_.set();
}

void pool_engine::begin_open() noexcept {
    try {
        work_->spawn(open());
    } catch (...) {
        connect_failed(current_failure());
    }
}

void pool_engine::settle(std::unique_ptr<pooled> c, step what) noexcept {
    try {
        switch (what) {
        case step::keep: static_cast<void>(c.release()); break; // the core has it, and gives it back by name
        case step::check: work_->spawn(check(std::move(c))); break;
        case step::reset: work_->spawn(reset(std::move(c))); break;
        case step::close: closing_->spawn(close(std::move(c))); break;
        default: break; // dropped
        }
    } catch (std::bad_alloc const&) {
        core_.lost(what);
    }
}

void pool_engine::connect_failed(error const& why) noexcept {
    last_connect_error_ = why;
    if (claim* w = core_.connect_failed()) static_cast<acquisition&>(*w).refuse(why.with_outcome(outcome::not_sent));
}

task<> pool_engine::open() {
    std::unique_ptr<pooled> c;
    error why;
    try {
        c = make_();
        auto const done = co_await as_result(with_timeout(options_.connect_timeout, c->connect()));
        if (done.has_error())
            why = done.error();
        else if (!c->usable())
            why = errc::connection_lost;
    } catch (...) {
        why = current_failure();
    }
    if (why.code().failed()) {
        c.reset();
        connect_failed(why);
    } else {
        last_connect_error_.reset();
        c->pool = this;
        auto const what = core_.connected(*c, loop_.now());
        settle(std::move(c), what);
    }
    pump();
}

task<> pool_engine::check(std::unique_ptr<pooled> c) {
    bool passed = false;
    try {
        auto const done = co_await as_result(with_timeout(options_.validate_timeout, c->ping()));
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
        auto const done = co_await as_result(with_timeout(options_.reset_timeout, c->reset()));
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
    c.reset();
    core_.closed();
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
    while (slot* leased = core_.let_go()) {
        auto& c = static_cast<pooled&>(*leased);
        c.pool = nullptr;
        c.abort();
    }
    work_.reset();
    closing_.reset();
    core_.forget_background();
    empty_.set();
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
    auto* const made = new pool_engine(l, std::move(make), o);
    return pool_engine_handle(engine_reference(*made, *made));
}

operation<> close(engine_reference e) { return pool_engine::close(std::move(e)); }

pool_statistics statistics(pool_engine const& e) noexcept { return e.statistics(); }

} // namespace coda::detail
