// SPDX-License-Identifier: BSL-1.0
#include <coda/retry/backoff.hpp>
#include <coda/runtime/option_check.hpp>

#include <algorithm>
#include <limits>

namespace coda {

namespace {

// min(cap, base * 2^doublings), without overflow.
duration exponential(duration base, duration cap, unsigned doublings) noexcept {
    constexpr unsigned bits = std::numeric_limits<duration::rep>::digits;
    if (doublings >= bits || base.count() > (cap.count() >> doublings)) return cap;
    return base * (duration::rep{1} << doublings);
}

} // namespace

duration backoff::delay(unsigned retry, duration previous, random_source const& random) const {
    duration const d = exponential(base, cap, retry > 0 ? retry - 1 : 0);
    switch (jitter) {
    case coda::jitter::none: return d;
    case coda::jitter::full: return random.between(duration::zero(), d);
    case coda::jitter::equal: return random.between(d / 2, d);
    case coda::jitter::decorrelated: return std::min(cap, random.between(base, std::max(base, previous) * 3));
    }
    return d;
}

result<> check(backoff const& b) {
    auto const in_range = first_error({check_duration("backoff.base", b.base), check_duration("backoff.cap", b.cap)});
    if (in_range.has_error() || b.cap >= b.base) return in_range;
    return error(make_error_code(errc::invalid_argument), "backoff.cap must not be less than backoff.base");
}

} // namespace coda
