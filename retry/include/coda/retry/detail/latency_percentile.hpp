// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/context.hpp>

#include <array>
#include <cstddef>

namespace coda::detail {

// A percentile of the latest latencies: exact, of the last 128, computed anew after every 16.
class latency_percentile {
public:
    explicit latency_percentile(std::size_t percent) noexcept : percent_(percent) {}

    void add(duration latency) noexcept {
        latest_[count_ % latest_.size()] = latency;
        if (++count_ % every == 0) compute();
    }
    // Whether enough were seen to say.
    bool known() const noexcept { return count_ >= enough; }
    duration value() const noexcept { return value_; }

private:
    static constexpr std::size_t every = 16;
    static constexpr std::size_t enough = 64;
    static_assert(enough % every == 0);

    void compute() noexcept;

    std::array<duration, 128> latest_{};
    std::size_t count_ = 0;
    std::size_t percent_;
    duration value_{};
};

} // namespace coda::detail
