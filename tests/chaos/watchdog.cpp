// SPDX-License-Identifier: BSL-1.0
#include "watchdog.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdlib>

namespace coda::chaos {

namespace {

constexpr std::chrono::minutes longest_storm{3};

} // namespace

watchdog::watchdog() : thread_([this] { watch(); }) {}

watchdog::~watchdog() {
    {
        std::lock_guard const lock(mutex_);
        ended_ = true;
    }
    changed_.notify_one();
    thread_.join();
}

void watchdog::expects_an_end_of(std::string storm) {
    std::lock_guard const lock(mutex_);
    storm_ = std::move(storm);
    ++storms_;
    changed_.notify_one();
}

void watchdog::watch() {
    std::unique_lock lock(mutex_);
    while (!ended_) {
        auto const current = storms_;
        auto const over = [&] { return ended_ || storms_ != current; };
        if (changed_.wait_for(lock, longest_storm, over) || current == 0) continue;
        fmt::print("VIOLATION: {} has not ended after {} minutes\n", storm_, longest_storm.count());
        std::fflush(stdout);
        std::abort();
    }
}

} // namespace coda::chaos
