// SPDX-License-Identifier: BSL-1.0
#include <coda/retry/random.hpp>

#include <gtest/gtest.h>

#include <set>
#include <thread>
#include <type_traits>

namespace retry_random_test {

using namespace std::chrono_literals;
using coda::random_source;

static_assert(std::uniform_random_bit_generator<random_source>);
static_assert(std::is_trivially_copyable_v<random_source>);
static_assert(!std::is_constructible_v<random_source, std::minstd_rand&>, "has fewer than 64 bits");

TEST(random_source, draws_what_its_generator_draws) {
    std::mt19937_64 seeded(3);
    std::mt19937_64 same(3);
    random_source const source(seeded);
    auto const copy = source;
    for (int i = 0; i < 10; ++i) {
        EXPECT_EQ(source(), same());
        EXPECT_EQ(copy(), same());
    }
}

TEST(random_source, by_default_every_thread_has_its_own) {
    std::set<std::uint64_t> drawn;
    for (int i = 0; i < 100; ++i) drawn.insert(random_source()());
    std::thread([&] {
        for (int i = 0; i < 100; ++i) drawn.insert(random_source()());
    }).join();
    EXPECT_EQ(drawn.size(), 200U);
}

TEST(random_source, between_reaches_both_ends) {
    std::mt19937_64 seeded(5);
    random_source const source(seeded);
    std::set<coda::duration> seen;
    for (int i = 0; i < 200; ++i) seen.insert(source.between(3ns, 6ns));
    EXPECT_EQ(seen, (std::set<coda::duration>{3ns, 4ns, 5ns, 6ns}));
    EXPECT_EQ(source.between(7ns, 7ns), 7ns);
    EXPECT_EQ(source.between(8ns, 7ns), 8ns);
}

} // namespace retry_random_test
