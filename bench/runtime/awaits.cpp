// SPDX-License-Identifier: BSL-1.0
// What an await costs, beside the same in boost::asio::awaitable.
#include "batch.hpp"

#include <coda/runtime.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using bench::cost;
using bench::stopwatch;
using coda::operation;
using coda::task;

template <class Loop>
auto on_coda(task<cost> (*batch)(int)) {
    return [batch, loop = std::make_shared<Loop>()](int n) { return loop->run(batch(n)); };
}

auto on_asio(asio::awaitable<cost> (*batch)(int)) {
    return [batch, io = std::make_shared<asio::io_context>(1)](int n) {
        cost result;
        asio::co_spawn(*io, batch(n), [&](std::exception_ptr, cost c) { result = c; });
        io->restart();
        io->run();
        return result;
    };
}

task<int> coda_child(int x) { co_return x; }
asio::awaitable<int> asio_child(int x) { co_return x; }

task<cost> coda_children(int n) {
    stopwatch const watch(n);
    for (int i = 0; i < n; ++i) {
        int const value = co_await coda_child(i);
        benchmark::DoNotOptimize(value);
    }
    co_return watch.stop();
}
asio::awaitable<cost> asio_children(int n) {
    stopwatch const watch(n);
    for (int i = 0; i < n; ++i) {
        int const value = co_await asio_child(i);
        benchmark::DoNotOptimize(value);
    }
    co_return watch.stop();
}

task<cost> coda_yields(int n) {
    stopwatch const watch(n);
    for (int i = 0; i < n; ++i) co_await coda::yield();
    co_return watch.stop();
}
asio::awaitable<cost> asio_posts(int n) {
    stopwatch const watch(n);
    for (int i = 0; i < n; ++i) co_await asio::post(asio::use_awaitable);
    co_return watch.stop();
}

// What a coroutine costs that can do nothing but give an int: no context, no cancellation, no exceptions, no turn for
// others; with frames from coda's allocator. No task can be cheaper with this compiler.
class bare_task {
public:
    struct promise_type {
        static void* operator new(std::size_t size) { return coda::detail::allocate_frame(size); }
        static void operator delete(void* frame, std::size_t size) noexcept { coda::detail::free_frame(frame, size); }
        bare_task get_return_object() noexcept {
            return bare_task(std::coroutine_handle<promise_type>::from_promise(*this));
        }
        std::suspend_always initial_suspend() const noexcept { return {}; }
        auto final_suspend() const noexcept {
            struct to_parent {
                bool await_ready() const noexcept { return false; }
                std::coroutine_handle<> await_suspend(std::coroutine_handle<promise_type> h) const noexcept {
                    return h.promise().parent;
                }
                void await_resume() const noexcept {}
            };
            return to_parent();
        }
        void return_value(int v) noexcept { value = v; }
        void unhandled_exception() const noexcept { std::terminate(); }

        std::coroutine_handle<> parent;
        int value = 0;
    };

    bare_task(bare_task const&) = delete;
    bare_task& operator=(bare_task const&) = delete;
    ~bare_task() { handle_.destroy(); }

    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> parent) const noexcept {
        handle_.promise().parent = parent;
        return handle_;
    }
    int await_resume() const noexcept { return handle_.promise().value; }

private:
    explicit bare_task(std::coroutine_handle<promise_type> h) noexcept : handle_(h) {}
    std::coroutine_handle<promise_type> handle_;
};

bare_task bare_child(int x) { co_return x; }

// Its parent is as bare: it begins at once and is destroyed at its end.
struct bare_parent {
    struct promise_type {
        bare_parent get_return_object() const noexcept { return {}; }
        std::suspend_never initial_suspend() const noexcept { return {}; }
        std::suspend_never final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        void unhandled_exception() const noexcept { std::terminate(); }
    };
};

bare_parent bare_children(int n, cost& result) {
    stopwatch const watch(n);
    for (int i = 0; i < n; ++i) {
        int const value = co_await bare_child(i);
        benchmark::DoNotOptimize(value);
    }
    result = watch.stop();
}
cost bare_batch(int n) {
    cost result;
    bare_children(n, result);
    return result;
}

operation<int> ready_operation(int x) { co_return x; }
operation<int> failed_operation() { co_return coda::error(coda::errc::closed); }

task<cost> coda_operations(int n) {
    stopwatch const watch(n);
    for (int i = 0; i < n; ++i) {
        int const value = co_await ready_operation(i);
        benchmark::DoNotOptimize(value);
    }
    co_return watch.stop();
}
task<cost> coda_errors(int n) {
    stopwatch const watch(n);
    for (int i = 0; i < n; ++i) {
        auto r = co_await coda::as_result(failed_operation());
        benchmark::DoNotOptimize(r.has_error());
    }
    co_return watch.stop();
}
task<cost> coda_timeouts(int n) {
    stopwatch const watch(n);
    for (int i = 0; i < n; ++i) {
        int const value = co_await coda::with_timeout(1h, ready_operation(i));
        benchmark::DoNotOptimize(value);
    }
    co_return watch.stop();
}
task<cost> coda_when_alls(int n) {
    stopwatch const watch(n);
    for (int i = 0; i < n; ++i) {
        auto both = co_await coda::when_all(coda_child(i), coda_child(i));
        benchmark::DoNotOptimize(both);
    }
    co_return watch.stop();
}

void child(benchmark::State& s) { bench::compare(s, on_coda<coda::asio_loop>(coda_children), on_asio(asio_children)); }
void child_of_nothing(benchmark::State& s) { bench::compare(s, bare_batch, on_asio(asio_children)); }
void resume(benchmark::State& s) { bench::compare(s, on_coda<coda::asio_loop>(coda_yields), on_asio(asio_posts)); }
void operation_ready(benchmark::State& s) {
    bench::compare(s, on_coda<coda::asio_loop>(coda_operations), on_asio(asio_children));
}
void operation_error(benchmark::State& s) { bench::measure(s, on_coda<coda::asio_loop>(coda_errors)); }
void with_timeout(benchmark::State& s) { bench::measure(s, on_coda<coda::asio_loop>(coda_timeouts)); }
void when_all_of_two(benchmark::State& s) { bench::measure(s, on_coda<coda::asio_loop>(coda_when_alls)); }

BENCHMARK(child)->UseManualTime();
BENCHMARK(child_of_nothing)->UseManualTime();
BENCHMARK(resume)->UseManualTime();
BENCHMARK(operation_ready)->UseManualTime();
BENCHMARK(operation_error)->UseManualTime();
BENCHMARK(with_timeout)->UseManualTime();
BENCHMARK(when_all_of_two)->UseManualTime();

#ifdef CODA_HAS_LIBEV
void resume_on_libev(benchmark::State& s) {
    bench::compare(s, on_coda<coda::ev_loop>(coda_yields), on_asio(asio_posts));
}
BENCHMARK(resume_on_libev)->UseManualTime();
#endif

} // namespace
