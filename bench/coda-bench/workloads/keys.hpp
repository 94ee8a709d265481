// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <cstdint>

namespace coda::bench {

/// An endless sequence of uniformly distributed keys (SplitMix64): eight bytes, so that ten thousand
/// operations in flight can each have their own.
class key_sequence {
public:
    /// Sequences with different `seed` or `stream` have nothing in common.
    constexpr key_sequence(std::uint64_t seed, std::uint64_t stream) noexcept : state_(mix(mix(seed) ^ stream)) {}

    /// The next key, from 1 to `last`.
    constexpr std::int64_t next(std::int64_t last) noexcept {
        state_ += 0x9e3779b97f4a7c15;
        return static_cast<std::int64_t>(mix(state_) % static_cast<std::uint64_t>(last)) + 1;
    }

private:
    static constexpr std::uint64_t mix(std::uint64_t z) noexcept {
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }

    std::uint64_t state_;
};

} // namespace coda::bench
