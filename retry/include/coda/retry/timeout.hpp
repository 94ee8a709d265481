// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/retry/detail/call.hpp>
#include <coda/retry/detail/nested_await.hpp>
#include <coda/runtime/deadline.hpp>
#include <coda/runtime/option_check.hpp>

#include <optional>

/// A limit of time as a stage of a pipeline: before `retry` it bounds all attempts together, behind it each of them.
///
///     co_await coda::pipeline(coda::timeout(2s), coda::retry(policy), coda::timeout(250ms))(fn);
namespace coda {

namespace detail {

template <call F>
class timeout_awaiter : public nested_await {
public:
    timeout_awaiter(duration d, F&& fn) : limit_(d), fn_(std::move(fn)) {}

    std::coroutine_handle<> await_suspend(std::coroutine_handle<> h, context const* ctx) {
        time_point const now = ctx->loop->now();
        context_.emplace(*ctx, limit_ < no_deadline - now ? now + limit_ : no_deadline);
        inner_.emplace(fn_());
        return begin(*inner_, h, &context_->get());
    }
    result<call_value_t<F>> await_result() { return inner_->await_result(); }
    call_value_t<F> await_resume() { return value_or_throw(await_result()); }

private:
    duration limit_;
    F fn_;
    std::optional<deadline_context> context_;
    std::optional<call_awaiter_t<F>> inner_;
};

} // namespace detail

/// What is called through it has a deadline `d` from then, or the inherited one if that is earlier, as with
/// `with_timeout`.
class timeout {
public:
    /// Throws `exception` (errc::invalid_argument) unless `d` is more than 0 and at most 24 h.
    explicit timeout(duration d) : limit_(d) { check_duration("timeout", d).value(); }

    /// Awaits `fn()` under the limit. `fn` is kept.
    template <detail::call F>
    auto operator()(F fn) const {
        return detail::kept_awaitable<detail::timeout_awaiter<F>, duration, F>(limit_, std::move(fn));
    }

private:
    duration limit_;
};

} // namespace coda
