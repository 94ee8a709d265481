// SPDX-License-Identifier: BSL-1.0
#include "sleeping_tasks.hpp"

#include <coda/runtime.hpp>

#include <benchmark/benchmark.h>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <memory>
#include <string>

namespace bench {

namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using coda::task;

constexpr int tasks = 10'000;

double resident_bytes() {
    std::ifstream statm("/proc/self/statm");
    long total = 0, resident = 0;
    statm >> total >> resident;
    return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE));
}

task<> coda_sleeper(int milliseconds) { co_await coda::sleep_for(milliseconds * 1ms); }

// A few run to their end first, so that what is made once is made.
task<> coda_sleepers(double& bytes) {
    co_await coda::when_all(coda_sleeper(1), coda_sleeper(1));
    co_await coda::with_scope([&](coda::scope& s) -> task<> {
        double const before = resident_bytes();
        for (int i = 0; i < tasks; ++i) s.spawn(coda_sleeper(3'600'000 + i % 1000));
        co_await coda::sleep_for(1ms); // all of them sleep now
        bytes = (resident_bytes() - before) / tasks;
        s.cancel();
    });
}

asio::awaitable<void> asio_sleeper(int milliseconds) {
    asio::steady_timer timer(co_await asio::this_coro::executor, milliseconds * 1ms);
    co_await timer.async_wait(asio::use_awaitable);
}

double asio_sleepers() {
    asio::io_context io(1);
    asio::co_spawn(io, asio_sleeper(1), asio::detached);
    io.run();
    io.restart();
    double const before = resident_bytes();
    for (int i = 0; i < tasks; ++i) asio::co_spawn(io, asio_sleeper(3'600'000 + i % 1000), asio::detached);
    io.poll();
    return (resident_bytes() - before) / tasks;
}

// This program again, for one measurement.
double bytes_measured_elsewhere(std::string const& kind) {
    std::string const command = fmt::format("/proc/{}/exe --sleeping-tasks={}", getpid(), kind);
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> const output(popen(command.c_str(), "r"), &pclose);
    double bytes = 0;
    if (!output || std::fscanf(output.get(), "%lf", &bytes) != 1) return -1;
    return bytes;
}

void sleeping_tasks(benchmark::State& state) {
    double ours = 0, theirs = 0;
    for (auto _ : state) {
        ours = bytes_measured_elsewhere("coda");
        theirs = bytes_measured_elsewhere("asio");
    }
    if (ours < 0 || theirs < 0) return state.SkipWithError("the measuring process failed");
    state.counters["coda_bytes"] = ours;
    state.counters["asio_bytes"] = theirs;
}
BENCHMARK(sleeping_tasks)->Iterations(1);

} // namespace

std::optional<int> measure_sleeping_tasks(std::string_view argument) {
    if (argument == "--sleeping-tasks=asio") return fmt::print("{}\n", asio_sleepers()), 0;
    if (argument != "--sleeping-tasks=coda") return std::nullopt;
    double bytes = 0;
    coda::asio_loop loop;
    loop.run(coda_sleepers(bytes));
    fmt::print("{}\n", bytes);
    return 0;
}

} // namespace bench
