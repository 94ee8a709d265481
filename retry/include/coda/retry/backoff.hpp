// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/retry/random.hpp>
#include <coda/runtime/error.hpp>

#include <type_traits>

/// How long to wait before trying again: longer each time, and not all callers at the same moment.
///
///     auto const wait = coda::backoff().delay(retry, previous, random);
///     coda::backoff::constant(100ms)
///     coda::backoff{.base = 20ms, .cap = 2s, .jitter = coda::jitter::decorrelated}
namespace coda {

/// How a delay is drawn. With `d` the exponential one, min(cap, base * 2^(retry - 1)). The names are those of
/// "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015), whose simulation is one of the tests.
enum class jitter : unsigned char {
    none,         ///< d. Callers that failed together come back together: only where there is one
    full,         ///< 0 to d: least work for a contended server
    equal,        ///< d/2 to d
    decorrelated, ///< base to three times the delay before, at most `cap`
};

/// The delays between the attempts of one call. A value: it has no state.
struct backoff {
    /// What the first delay is drawn from. More than 0, at most 24 h.
    duration base = std::chrono::milliseconds(50);
    /// No delay is longer. `base` to 24 h.
    duration cap = std::chrono::seconds(5);
    coda::jitter jitter = coda::jitter::full;

    /// The same delay each time.
    static constexpr backoff constant(duration d, coda::jitter j = coda::jitter::none) noexcept { return {d, d, j}; }

    /// The delay before a retry. `retry` counts from 1 (0 is taken for 1); `previous` is the delay before the one
    /// before, zero at first.
    duration delay(unsigned retry, duration previous, random_source const& random) const;
};
static_assert(std::is_trivially_copyable_v<backoff>);

/// errc::invalid_argument, naming the option, its range and its value, for what is out of range.
result<> check(backoff const&);

} // namespace coda
