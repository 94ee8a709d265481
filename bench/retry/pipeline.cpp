// SPDX-License-Identifier: BSL-1.0
// What the parts of coda::retry add to a call with which nothing is wrong: each, and a pipeline of them. The call
// itself is a coroutine that has its value at once; `call` is what that costs alone.
#include "batch.hpp"

#include <coda/retry.hpp>
#include <coda/runtime/asio_loop.hpp>
#include <coda/runtime/run.hpp>

namespace {

using namespace std::chrono_literals;
using bench::cost;
using bench::stopwatch;
using coda::operation;
using coda::task;

operation<int> ready(int x) { co_return x; }

template <class Stage>
task<cost> calls(Stage& stage, int n) {
    stopwatch const watch(n);
    for (int i = 0; i < n; ++i) {
        int const value = co_await stage([i] { return ready(i); });
        benchmark::DoNotOptimize(value);
    }
    co_return watch.stop();
}

template <class Stage>
void measure(benchmark::State& s, Stage& stage) {
    coda::asio_loop loop;
    bench::measure(s, [&](int n) { return loop.run(calls(stage, n)); });
}

void call(benchmark::State& s) {
    auto const bare = [](auto fn) { return fn(); };
    measure(s, bare);
}
void timeout(benchmark::State& s) {
    coda::timeout const stage(1h);
    measure(s, stage);
}
void retry(benchmark::State& s) {
    auto const stage = coda::retry(coda::retry_policy::transient());
    measure(s, stage);
}
void circuit_breaker(benchmark::State& s) {
    coda::circuit_breaker stage;
    measure(s, stage);
}
void concurrency_limiter(benchmark::State& s) {
    coda::concurrency_limiter stage;
    measure(s, stage);
}
void rate_limiter(benchmark::State& s) {
    coda::rate_limiter stage({.permits = 1'000'000, .per = 1ms, .burst = 1'000'000});
    measure(s, stage);
}
void pipeline(benchmark::State& s) {
    coda::circuit_breaker breaker;
    coda::concurrency_limiter limiter;
    auto const stage =
        coda::pipeline(coda::timeout(1h), coda::retry(coda::retry_policy::transient()), breaker, limiter);
    measure(s, stage);
}

BENCHMARK(call)->UseManualTime();
BENCHMARK(timeout)->UseManualTime();
BENCHMARK(retry)->UseManualTime();
BENCHMARK(circuit_breaker)->UseManualTime();
BENCHMARK(concurrency_limiter)->UseManualTime();
BENCHMARK(rate_limiter)->UseManualTime();
BENCHMARK(pipeline)->UseManualTime();

} // namespace
