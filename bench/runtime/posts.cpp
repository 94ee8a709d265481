// SPDX-License-Identifier: BSL-1.0
// Posting to a loop from other threads, until every function has run.
#include <coda/runtime.hpp>

#include <benchmark/benchmark.h>

#include <atomic>
#include <thread>
#include <vector>

namespace {

constexpr int posts = 400'000;

// Counts on the loop's thread, and stops it at the last.
void post_many(coda::loop& loop, int& left, int n) {
    for (int i = 0; i < n; ++i)
        loop.post([&] {
            if (--left == 0) loop.stop();
        });
}

void post_from_threads(benchmark::State& state) {
    auto const producers = static_cast<int>(state.range(0));
    coda::asio_loop loop;
    double best = 0;
    for (auto _ : state) {
        int left = posts;
        std::atomic<bool> go = false;
        std::vector<std::jthread> threads;
        for (int p = 0; p < producers; ++p)
            threads.emplace_back([&] {
                go.wait(false);
                post_many(loop, left, posts / producers);
            });
        auto const start = std::chrono::steady_clock::now();
        go = true;
        go.notify_all();
        loop.run();
        std::chrono::duration<double> const took = std::chrono::steady_clock::now() - start;
        state.SetIterationTime(took.count());
        best = std::max(best, posts / took.count() / 1e6);
    }
    state.counters["million_per_s"] =
        benchmark::Counter(posts * 1e-6 * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
    state.counters["best_million_per_s"] = best;
}

BENCHMARK(post_from_threads)->Arg(1)->Arg(2)->Arg(4)->UseManualTime()->Unit(benchmark::kMillisecond);

} // namespace
