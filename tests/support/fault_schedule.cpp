// SPDX-License-Identifier: BSL-1.0
#include "fault_schedule.hpp"

#include <fmt/format.h>

#include <array>

namespace coda::test {

namespace {

using std::chrono::milliseconds;

constexpr std::array<std::string_view, 14> names{"latency",   "throttle",     "fragments", "cut_request",  "cut_reply",
                                                 "cut_now",   "black_hole",   "partition", "never_answer", "refuse",
                                                 "reset_new", "end_sessions", "freeze",    "crash"};

constexpr auto every_kind = [] {
    std::array<fault_kind, names.size()> all{};
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<fault_kind>(i);
    return all;
}();

using generator = std::mt19937_64;

// Not the standard library's distributions, which are different everywhere.
std::uint32_t between(generator& random, std::uint32_t low, std::uint32_t high) {
    return low + static_cast<std::uint32_t>(random() % (high - low + 1));
}

std::uint32_t size_of(fault_kind what, generator& random) {
    switch (what) {
    case fault_kind::latency: return between(random, 1, 20);
    case fault_kind::throttle: return between(random, 2'000, 200'000);
    case fault_kind::fragments: return between(random, 1, 7);
    case fault_kind::cut_request:
    case fault_kind::cut_reply: return between(random, 0, between(random, 0, 1) != 0 ? 40 : 4'000);
    case fault_kind::cut_now: return between(random, 0, 1);
    default: return 0;
    }
}

} // namespace

std::string_view to_string(fault_kind kind) noexcept { return names[static_cast<std::size_t>(kind)]; }

std::string fault::to_string() const {
    return fmt::format("{} at {} ms for {} ms ({}, {})", test::to_string(what), begins.count(), lasts.count(), size,
                       choice);
}

std::vector<fault> fault_schedule(std::uint64_t seed, milliseconds length, std::span<fault_kind const> kinds) {
    generator random(seed);
    std::vector<fault> all;
    bool crashed = false;
    milliseconds at{between(random, 5, 60)};
    while (!kinds.empty()) {
        fault f;
        f.what = kinds[random() % kinds.size()];
        f.begins = at;
        f.lasts = milliseconds(between(random, 1, between(random, 0, 3) == 0 ? 400 : 80));
        f.size = size_of(f.what, random);
        f.choice = between(random, 0, 3);
        bool const comes =
            f.what != fault_kind::crash || (between(random, 0, 2) == 0 && !crashed && f.begins <= length / 2);
        at += milliseconds(between(random, 0, 200));
        if (!comes) continue;
        at += f.lasts;
        if (f.begins + f.lasts >= length) break;
        crashed = crashed || f.what == fault_kind::crash;
        all.push_back(f);
    }
    return all;
}

std::span<fault_kind const> all_fault_kinds() noexcept { return every_kind; }

} // namespace coda::test
