// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/task.hpp>

#include <chrono>
#include <cstdint>

namespace pg_workloads {

// What was done, and what it took this process, between two moments.
struct figures {
    std::uint64_t queries = 0;
    std::uint64_t rows = 0;
    double seconds = 0;
    double cpu_us = 0; // user and kernel mode, all threads
};

// Counts from the start on, so that the measured part begins and ends while everybody is at work.
class window {
public:
    using clock = std::chrono::steady_clock;

    void count(std::uint64_t rows) noexcept {
        ++total_.queries;
        total_.rows += rows;
    }

    // After the warm-up.
    void open() noexcept { opened_ = now(); }
    // Nobody begins another query.
    void close() noexcept {
        auto const end = now();
        measured_ = {end.queries - opened_.queries, end.rows - opened_.rows, end.seconds - opened_.seconds,
                     end.cpu_us - opened_.cpu_us};
        closed_ = true;
    }
    bool closed() const noexcept { return closed_; }
    figures const& measured() const noexcept { return measured_; }

private:
    figures now() const noexcept;

    figures total_;
    figures opened_;
    figures measured_;
    bool closed_ = false;
};

// Opens it after the warm-up, and closes it so many seconds later.
coda::task<> time(window& w, double seconds);

} // namespace pg_workloads
