// SPDX-License-Identifier: BSL-1.0
// What taking a connection and giving it back costs, beside the same with a plain semaphore.
#include "batch.hpp"

#include <coda/pool.hpp>
#include <coda/runtime.hpp>

#include <algorithm>
#include <numeric>

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

// Each batch of few waiters beside one of many, with the same code: the ratio is what their number costs.
void waiters_100000_to_100(benchmark::State& s) {
    bench::compare(s, queue_batch<with_pool>(100), queue_batch<with_pool>(100'000), "many");
}
void waiters_100000_to_100_of_a_semaphore(benchmark::State& s) {
    bench::compare(s, queue_batch<with_semaphore>(100), queue_batch<with_semaphore>(100'000), "many");
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
    bench::compare(s, crowd_batch<with_pool>(100), crowd_batch<with_pool>(100'000), "many");
}
void leaving_100000_to_100_of_a_semaphore(benchmark::State& s) {
    bench::compare(s, crowd_batch<with_semaphore>(100), crowd_batch<with_semaphore>(100'000), "many");
}
BENCHMARK(leaving_100000_to_100)->UseManualTime();
BENCHMARK(leaving_100000_to_100_of_a_semaphore)->UseManualTime();

// Twice as many tasks as connections, each of which uses its own for a turn of the loop: the longest wait beside the
// mean, in turns. Exact, so once is enough.
template <class Of>
task<> come_again(Of& of, std::vector<int>& waits, int& turn, int times) {
    for (int i = 0; i < times; ++i) {
        int const since = turn;
        auto const held = co_await of.acquire();
        waits.push_back(turn - since);
        co_await coda::yield();
        ++turn;
    }
}

template <class Of>
double longest_to_mean() {
    constexpr int connections = 50;
    Of with(connections);
    std::vector<int> waits;
    int turn = 0;
    auto const all = [&](coda::scope& tasks) -> task<> {
        for (int i = 0; i < 2 * connections; ++i) tasks.spawn(come_again(with.of, waits, turn, 500));
        co_return;
    };
    with.loop.run(coda::with_scope(all));
    waits.erase(waits.begin(), waits.begin() + 10 * connections); // until the first are connected
    double const sum = std::accumulate(waits.begin(), waits.end(), 0.0);
    return *std::ranges::max_element(waits) * static_cast<double>(waits.size()) / sum;
}

void wait_at_two_to_one(benchmark::State& s) {
    for (auto _ : s) {
        s.counters["longest_to_mean"] = longest_to_mean<with_pool>();
        s.counters["semaphore_longest_to_mean"] = longest_to_mean<with_semaphore>();
    }
}
BENCHMARK(wait_at_two_to_one)->Iterations(3);

// What a burst of short requests opens where connecting takes long, and when the last of them is done. `Of::acquire`
// gives what is to be held.
template <class Of>
double burst(Of& with) {
    auto const request = [&]() -> task<> {
        auto const held = co_await with.acquire();
        co_await coda::sleep_for(2ms);
    };
    auto const body = [&](coda::scope& tasks) -> task<> {
        for (int i = 0; i < 50; ++i) tasks.spawn(request());
        co_return;
    };
    auto const begun = coda::loop::clock::now();
    with.loop.run(coda::with_scope(body));
    return std::chrono::duration<double, std::milli>(coda::loop::clock::now() - begun).count();
}

constexpr auto connecting = 150ms;

struct with_slow_pool {
    class slow : public connection {
    public:
        static operation<> connect() {
            auto const connected = co_await coda::as_result(coda::sleep_for(connecting));
            if (connected.has_error()) co_return connected.error();
            co_return result<>();
        }
        static bool usable() noexcept { return true; }
    };
    auto acquire() { return of.acquire(); }
    coda::asio_loop loop;
    int opened = 0;
    coda::pool<slow> of{loop, [this] { return ++opened, std::make_unique<slow>(); }, {.max_size = 50}};
};

// A bound alone: who finds no connection idle opens one.
struct with_bound {
    struct place {
        explicit place(with_bound& w, coda::semaphore::permit p) : with(&w), held(std::move(p)) {}
        place(place&& other) noexcept : with(std::exchange(other.with, nullptr)), held(std::move(other.held)) {}
        ~place() {
            if (with != nullptr) ++with->idle;
        }
        with_bound* with;
        coda::semaphore::permit held;
    };
    task<place> acquire() {
        auto permit = co_await of.acquire();
        if (idle > 0) {
            --idle;
        } else {
            ++opened;
            co_await coda::sleep_for(connecting);
        }
        co_return place(*this, std::move(permit));
    }
    coda::asio_loop loop;
    int opened = 0;
    int idle = 0;
    coda::semaphore of{50};
};

void burst_of_50(benchmark::State& s) {
    int most = 0;
    for (auto _ : s) {
        with_slow_pool ours;
        with_bound theirs;
        s.counters["ms"] = burst(ours);
        s.counters["semaphore_ms"] = burst(theirs);
        s.counters["connections"] = most = std::max(most, ours.opened);
        s.counters["semaphore_connections"] = theirs.opened;
    }
}
BENCHMARK(burst_of_50)->Iterations(3)->UseRealTime();

} // namespace
