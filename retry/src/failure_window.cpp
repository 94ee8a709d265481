// SPDX-License-Identifier: BSL-1.0
#include <coda/retry/detail/failure_window.hpp>

#include <algorithm>

namespace coda::detail {

void failure_window::advance(time_point now) noexcept {
    auto const newest = now.time_since_epoch() / slice_;
    // More slices than there are have passed as if all had.
    auto const first = std::max(at_ + 1, newest - slices + 1);
    for (auto gone = first; gone <= newest; ++gone) {
        auto& s = ring_[static_cast<std::size_t>(gone % slices)];
        sum_.calls -= s.calls;
        sum_.failures -= s.failures;
        s = {};
    }
    at_ = newest;
    end_ = time_point((newest + 1) * slice_);
}

} // namespace coda::detail
