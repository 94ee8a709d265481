// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/context.hpp>

#include <cstdint>
#include <random>

namespace coda::detail {

// The seed that an option gives, where 0 asks for another one each time.
inline std::uint64_t seed_or_random(std::uint64_t seed) {
    return seed != 0 ? seed : (std::uint64_t{std::random_device()()} << 32) ^ std::random_device()();
}

// Random parts of durations, the same for the same seed (SplitMix64: one word of state, good enough to spread timers).
class jitter {
public:
    explicit jitter(std::uint64_t seed) noexcept : state_(seed) {}

    // Somewhere from `least` (0 to 1) of `d` to all of it.
    duration spread(duration d, double least) noexcept {
        double const part = least + (1 - least) * unit();
        return duration(static_cast<duration::rep>(static_cast<double>(d.count()) * part));
    }

private:
    double unit() noexcept { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
    std::uint64_t next() noexcept {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }

    std::uint64_t state_;
};

} // namespace coda::detail
