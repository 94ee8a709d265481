// SPDX-License-Identifier: BSL-1.0
// What taking a connection and giving it back costs, beside the same with a plain semaphore.
#include "batch.hpp"

#include <coda/pool.hpp>
#include <coda/runtime.hpp>

namespace {

using namespace std::chrono_literals;
using bench::cost;
using bench::stopwatch;
using coda::operation;
using coda::result;
using coda::task;

// Needs nothing, and is there at once.
class connection {
public:
    operation<> connect() {
        usable_ = true;
        return done();
    }
    static operation<> ping() { return done(); }
    static operation<> reset() { return done(); }
    static operation<> close() { return done(); }
    bool usable() const noexcept { return usable_; }
    static bool needs_reset() noexcept { return false; }
    void abort() noexcept { usable_ = false; }

private:
    static operation<> done() { co_return result<>(); }
    bool usable_ = false;
};

using pool = coda::pool<connection>;

pool make_pool(coda::loop& l, std::size_t size) {
    return pool(l, [] { return std::make_unique<connection>(); },
                {.max_size = size, .max_waiters = 1'000'000, .acquire_timeout = 1h});
}

struct with_pool {
    explicit with_pool(std::size_t size) : of(make_pool(loop, size)) {}
    auto acquire() { return of.acquire(); }
    coda::asio_loop loop;
    pool of;
};

// What the pool is compared with: as fair, and holds nothing.
struct with_semaphore {
    explicit with_semaphore(std::size_t size) : of(size) {}
    auto acquire() { return of.acquire(); }
    coda::asio_loop loop;
    coda::semaphore of;
};

template <class Of>
task<cost> uncontended(Of& of, int n) {
    { auto const warm = co_await of.acquire(); }
    stopwatch const watch(n);
    for (int i = 0; i < n; ++i) {
        auto const held = co_await of.acquire();
        benchmark::DoNotOptimize(&held);
    }
    co_return watch.stop();
}

template <class Of>
auto uncontended_batch() {
    return [of = std::make_shared<Of>(1)](int n) { return of->loop.run(uncontended(*of, n)); };
}

void acquire_and_release(benchmark::State& s) {
    bench::compare(s, uncontended_batch<with_pool>(), uncontended_batch<with_semaphore>(), "semaphore");
}
BENCHMARK(acquire_and_release)->UseManualTime();

// `waiters` tasks stand in the queue for one connection. Whoever has it gives it to the next and stands again at the
// end.
template <class Of>
struct queue {
    explicit queue(int waiters) : of(1) {
        for (int i = 0; i < waiters; ++i) tasks.spawn(stand());
    }
    task<> stand() {
        while (!stop) {
            auto held = co_await of.acquire();
            if (--left == 0) done.set();
        }
    }
    task<cost> pass(int n) {
        left = n;
        done.reset();
        stopwatch const watch(n);
        co_await done.wait();
        co_return watch.stop();
    }
    task<> end() {
        stop = true;
        co_await tasks.join();
    }

    Of of;
    coda::event done;
    int left = 0;
    bool stop = false;
    coda::scope tasks{of.loop};
};

template <class Of>
auto queue_batch(int waiters) {
    auto q = std::shared_ptr<queue<Of>>(new queue<Of>(waiters), [](queue<Of>* of) {
        of->of.loop.run(of->end());
        delete of;
    });
    return [q](int n) { return q->of.loop.run(q->pass(n)); };
}

// Each batch of many waiters beside one of few, with the same pool's code: the ratio is what their number costs.
void waiters_100000_to_100(benchmark::State& s) {
    bench::compare(s, queue_batch<with_pool>(100'000), queue_batch<with_pool>(100), "few");
}
void waiters_100000_to_100_of_a_semaphore(benchmark::State& s) {
    bench::compare(s, queue_batch<with_semaphore>(100'000), queue_batch<with_semaphore>(100), "few");
}
void hand_over(benchmark::State& s) {
    bench::compare(s, queue_batch<with_pool>(100), queue_batch<with_semaphore>(100), "semaphore");
}
BENCHMARK(waiters_100000_to_100)->UseManualTime();
BENCHMARK(waiters_100000_to_100_of_a_semaphore)->UseManualTime();
BENCHMARK(hand_over)->UseManualTime();

// Those who wait with 100,000 before them, and leave: cancelled.
template <class Of>
struct crowd {
    explicit crowd(int waiters) : of(1) {
        for (int i = 0; i < waiters; ++i) tasks.spawn(stand());
    }
    task<> stand() {
        auto const held = co_await as_result(of.acquire());
        if (held.has_value()) co_await over.wait();
    }
    task<cost> come_and_go(int n) {
        co_await coda::sleep_for(1ms); // all stand
        stopwatch const watch(n);
        for (int i = 0; i < n; ++i) {
            auto const left = co_await as_result(coda::with_timeout(0ns, of.acquire()));
            benchmark::DoNotOptimize(left.has_error());
        }
        co_return watch.stop();
    }
    task<> end() {
        over.set();
        co_await tasks.join();
    }

    Of of;
    coda::event over;
    coda::scope tasks{of.loop};
};

template <class Of>
auto crowd_batch(int waiters) {
    auto c = std::shared_ptr<crowd<Of>>(new crowd<Of>(waiters), [](crowd<Of>* of) {
        of->of.loop.run(of->end());
        delete of;
    });
    return [c](int n) { return c->of.loop.run(c->come_and_go(n)); };
}

void leaving_100000_to_100(benchmark::State& s) {
    bench::compare(s, crowd_batch<with_pool>(100'000), crowd_batch<with_pool>(100), "few");
}
BENCHMARK(leaving_100000_to_100)->UseManualTime();

// Twice as many tasks as connections, each of which uses its own for a turn of the loop: the longest wait beside the
// mean, in turns. Exact, so once is enough.
task<> come_again(pool& p, std::vector<int>& waits, int& turn, int times) {
    for (int i = 0; i < times; ++i) {
        int const since = turn;
        auto const held = co_await p.acquire();
        waits.push_back(turn - since);
        co_await coda::yield();
        ++turn;
    }
}

void wait_at_two_to_one(benchmark::State& s) {
    constexpr int connections = 50;
    double ratio = 0;
    for (auto _ : s) {
        coda::asio_loop loop;
        pool p = make_pool(loop, connections);
        std::vector<int> waits;
        int turn = 0;
        auto const all = [&](coda::scope& tasks) -> task<> {
            for (int i = 0; i < 2 * connections; ++i) tasks.spawn(come_again(p, waits, turn, 500));
            co_return;
        };
        loop.run(coda::with_scope(all));
        waits.erase(waits.begin(), waits.begin() + 10 * connections); // until the first are connected
        double sum = 0;
        int longest = 0;
        for (int const w : waits) sum += w, longest = std::max(longest, w);
        ratio = longest * static_cast<double>(waits.size()) / sum;
    }
    s.counters["longest_to_mean"] = ratio;
}
BENCHMARK(wait_at_two_to_one)->Iterations(3);

} // namespace
