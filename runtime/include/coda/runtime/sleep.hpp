// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/operation.hpp>
#include <coda/runtime/waiter.hpp>

/// Waiting for a moment on the loop's clock.
///
///     co_await coda::sleep_for(100ms);
namespace coda {

namespace detail {

class sleep_awaiter : public void_waiter, private timer {
public:
    explicit sleep_awaiter(time_point until) noexcept : timer(&expired), until_(until) {}
    explicit sleep_awaiter(duration d) noexcept : timer(&expired), duration_(d) {}

    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> h, context const* ctx) noexcept {
        if (!suspend(h, ctx)) return false;
        if (duration_ != duration::zero()) {
            time_point const now = ctx->loop->now();
            until_ = duration_ < no_deadline - now ? now + duration_ : no_deadline;
        }
        ctx->loop->arm(*this, until_);
        return true;
    }

private:
    // Cancelled in the same turn, it is on its way already.
    static void expired(timer& t) noexcept {
        auto& self = static_cast<sleep_awaiter&>(t);
        if (self.waiting()) self.wake();
    }

    time_point until_{};
    duration duration_{};
};

template <class When>
struct [[nodiscard]] sleep_awaitable {
    When when;
    sleep_awaiter operator co_await() const noexcept { return sleep_awaiter(when); }
};

} // namespace detail

/// Waits for `d`; zero or less lets others run once. Cancelled by its context: ends at once with the reason.
inline detail::sleep_awaitable<duration> sleep_for(duration d) noexcept { return {d}; }

/// Waits until `when` on the loop's clock.
inline detail::sleep_awaitable<time_point> sleep_until(time_point when) noexcept { return {when}; }

} // namespace coda
