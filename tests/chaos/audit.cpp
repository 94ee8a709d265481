// SPDX-License-Identifier: BSL-1.0
#include "audit.hpp"

#include <fmt/format.h>

namespace coda::chaos {

namespace {

constexpr std::uint64_t most_printed = 40;

} // namespace

void audit::violation(std::string const& what) {
    if (++violations_ > most_printed) return;
    fmt::print("VIOLATION in {}: {}\n", storm_, what);
    std::fflush(stdout);
}

void audit::remark(std::string const& what) {
    if (++remarks_ > most_printed) return;
    fmt::print("in {}: {}\n", storm_, what);
    std::fflush(stdout);
}

void audit::print_summary() const {
    fmt::print("{} operations, {} violations, {} remarks\n", operations_, violations_, remarks_);
    for (auto const& [name, n] : answers_) fmt::print("    {:>9}  {}\n", n, name);
    for (auto const& [name, n] : counts_) fmt::print("    {:>9}  {}\n", n, name);
    for (auto const& [name, time] : times_)
        fmt::print("    {:>6.0f} ms  {}\n", std::chrono::duration<double, std::milli>(time).count(), name);
    std::fflush(stdout);
}

} // namespace coda::chaos
