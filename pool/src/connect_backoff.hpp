// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "jitter.hpp"

#include <algorithm>

namespace coda::detail {

// When to try to connect again: exponential, with equal jitter. One for a whole pool, so that its waiters do not add up
// to a storm.
class connect_backoff {
public:
    connect_backoff(duration first, duration most) noexcept : first_(first), most_(most) {}

    bool failing() const noexcept { return delay_ != duration::zero(); }
    // Not before then.
    time_point retry_at() const noexcept { return retry_at_; }

    // Gives how long to wait.
    duration failed(time_point now, jitter& random) noexcept {
        delay_ = failing() ? std::min(delay_ < most_ / 2 ? 2 * delay_ : most_, most_) : first_;
        duration const wait = random.spread(delay_, 0.5);
        retry_at_ = now + wait;
        return wait;
    }
    // An attempt that hangs does not keep the next one from being made.
    void begun(time_point now, jitter& random) noexcept {
        if (failing()) retry_at_ = now + random.spread(delay_, 0.5);
    }
    void succeeded() noexcept {
        delay_ = duration::zero();
        retry_at_ = time_point::min();
    }

private:
    duration first_;
    duration most_;
    duration delay_{};
    time_point retry_at_ = time_point::min();
};

} // namespace coda::detail
