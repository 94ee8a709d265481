// SPDX-License-Identifier: BSL-1.0
#include <coda/retry/detail/latency_percentile.hpp>

#include <algorithm>

namespace coda::detail {

void latency_percentile::compute() noexcept {
    auto sorted = latest_;
    auto const n = std::min(count_, sorted.size());
    auto const rank = std::min(n * percent_ / 100, n - 1);
    auto const at = sorted.begin() + static_cast<std::ptrdiff_t>(rank);
    std::nth_element(sorted.begin(), at, sorted.begin() + static_cast<std::ptrdiff_t>(n));
    value_ = *at;
}

} // namespace coda::detail
