// SPDX-License-Identifier: BSL-1.0
#include "audit.hpp"

#include <fmt/format.h>

#include <utility>

namespace coda::chaos {

namespace {

constexpr std::uint64_t most_printed = 40;

} // namespace

void audit::violation(std::string const& what) {
    std::lock_guard const lock(mutex_);
    if (++violations_ <= most_printed) tell("VIOLATION in", what);
}

void audit::remark(std::string const& what) {
    std::lock_guard const lock(mutex_);
    if (++remarks_ <= most_printed) tell("in", what);
}

void audit::tell(std::string const& mark, std::string const& what) {
    if (auto const details = std::exchange(details_, {}); !details.empty()) fmt::print("{}: {}\n", storm_, details);
    fmt::print("{} {}: {}\n", mark, storm_, what);
    std::fflush(stdout);
}

void audit::print_summary() const {
    std::lock_guard const lock(mutex_);
    fmt::print("{} operations, {} violations, {} remarks\n", operations_, violations_, remarks_);
    for (auto const& [name, n] : answers_) fmt::print("    {:>9}  {}\n", n, name);
    for (auto const& [name, n] : counts_) fmt::print("    {:>9}  {}\n", n, name);
    for (auto const& [name, time] : times_)
        fmt::print("    {:>6.0f} ms  {}\n", std::chrono::duration<double, std::milli>(time).count(), name);
    std::fflush(stdout);
}

} // namespace coda::chaos
