// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "allocations.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <ctime>
#include <string>
#include <vector>

/// Measuring in batches. On a shared machine one long measurement says little: each iteration of a benchmark runs a
/// batch of coda's and, right after it, a batch of what it is compared with; medians of many such pairs are compared.
namespace bench {

// What one batch took, per operation.
struct cost {
    double ns = 0;
    double allocations = 0;
};

// Stands in the coroutine that is measured, around its loop; counts this thread's CPU time, so that what other
// processes do in between is not counted.
class stopwatch {
public:
    explicit stopwatch(int operations) noexcept
        : operations_(operations), allocations_(allocations()), start_(thread_time()) {}
    cost stop() const noexcept {
        double const ns = thread_time() - start_;
        return {ns / operations_, static_cast<double>(allocations() - allocations_) / operations_};
    }

private:
    static double thread_time() noexcept {
        timespec t{};
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
        return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_nsec);
    }
    int operations_;
    std::size_t allocations_;
    double start_;
};

class costs {
public:
    void add(cost c) {
        ns_.push_back(c.ns);
        allocations_ = c.allocations; // of the last batch: everything is warm then
    }
    double median_ns() {
        auto const middle = ns_.begin() + static_cast<std::ptrdiff_t>(ns_.size() / 2);
        std::nth_element(ns_.begin(), middle, ns_.end());
        return *middle;
    }
    double allocations() const noexcept { return allocations_; }

private:
    std::vector<double> ns_;
    double allocations_ = 0;
};

constexpr int batch_size = 20'000;

// `coda_batch(n)` gives the cost of n operations.
template <class Batch>
void measure(benchmark::State& state, Batch coda_batch) {
    costs ours;
    coda_batch(batch_size);
    for (auto _ : state) {
        cost const c = coda_batch(batch_size);
        ours.add(c);
        state.SetIterationTime(c.ns * batch_size * 1e-9);
    }
    state.counters["coda_ns"] = ours.median_ns();
    state.counters["coda_allocs"] = ours.allocations();
}

// The same, and how many times as long `other_batch`, which is called `other`, takes.
template <class CodaBatch, class OtherBatch>
void compare(benchmark::State& state, CodaBatch coda_batch, OtherBatch other_batch, std::string const& other = "asio") {
    costs ours, theirs;
    coda_batch(batch_size);
    other_batch(batch_size);
    for (auto _ : state) {
        cost const c = coda_batch(batch_size);
        cost const o = other_batch(batch_size);
        ours.add(c);
        theirs.add(o);
        state.SetIterationTime((c.ns + o.ns) * batch_size * 1e-9);
    }
    state.counters["coda_ns"] = ours.median_ns();
    state.counters[other + "_ns"] = theirs.median_ns();
    state.counters["ratio"] = theirs.median_ns() / ours.median_ns();
    state.counters["coda_allocs"] = ours.allocations();
    state.counters[other + "_allocs"] = theirs.allocations();
}

} // namespace bench
