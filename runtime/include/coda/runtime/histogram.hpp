// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>

/// How long things take, cheap enough to be counted always.
///
///     coda::histogram waits;
///     waits.add(3ms);
///     auto const p99 = waits.quantile(0.99);
namespace coda {

/// Counts durations in log-linear buckets: 32 of them for each power of two, so that a quantile is within 1.6 % of the
/// truth at any magnitude, in 8 KiB and without allocating. Adding one costs a few nanoseconds. One thread only.
class histogram {
public:
    /// Adds one duration; negative ones count as 0, those above two minutes as the longest bucket.
    void add(std::chrono::nanoseconds d) noexcept {
        auto const ns = static_cast<std::uint64_t>(std::max<std::int64_t>(d.count(), 0));
        ++buckets_[std::min(index_of(ns), bucket_count - 1)];
        ++count_;
        max_ = std::max(max_, ns);
    }

    /// Adds everything that `other` has counted.
    void merge(histogram const& other) noexcept {
        for (std::size_t i = 0; i < bucket_count; ++i) buckets_[i] += other.buckets_[i];
        count_ += other.count_;
        max_ = std::max(max_, other.max_);
    }

    /// How many durations were added.
    [[nodiscard]] std::uint64_t count() const noexcept { return count_; }

    /// The longest duration added, exactly; 0 when there is none.
    [[nodiscard]] std::chrono::nanoseconds max() const noexcept { return std::chrono::nanoseconds(max_); }

    /// The duration that a share `q` (0 to 1) of all durations does not exceed; 0 when empty.
    [[nodiscard]] std::chrono::nanoseconds quantile(double q) const noexcept {
        auto const wanted =
            std::max<std::uint64_t>(1, static_cast<std::uint64_t>(q * static_cast<double>(count_) + 0.5));
        if (wanted >= count_) return max();
        std::uint64_t seen = 0;
        for (std::size_t i = 0; i < bucket_count; ++i) {
            seen += buckets_[i];
            if (seen >= wanted) return std::chrono::nanoseconds(std::min(middle_of(i), max_));
        }
        return max();
    }

private:
    static constexpr unsigned sub_bits = 5;
    static constexpr std::size_t per_octave = std::size_t{1} << sub_bits;
    static constexpr std::size_t bucket_count = 33 * per_octave;

    // Below 64 a bucket holds one value; above, the top six bits of the value choose its bucket.
    static constexpr std::size_t index_of(std::uint64_t ns) noexcept {
        auto const width = static_cast<unsigned>(std::bit_width(ns));
        unsigned const shift = width > sub_bits + 1 ? width - sub_bits - 1 : 0;
        return shift * per_octave + static_cast<std::size_t>(ns >> shift);
    }

    static constexpr std::uint64_t middle_of(std::size_t index) noexcept {
        auto const shift = index < 2 * per_octave ? 0 : index / per_octave - 1;
        auto const low = static_cast<std::uint64_t>(index - shift * per_octave) << shift;
        return low + ((std::uint64_t{1} << shift) >> 1);
    }

    std::array<std::uint64_t, bucket_count> buckets_{};
    std::uint64_t count_ = 0;
    std::uint64_t max_ = 0;
};

} // namespace coda
