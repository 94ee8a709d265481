// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/loop.hpp>
#include <coda/runtime/task.hpp>

#include <functional>

namespace coda::bench {

/// In milliseconds.
struct lateness {
    double p50 = 0;
    double p99 = 0;
    double longest = 0;
    double busiest = 0; ///< processor time of the loop's thread between two beats, at most: what a quiet machine shows
};

/// Runs `work` on the loop, and beside it so many beats of 10 ms; `work` is cancelled after the last one. How long
/// after its time each beat came.
lateness lateness_beside(loop& l, std::function<task<>()> const& work, int beats);

} // namespace coda::bench
