// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/error.hpp>

/// What the end of a call says about the server: circuit breakers and concurrency limiters read it.
namespace coda {

/// How a server looks after one call.
enum class health : unsigned char {
    good,    ///< it answered; "no" is an answer
    bad,     ///< it failed, was not reached, took too long or asked for less
    unknown, ///< the call says nothing about it: cancelled, or never sent for a reason of this side's
};

/// What a failure says. The table is in docs/retry.md.
constexpr health health_after(error_class kind, outcome what) noexcept {
    switch (kind) {
    case error_class::permanent: return what == outcome::completed ? health::good : health::unknown;
    case error_class::conflict: return health::good;
    case error_class::cancelled: return health::unknown;
    case error_class::expired:
    case error_class::transient:
    case error_class::connection_lost:
    case error_class::throttled:
    case error_class::unconfirmed: break;
    }
    return health::bad;
}

/// The same of a call's outcome; `good` where it succeeded, `unknown` where a queue of this side's was full.
template <class T>
health health_after(result<T> const& ended) noexcept {
    if (ended.has_value()) [[likely]]
        return health::good;
    error const e = ended.error();
    if (e.code() == errc::queue_full) return health::unknown;
    return health_after(e.kind(), e.outcome());
}

} // namespace coda
