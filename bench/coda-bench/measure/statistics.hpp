// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

namespace coda::bench {

/// What several rounds say of one quantity: its median, and the range that the rounds cover.
struct estimate {
    double low = 0;
    double median = 0;
    double high = 0;
    std::size_t rounds = 0;

    /// The width of the range as a share of the median; 0 for a median of 0.
    [[nodiscard]] double spread() const noexcept { return median == 0 ? 0 : (high - low) / median; }
};

/// The estimate from one value a round; all zeros when there is none.
[[nodiscard]] inline estimate estimate_of(std::span<double const> values) {
    if (values.empty()) return {};
    std::vector<double> sorted(values.begin(), values.end());
    std::ranges::sort(sorted);
    auto const half = sorted.size() / 2;
    auto const median = sorted.size() % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
    return {sorted.front(), median, sorted.back(), sorted.size()};
}

/// The estimate of a/b from the two values of each round, which were measured next to each other: a
/// machine that was slow for a whole round does not move it. Rounds with b = 0 are left out.
[[nodiscard]] inline estimate ratio_of(std::span<double const> a, std::span<double const> b) {
    std::vector<double> ratios;
    for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i)
        if (b[i] != 0) ratios.push_back(a[i] / b[i]);
    return estimate_of(ratios);
}

/// Whether a ratio may be quoted.
enum class meaning {
    sound,          ///< quote it
    too_few_rounds, ///< fewer than three rounds: no idea of the noise
    stolen,         ///< the hypervisor took too much of the processors' time away
    no_difference,  ///< 1 is inside the rounds' range, or nearer to it than half the range's width
    scattered,      ///< there is a difference, but the rounds disagree on how large it is
};

inline constexpr std::size_t least_rounds = 3;   ///< fewer rounds than this prove nothing
inline constexpr double most_steal = 0.05;       ///< largest share of stolen time in any round
inline constexpr double most_disagreement = 1.5; ///< largest quotient of two rounds' ratios

/// Applies the rule. `steal` is the largest share of stolen time in the rounds behind the ratio; give
/// 0 for a ratio of processor times, which stolen time does not enter.
[[nodiscard]] inline meaning judge(estimate const& ratio, double steal) noexcept {
    if (ratio.rounds < least_rounds) return meaning::too_few_rounds;
    if (steal > most_steal) return meaning::stolen;
    auto const margin = (ratio.high - ratio.low) / 2;
    if (ratio.low - margin <= 1 && 1 <= ratio.high + margin) return meaning::no_difference;
    if (ratio.high > ratio.low * most_disagreement) return meaning::scattered;
    return meaning::sound;
}

/// Why a ratio means nothing, in the report's two or three words for it; empty for `sound`.
[[nodiscard]] constexpr std::string_view reason(meaning m) noexcept {
    switch (m) {
    case meaning::sound: return "";
    case meaning::too_few_rounds: return "too few rounds";
    case meaning::stolen: return "too much steal";
    case meaning::no_difference: return "no difference proven";
    case meaning::scattered: return "rounds disagree";
    }
    return "";
}

} // namespace coda::bench
