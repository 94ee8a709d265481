// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/detail/child.hpp>

#include <concepts>
#include <type_traits>

namespace coda::detail {

// What the parts of this module are put around: called without arguments, perhaps several times, it gives something to
// be awaited.
template <class F>
concept call = std::invocable<F&> && awaitable<std::invoke_result_t<F&>>;

// What awaiting that gives.
template <call F>
using call_value_t = child_value_t<std::invoke_result_t<F&>>;

// Awaits it; the outcome is a result.
template <call F>
using call_awaiter_t = result_awaiter<std::invoke_result_t<F&>>;

} // namespace coda::detail
