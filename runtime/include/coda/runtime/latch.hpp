// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/event.hpp>

#include <algorithm>
#include <cstddef>

/// Waiting until a number of things have happened.
///
///     coda::latch ready(3);
///     co_await ready.wait();     // elsewhere, three times: ready.count_down();
namespace coda {

/// Counts down to zero once. One loop only. Must outlive its waiters.
class latch {
public:
    /// Zero: open from the start.
    explicit latch(std::size_t count) noexcept : count_(count), open_(count == 0) {}

    /// Counts `n` down; at zero all who wait are woken, in the order they came. What exceeds the count is ignored.
    void count_down(std::size_t n = 1) noexcept {
        count_ -= std::min(n, count_);
        if (count_ == 0) open_.set();
    }
    /// What is left to count.
    std::size_t count() const noexcept { return count_; }

    /// Waits until the count is zero; at once if it is. Cancelled by its context: ends with the reason
    /// (errc::cancelled, errc::timed_out); the count is unchanged.
    event::wait_awaitable wait() noexcept { return open_.wait(); }

private:
    std::size_t count_;
    event open_;
};

} // namespace coda
