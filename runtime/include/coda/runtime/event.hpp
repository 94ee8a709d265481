// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/operation.hpp>
#include <coda/runtime/waiter.hpp>

/// A flag that tasks of one loop wait for.
///
///     coda::event ready;
///     co_await ready.wait();     // elsewhere: ready.set();
namespace coda {

/// Manual-reset event. One loop only. Must outlive its waiters.
class event {
public:
    explicit event(bool set = false) noexcept : set_(set) {}
    event(event const&) = delete;
    event& operator=(event const&) = delete;

    /// Whether a wait would end at once.
    bool is_set() const noexcept { return set_; }
    /// Wakes all who wait, in the order they came, and lets later ones pass.
    void set() noexcept {
        set_ = true;
        waiters_.wake_all();
    }
    /// Makes later ones wait. Who was woken already still passes.
    void reset() noexcept { set_ = false; }

    class wait_awaiter;
    struct [[nodiscard]] wait_awaitable {
        event& e;
        wait_awaiter operator co_await() const noexcept;
    };

    /// Waits until the event is set; at once if it is. Cancelled by its context: ends with the reason (errc::cancelled,
    /// errc::timed_out).
    wait_awaitable wait() noexcept { return {*this}; }

private:
    bool set_;
    wait_queue waiters_;
};

class event::wait_awaiter : public void_waiter {
public:
    explicit wait_awaiter(event& e) noexcept : event_(e) {}
    bool await_ready() const noexcept { return event_.set_; }
    bool await_suspend(std::coroutine_handle<> h, context const* ctx) noexcept {
        return event_.waiters_.suspend(*this, h, ctx);
    }

private:
    event& event_;
};

inline event::wait_awaiter event::wait_awaitable::operator co_await() const noexcept { return wait_awaiter(e); }

} // namespace coda
