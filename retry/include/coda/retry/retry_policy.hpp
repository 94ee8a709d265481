// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/retry/backoff.hpp>
#include <coda/retry/retry_budget.hpp>

#include <cstddef>
#include <type_traits>

namespace coda {

/// What `retry` may do: a value, trivially copyable. What is retried at all is in decision.hpp.
///
///     coda::retry_policy{.max_attempts = 5, .idempotent = true, .budget = &budget}
struct retry_policy {
    /// Attempts at most, the first included. 1 to 1,000; 1 tries nothing again.
    std::size_t max_attempts = 3;
    /// The wait before each retry.
    coda::backoff backoff{};
    /// Whether doing it twice is as good as doing it once. Only then is a request sent again of which it is not known
    /// whether it was done.
    bool idempotent = false;
    /// Shared with other calls to the same server; null: no bound but `max_attempts`.
    retry_budget* budget = nullptr;
    /// Of the jitter.
    random_source random{};
    /// Another opinion of what kind of failure an error is; null: `error::kind()`. Must not throw.
    error_class (*classify)(error const&) noexcept = nullptr;

    /// The defaults: what passes by itself is tried again, at most three times altogether, and nothing that may have
    /// been done.
    static constexpr retry_policy transient() noexcept { return {}; }
};
static_assert(std::is_trivially_copyable_v<retry_policy>);

/// errc::invalid_argument, naming the option, its range and its value, for what is out of range.
result<> check(retry_policy const&);

} // namespace coda
