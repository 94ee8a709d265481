// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/context.hpp>

#include <concepts>
#include <cstdint>
#include <limits>
#include <random>

/// Where jitter comes from: by default a generator of the thread's own, in tests one with a seed.
///
///     std::mt19937_64 seeded(7);
///     coda::retry_policy policy{.random = seeded};
namespace coda {

/// Refers to a generator of 64 random bits, itself one. Copies freely, within the generator's lifetime. Not for
/// secrets.
class random_source {
public:
    using result_type = std::uint64_t;

    /// The thread's own generator, seeded by the system when it is first used.
    constexpr random_source() noexcept = default;

    /// `generator`, which must outlive this.
    template <std::uniform_random_bit_generator G>
        requires(!std::same_as<G, random_source> && G::min() == 0 &&
                 G::max() == std::numeric_limits<std::uint64_t>::max())
    constexpr random_source(G& generator) noexcept
        : draw_([](void* g) -> std::uint64_t { return (*static_cast<G*>(g))(); }), generator_(&generator) {}

    /// 64 random bits.
    std::uint64_t operator()() const { return draw_(generator_); }
    static constexpr std::uint64_t min() noexcept { return 0; }
    static constexpr std::uint64_t max() noexcept { return std::numeric_limits<std::uint64_t>::max(); }

    /// A time from `low` to `high`, each as likely as the others, ends included; `low` where `high` is less.
    duration between(duration low, duration high) const;

private:
    static std::uint64_t draw_from_thread(void*);

    std::uint64_t (*draw_)(void*) = &draw_from_thread;
    void* generator_ = nullptr;
};

} // namespace coda
