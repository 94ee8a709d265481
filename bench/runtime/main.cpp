// SPDX-License-Identifier: BSL-1.0
// bench-runtime: what the runtime costs, beside boost::asio::awaitable in the same run. Takes the options of Google
// Benchmark, and --check: exit code 1 when a goal was missed or, without a filter, not measured.
#include "report.hpp"
#include "sleeping_tasks.hpp"

namespace {

using bench::goal;
constexpr auto at_least = goal::at_least;
constexpr auto at_most = goal::at_most;

constexpr goal goals[] = {
    {"awaiting a ready child, times cheaper than asio::awaitable", "child", "ratio", at_least, 2.5, "x"},
    {"resuming through the loop, times cheaper than asio::awaitable", "resume", "ratio", at_least, 2.5, "x"},
    {"heap allocations per awaited child", "child", "coda_allocs", at_most, 0, ""},
    {"heap allocations per resumption", "resume", "coda_allocs", at_most, 0, ""},
    {"heap allocations per operation", "operation_ready", "coda_allocs", at_most, 0, ""},
    {"heap allocations per error as a result", "operation_error", "coda_allocs", at_most, 0, ""},
    {"heap allocations per with_timeout", "with_timeout", "coda_allocs", at_most, 0, ""},
    {"heap allocations per when_all", "when_all_of_two", "coda_allocs", at_most, 0, ""},
    {"arming and disarming a timer with 100,000 armed", "arm_and_disarm", "coda_ns", at_most, 40, "ns"},
    {"the same with 1,000 timeouts in flight", "arm_and_disarm_with_1000_in_flight", "coda_ns", at_most, 40, "ns"},
    {"memory of a sleeping task", "sleeping_tasks", "coda_bytes", at_most, 1024, "bytes"},
    {"posting from another thread", "post_from_threads/1", "million_per_s", at_least, 3, "million/s"},
};

} // namespace

int main(int argc, char** argv) {
    if (argc > 1)
        if (auto const code = bench::measure_sleeping_tasks(argv[1])) return *code;
    return bench::run(argc, argv, goals);
}
