// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/retry/detail/attempts.hpp>
#include <coda/retry/detail/call.hpp>
#include <coda/retry/error.hpp>
#include <coda/runtime/sleep.hpp>
#include <coda/runtime/this_context.hpp>

/// Tries again what failed for a reason that passes.
///
///     co_await coda::retry(coda::retry_policy::transient(), [&]() -> coda::task<> {
///         co_await db.transaction([&](coda::pg::transaction& tx) -> coda::task<> { ... });
///     });
namespace coda {

namespace detail {

template <call F>
operation<call_value_t<F>> run_retry(retry_policy const policy, F fn, result<> const checked) {
    using value = call_value_t<F>;
    context const& ctx = co_await this_context();
    if (checked.has_error()) co_return failed<value>(checked.error());
    attempts tries(policy, ctx);
    while (true) {
        auto ended = co_await as_result(fn());
        if (ended.has_value()) {
            tries.succeeded();
            co_return std::move(ended);
        }
        auto const wait = tries.failed(std::move(ended).error());
        if (!wait) co_return failed<value>(tries.failure());
        auto const slept = co_await as_result(sleep_for(*wait));
        if (slept.has_error()) co_return failed<value>(tries.interrupted(slept.error()));
    }
}

} // namespace detail

/// Awaits `fn()`, and again as `policy` says. `fn` returns task<T>, operation<T> or another wait of the library; what a
/// task throws as coda::exception is an error like any other, other exceptions pass through. An `fn` of several
/// requests should be one transaction: all of it is done again, whichever of them failed.
///
/// Ends with the value, or with the error of the last attempt, whose details have all attempts (`retry_error`); an
/// error that nothing can be done about is given as it is. It never waits past the deadline: where the next attempt
/// could only begin after it, it ends at once. Cancelled while it waits: ends at once with the reason. `fn` is kept;
/// what it refers to, and what `policy` points to, must outlive the await. errc::invalid_argument for a policy out of
/// range.
template <detail::call F>
operation<detail::call_value_t<F>> retry(retry_policy const& policy, F fn) {
    return detail::run_retry(policy, std::move(fn), check(policy));
}

namespace detail {

class retry_stage {
public:
    explicit retry_stage(retry_policy const& p) : policy_(p) { check(p).value(); }

    template <call F>
    operation<call_value_t<F>> operator()(F fn) const {
        return run_retry(policy_, std::move(fn), {});
    }

private:
    retry_policy policy_;
};

} // namespace detail

/// The same as a stage of a `pipeline`. Throws `exception` (errc::invalid_argument) for a policy out of range.
inline detail::retry_stage retry(retry_policy const& policy) { return detail::retry_stage(policy); }

} // namespace coda
