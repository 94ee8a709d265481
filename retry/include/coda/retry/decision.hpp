// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/context.hpp>
#include <coda/runtime/error.hpp>

#include <cstddef>
#include <string_view>

/// Whether a failed request is tried again: one pure function, and the table in docs/retry.md is all of it.
namespace coda {

/// What is known when an attempt has failed.
struct failed_attempt {
    error_class kind = error_class::permanent;
    coda::outcome outcome = coda::outcome::unknown;
    bool idempotent = false;      ///< doing it twice is as good as doing it once
    std::size_t attempts = 1;     ///< made so far, this one included
    std::size_t max_attempts = 1; ///< that may be made
    bool budget = true;           ///< whether the budget has a retry left
    duration left{};              ///< until the deadline
    duration backoff{};           ///< as drawn for this retry
    duration retry_after{};       ///< what the server asks for; zero where it does not
};

/// What is to be done, or why nothing is.
enum class verdict : unsigned char {
    retry,         ///< try again, after `decision::wait`
    cancelled,     ///< the caller gave up
    permanent,     ///< it would end so again
    unsafe,        ///< it may have been done, and must not be done twice
    attempts_used, ///< as many attempts were made as may be
    no_time,       ///< the deadline comes before the wait is over
    budget_empty,  ///< too many retries were made lately
};

/// For people: "the deadline comes before the next attempt".
std::string_view to_string(verdict) noexcept;

/// What `decide` says.
struct decision {
    verdict what = verdict::permanent;
    duration wait{}; ///< before the next attempt: what the server asks for, and then the backoff
};

/// Decides. The first reason not to retry counts, in the order of `verdict`. What may have been done (outcome unknown,
/// or class unconfirmed) is repeated only where it is idempotent; an answer that it failed, or that it was never sent,
/// allows repeating anything. The server's wait comes before the drawn one, so that not all whom it told the same come
/// back at once.
constexpr decision decide(failed_attempt const& a) noexcept {
    bool const perhaps_done = a.outcome == outcome::unknown || a.kind == error_class::unconfirmed;
    if (a.kind == error_class::cancelled) return {verdict::cancelled};
    if (a.kind == error_class::permanent || a.kind == error_class::expired) return {verdict::permanent};
    if (perhaps_done && !a.idempotent) return {verdict::unsafe};
    if (a.attempts >= a.max_attempts) return {verdict::attempts_used};
    if (a.retry_after >= a.left || a.backoff >= a.left - a.retry_after) return {verdict::no_time}; // no overflow
    if (!a.budget) return {verdict::budget_empty};
    return {verdict::retry, a.retry_after + a.backoff};
}

} // namespace coda
