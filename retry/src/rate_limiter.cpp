// SPDX-License-Identifier: BSL-1.0
#include <coda/retry/rate_limiter.hpp>
#include <coda/runtime/option_check.hpp>

#include <algorithm>

namespace coda {

result<> check(rate_limiter_options const& o) {
    return first_error({
        check_range("permits", o.permits, 1, 1'000'000),
        check_duration("per", o.per, std::chrono::hours(1)),
        check_range("burst", o.burst, 1, 1'000'000),
        check_range("max_waiters", o.max_waiters, 0, 10'000'000),
    });
}

rate_limiter::rate_limiter(rate_limiter_options o)
    : bounded_queue(o.max_waiters), timer(&due), options_(o), full_(price(o.burst)), level_(full_) {
    check(o).value();
}

void rate_limiter::refill(time_point now) noexcept {
    if (now <= refilled_) return;
    // The first time, it is full already, and the difference might overflow.
    if (refilled_ != time_point::min()) {
        auto const passed = static_cast<units>((now - refilled_).count());
        units const missing = full_ - level_;
        level_ = passed > missing / options_.permits ? full_ : level_ + passed * options_.permits;
    }
    refilled_ = now;
}

bool rate_limiter::try_acquire(time_point now, std::size_t n) noexcept {
    if (waiting() > 0 || n > options_.burst) return false;
    refill(now);
    if (level_ < price(n)) return false;
    level_ -= price(n);
    return true;
}

// Whether the turn of one who asks now would come before his deadline, if none of those before him gives up.
bool rate_limiter::in_time(context const& ctx, std::size_t n) noexcept {
    if (ctx.deadline == no_deadline) return true;
    time_point const now = ctx.loop->now();
    refill(now);
    double const missing =
        static_cast<double>(wanted_ + n) * static_cast<double>(options_.per.count()) - static_cast<double>(level_);
    return missing / static_cast<double>(options_.permits) < static_cast<double>((ctx.deadline - now).count());
}

// Wakes those whose turn it is, and sets the timer for the next.
void rate_limiter::serve(loop& l) noexcept {
    refill(l.now());
    while (waiting() > 0) {
        auto& oldest = static_cast<acquire_awaiter&>(front());
        units const wants = price(oldest.n_);
        if (level_ < wants) {
            auto const wait = (wants - level_ + options_.permits - 1) / options_.permits;
            return l.arm(*this, refilled_ + duration(static_cast<duration::rep>(wait)));
        }
        level_ -= wants;
        wanted_ -= oldest.n_;
        oldest.granted_ = &l;
        wake_front();
    }
    l.disarm(*this);
}

void rate_limiter::left(member& m) noexcept {
    wanted_ -= static_cast<acquire_awaiter&>(m).n_;
    serve(*m.ctx()->loop);
}

// Destroyed before he took what he was given: it is for those behind.
void rate_limiter::give_back(std::size_t n, loop& l) noexcept {
    level_ = std::min(full_, level_ + price(n));
    serve(l);
}

void rate_limiter::due(timer& t) noexcept {
    auto& self = static_cast<rate_limiter&>(t);
    self.serve(*self.front().ctx()->loop);
}

bool rate_limiter::acquire_awaiter::await_suspend(std::coroutine_handle<> h, context const* ctx) noexcept {
    set_failure({});
    if (limiter_.try_acquire(ctx->loop->now(), n_)) {
        granted_ = ctx->loop;
        return false;
    }
    if (n_ > limiter_.options_.burst) {
        set_failure(errc::invalid_argument);
        return false;
    }
    if (ctx->cancel.requested()) {
        set_failure(ctx->cancel.reason());
        return false;
    }
    if (!limiter_.in_time(*ctx, n_)) {
        set_failure(retry_errc::rate_limited);
        return false;
    }
    if (!join(h, ctx)) return false;
    limiter_.wanted_ += n_;
    if (limiter_.waiting() == 1) limiter_.serve(*ctx->loop);
    return true;
}

} // namespace coda
