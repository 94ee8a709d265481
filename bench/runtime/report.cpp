// SPDX-License-Identifier: BSL-1.0
#include "report.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace bench {

namespace {

// Prints as usual, and keeps the counters for the summary.
class recording_reporter : public benchmark::ConsoleReporter {
public:
    void ReportRuns(std::vector<Run> const& runs) override {
        for (Run const& run : runs) {
            if (run.error_occurred || run.run_type == Run::RT_Aggregate) continue;
            for (auto const& [name, counter] : run.counters) measured[bare_name(run)][name] = counter.value;
        }
        ConsoleReporter::ReportRuns(runs);
    }
    measurements measured;

private:
    // Without what the library appends to say how it was measured.
    static std::string bare_name(Run const& run) {
        std::string name = run.run_name.function_name;
        return run.run_name.args.empty() ? name : name + "/" + run.run_name.args;
    }
};

// Whether the user chose what to measure: then there are goals about which nothing is known.
bool filtered(int argc, char const* const* argv) {
    auto const is_filter = [](std::string_view argument) { return argument.starts_with("--benchmark_filter"); };
    return std::any_of(argv, argv + argc, is_filter) || std::getenv("BENCHMARK_FILTER") != nullptr;
}

} // namespace

int run(int argc, char** argv, std::span<goal const> goals) {
    auto const check = std::find(argv + 1, argv + argc, std::string_view("--check"));
    bool const checks = check != argv + argc;
    if (checks) {
        std::copy(check + 1, argv + argc, check);
        --argc;
    }
    bool const all_wanted = !filtered(argc, argv);
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
    recording_reporter reporter;
    benchmark::RunSpecifiedBenchmarks(&reporter);
    bool const met = print(judge(goals, reporter.measured), all_wanted);
    return checks && !met ? 1 : 0;
}

} // namespace bench
