// SPDX-License-Identifier: BSL-1.0
// bench-retry: what the parts of retry add to a call with which nothing is wrong. Takes the options of Google
// Benchmark, and --check: exit code 1 when a goal was missed or, without a filter, not measured.
#include "report.hpp"

namespace {

using bench::goal;

constexpr goal goals[] = {
    {"a pipeline of timeout, retry, breaker and limiter, its call included", "pipeline", "coda_ns", goal::at_most, 150,
     "ns"},
    {"heap allocations for that", "pipeline", "coda_allocs", goal::at_most, 0, ""},
};

} // namespace

int main(int argc, char** argv) { return bench::run(argc, argv, goals); }
