// SPDX-License-Identifier: BSL-1.0
// bench-pool: what the pool costs, beside a plain semaphore in the same run. Takes the options of Google Benchmark, and
// --check: exit code 1 when a goal was missed or, without a filter, not measured.
#include "report.hpp"

namespace {

using bench::goal;

constexpr goal goals[] = {
    {"taking an idle connection and giving it back", "acquire_and_release", "coda_ns", goal::at_most, 60, "ns"},
    {"heap allocations for that", "acquire_and_release", "coda_allocs", goal::at_most, 0, ""},
    {"an operation's cost with 100,000 waiters, in that with 100", "waiters_100000_to_100", "ratio", goal::at_most, 1.3,
     "x"},
    {"the same for leaving the queue", "leaving_100000_to_100", "ratio", goal::at_most, 1.3, "x"},
    {"longest wait in mean waits at 2:1", "wait_at_two_to_one", "longest_to_mean", goal::at_most, 2, "x"},
    {"connections after 50 requests of 2 ms where connecting takes 150 ms", "burst_of_50", "connections", goal::at_most,
     6, ""},
};

} // namespace

int main(int argc, char** argv) { return bench::run(argc, argv, goals); }
