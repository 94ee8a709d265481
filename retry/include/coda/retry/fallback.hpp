// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/retry/detail/call.hpp>

#include <concepts>
#include <type_traits>

/// Something instead of the value that could not be had: a default, what the cache has, another server's answer.
///
///     auto const settings = co_await coda::fallback([&](coda::error const&) { return defaults; })(load);
namespace coda {

namespace detail {

template <class Handler, class T>
concept gives_value = std::convertible_to<std::invoke_result_t<Handler const&, error const&>, result<T>>;

// `Handler` is a value, or a reference to the stage's.
template <class Handler, call F>
operation<call_value_t<F>> run_fallback(Handler const handler, F fn) {
    using value = call_value_t<F>;
    auto ended = co_await as_result(fn());
    if (ended.has_value() || ended.error().kind() == error_class::cancelled) co_return std::move(ended);
    if constexpr (gives_value<std::remove_cvref_t<Handler>, value>) {
        co_return handler(ended.error());
    } else {
        auto instead = co_await as_result(handler(ended.error()));
        co_return std::move(instead);
    }
}

template <class Handler>
class fallback_stage {
public:
    explicit fallback_stage(Handler h) : handler_(std::move(h)) {}

    template <call F>
    auto operator()(F fn) const& {
        return run_fallback<Handler const&>(handler_, std::move(fn));
    }
    template <call F>
    auto operator()(F fn) && {
        return run_fallback<Handler>(std::move(handler_), std::move(fn));
    }

private:
    Handler handler_;
};

} // namespace detail

/// A stage that awaits its call and, where that fails, gives what `handler(error)` gives instead: a T, a result<T>, or
/// an awaitable of T. A call that was cancelled is not replaced. Outermost in a pipeline it also replaces what ran out
/// of time. A named stage must outlive the awaits made with it; `handler` is kept.
template <std::invocable<error const&> Handler>
auto fallback(Handler handler) {
    return detail::fallback_stage<Handler>(std::move(handler));
}

} // namespace coda
