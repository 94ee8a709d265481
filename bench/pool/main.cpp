// SPDX-License-Identifier: BSL-1.0
// bench-pool: what the pool costs, beside a plain semaphore in the same run. Takes the options of Google Benchmark, and
// --check: exit code 1 when a goal was missed or, without a filter, not measured.
#include "report.hpp"

namespace {

using bench::goal;

constexpr goal goals[] = {
    {"taking an idle connection and giving it back", "acquire_and_release", "coda_ns", goal::at_most, 60, "ns"},
    {"heap allocations for that", "acquire_and_release", "coda_allocs", goal::at_most, 0, ""},
    {"of 100 waiters' cost per operation with 100,000 of them", "waiters_100000_to_100", "ratio", goal::at_least,
     1 / 1.3, "x"},
    {"the same for leaving the queue", "leaving_100000_to_100", "ratio", goal::at_least, 1 / 1.3, "x"},
    {"longest wait in mean waits at 2:1", "wait_at_two_to_one", "longest_to_mean", goal::at_most, 2, "x"},
};

} // namespace

int main(int argc, char** argv) { return bench::run(argc, argv, goals); }
