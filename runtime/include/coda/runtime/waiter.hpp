// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/detail/awaitable.hpp>
#include <coda/runtime/loop.hpp>

#include <cassert>

/// What every wait of the library is made of: a coroutine suspended until somebody wakes it or its context is
/// cancelled. Awaiters derive from it or hold it; it lives in the coroutine's frame, so a wait allocates nothing, and a
/// frame that is destroyed takes its wait out of every queue.
namespace coda {

/// One suspended coroutine. Idle, then waiting (perhaps in a queue), then woken (in the loop's ready queue).
class waiter : public resumption, private cancel_callback {
public:
    waiter() noexcept : cancel_callback(&waiter::cancelled) {}

    /// Suspends `h`. False, with `failure()` set, when the context is cancelled already: do not suspend then.
    bool suspend(std::coroutine_handle<> h, context const* ctx) noexcept {
        handle = h;
        ctx_ = ctx;
        failure_ = {};
        if (ctx->cancel.requested()) {
            failure_ = ctx->cancel.reason();
            return false;
        }
        waiting_ = true;
        ctx->cancel.attach(static_cast<cancel_callback&>(*this));
        return true;
    }

    /// Resumes the coroutine in its loop's next step; whoever calls this has set what it waited for. Once per suspend.
    void wake() noexcept {
        assert(waiting_ && "a wait was ended twice");
        waiting_ = false;
        cancel_callback::unlink();
        resumption::unlink();
        ctx_->loop->schedule(*this);
    }

    /// The same, with an error.
    void fail(error_code reason) noexcept {
        failure_ = reason;
        wake();
    }

    /// Suspended and not yet woken.
    bool waiting() const noexcept { return waiting_; }
    /// Why the wait ended without what was waited for; empty when it succeeded.
    error_code const& failure() const noexcept { return failure_; }
    /// The context of the one who waits; null before the first `suspend`.
    context const* ctx() const noexcept { return ctx_; }

protected:
    /// For waits that must do more than leave a queue when cancelled: `on_cancel` runs instead, inside the request, and
    /// calls `fail` now or later.
    using cancel_function = void (*)(waiter&) noexcept;
    explicit waiter(cancel_function on_cancel) noexcept : cancel_callback(&waiter::cancelled), on_cancel_(on_cancel) {}

    /// For waits that fail without being suspended.
    void set_failure(error_code reason) noexcept { failure_ = reason; }

private:
    static void cancelled(cancel_callback& self) noexcept {
        auto& w = static_cast<waiter&>(self);
        if (w.on_cancel_ != nullptr) return w.on_cancel_(w);
        w.fail(w.ctx_->cancel.reason());
    }

    context const* ctx_ = nullptr;
    cancel_function on_cancel_ = nullptr;
    error_code failure_;
    bool waiting_ = false;
};

/// A waiter whose wait gives no value, only its success or failure.
class void_waiter : public waiter {
public:
    result<> await_result() const noexcept {
        if (failure()) return error(failure());
        return {};
    }
    void await_resume() const { detail::value_or_throw(await_result()); }

protected:
    using waiter::waiter;
};

/// A FIFO of waiters. A cancelled or destroyed waiter leaves in O(1).
class wait_queue {
public:
    /// Whether nobody waits.
    bool empty() const noexcept { return waiters_.empty(); }
    /// Suspends `h` behind all who wait. False, with `failure()` set, when its context is cancelled already.
    bool suspend(waiter& w, std::coroutine_handle<> h, context const* ctx) noexcept {
        if (!w.suspend(h, ctx)) return false;
        waiters_.push_back(w);
        return true;
    }
    /// The oldest waiter; there must be one.
    waiter& front() noexcept { return static_cast<waiter&>(waiters_.front()); }

    /// Wakes the oldest waiter; false when there is none.
    bool wake_one() noexcept {
        if (empty()) return false;
        front().wake();
        return true;
    }
    /// Wakes all who wait now, the oldest first.
    void wake_all() noexcept {
        while (wake_one()) {}
    }
    /// The same, with an error.
    void fail_all(error_code reason) noexcept {
        while (!empty()) front().fail(reason);
    }

private:
    detail::intrusive_list<resumption> waiters_;
};

} // namespace coda
