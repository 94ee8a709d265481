// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/cancellation.hpp>
#include <coda/runtime/fwd.hpp>

#include <array>
#include <chrono>
#include <cstdint>

namespace coda {

namespace detail {
// Has a task run on a loop for a caller on another, who may himself be under one.
struct carrier {
    carrier const* outer;
};
// Of tasks of which that is not known.
extern carrier const unknown_carrier;
} // namespace detail

/// A moment on the loop's clock.
using time_point = std::chrono::steady_clock::time_point;
/// A length of time on it.
using duration = std::chrono::steady_clock::duration;

/// "No deadline."
inline constexpr time_point no_deadline = time_point::max();

/// Where a request stands in a distributed trace, as W3C Trace Context defines it.
struct trace_context {
    std::array<std::uint8_t, 16> trace_id{};
    std::array<std::uint8_t, 8> span_id{};
    std::uint8_t flags = 0;
};

/// What a task inherits from its parent. It travels forward only, by pointer: an awaiter that declares
///
///     void await_suspend(std::coroutine_handle<> h, coda::context const* ctx);
///
/// receives the context of the task that awaits it. The context outlives every await made under it. `with_deadline`,
/// `with_cancellation`, `shield` and `with_trace` run a child under a changed copy.
struct context {
    coda::loop* loop = nullptr;
    cancel_token cancel;
    time_point deadline = no_deadline;
    trace_context const* trace = nullptr;
    /// For the library: by what the task came to its loop; null under the loop's own root.
    detail::carrier const* carrier = nullptr;
};

} // namespace coda
