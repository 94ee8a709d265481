// SPDX-License-Identifier: BSL-1.0
#include <coda/retry/concurrency_limiter.hpp>
#include <coda/runtime/option_check.hpp>

namespace coda {

result<> check(concurrency_limiter_options const& o) {
    auto const bounds = first_error({check_range("min_limit", o.min_limit, 1, 100'000),
                                     check_range("max_limit", o.max_limit, o.min_limit, 100'000)});
    if (bounds.has_error()) return bounds;
    return first_error({
        check_range("initial_limit", o.initial_limit, o.min_limit, o.max_limit),
        check_range("max_waiters", o.max_waiters, 0, 10'000'000),
        check_duration("window", o.window),
        check_duration("baseline_for", o.baseline_for),
        check_range("tolerance_percent", o.tolerance_percent, 100, 1'000),
    });
}

concurrency_limiter::concurrency_limiter(concurrency_limiter_options o)
    : bounded_queue(o.max_waiters),
      limit_({.initial = o.initial_limit,
              .least = o.min_limit,
              .most = o.max_limit,
              .window = o.window,
              .baseline_for = o.baseline_for,
              .tolerance_percent = o.tolerance_percent}) {
    check(o).value();
}

void concurrency_limiter::leave(duration took, health h, time_point now) noexcept {
    if (h == health::good) limit_.sample(now, took, in_flight_);
    if (h == health::bad) limit_.dropped(now);
    give_back();
}

void concurrency_limiter::give_back() noexcept {
    --in_flight_;
    serve();
}

void concurrency_limiter::serve() noexcept {
    while (waiting() > 0 && in_flight_ < limit_.limit()) {
        ++in_flight_;
        static_cast<acquire_awaiter&>(front()).granted_ = true;
        wake_front();
    }
}

concurrency_limiter::acquire_awaiter::~acquire_awaiter() {
    if (waiting()) leave();
    if (granted_) limiter_.give_back();
}

bool concurrency_limiter::acquire_awaiter::await_suspend(std::coroutine_handle<> h, context const* ctx) noexcept {
    loop_ = ctx->loop;
    set_failure({});
    if (limiter_.waiting() == 0 && limiter_.in_flight_ < limiter_.limit()) {
        ++limiter_.in_flight_;
        granted_ = true;
        return false;
    }
    return join(h, ctx);
}

result<concurrency_limiter::pass> concurrency_limiter::acquire_awaiter::await_result() noexcept {
    if (!std::exchange(granted_, false)) return error(failure());
    return pass(limiter_, loop_->now()); // what it takes begins now: the wait was ours
}

} // namespace coda
