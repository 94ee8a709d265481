// SPDX-License-Identifier: BSL-1.0
#include "signal_watch.hpp"

#include <boost/system/system_error.hpp>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <mutex>
#include <thread>

namespace coda::detail {

namespace {

// What the signal handler reads, so plain atomics: the watches' event counters, and the signal that came.
constexpr std::size_t most_watches = 256;
constinit std::array<std::atomic<int>, most_watches> listeners; // descriptor + 1; 0: free
std::atomic<int> received = 0;
std::atomic<int> handlers_running = 0;

constexpr std::array handled = {SIGINT, SIGTERM};
std::array<struct sigaction, handled.size()> former;
std::mutex installing;
int installed = 0;

extern "C" void coda_on_signal(int number) {
    int const saved = errno;
    ++handlers_running;
    received = number;
    for (auto& listener : listeners) {
        std::uint64_t const one = 1;
        int const fd = listener - 1;
        if (fd >= 0 && write(fd, &one, sizeof one) < 0) continue; // the counter is full: it is readable already
    }
    for (std::size_t i = 0; i < handled.size(); ++i)
        if (handled[i] == number) sigaction(number, &former[i], nullptr);
    --handlers_running;
    errno = saved;
}

bool is_default(struct sigaction const& a) noexcept {
    return (a.sa_flags & SA_SIGINFO) == 0 && a.sa_handler == SIG_DFL;
}

void install() {
    std::lock_guard lock(installing);
    if (installed++ > 0) return;
    for (std::size_t i = 0; i < handled.size(); ++i) {
        sigaction(handled[i], nullptr, &former[i]);
        if (!is_default(former[i])) continue; // the program's own, or ignored
        struct sigaction ours{};
        ours.sa_handler = &coda_on_signal;
        ours.sa_flags = SA_RESTART;
        sigaction(handled[i], &ours, nullptr);
    }
}

void restore() {
    std::lock_guard lock(installing);
    if (--installed > 0) return;
    for (std::size_t i = 0; i < handled.size(); ++i) {
        struct sigaction now{};
        sigaction(handled[i], nullptr, &now);
        if (now.sa_handler == &coda_on_signal) sigaction(handled[i], &former[i], nullptr);
    }
}

bool add_listener(int fd) {
    for (auto& listener : listeners) {
        int expected = 0;
        if (listener.compare_exchange_strong(expected, fd + 1)) return true;
    }
    return false; // more loops than slots: this one is not told
}

// Returns when no handler on another thread can still write to the descriptor, which may then be closed.
void remove_listener(int fd) {
    for (auto& listener : listeners) {
        int expected = fd + 1;
        if (listener.compare_exchange_strong(expected, 0)) break;
    }
    while (handlers_running != 0) std::this_thread::yield();
}

} // namespace

signal_watch::signal_watch(loop& l, std::function<void(int)> on_signal)
    : on_signal_(std::move(on_signal)), fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (fd_ < 0) throw boost::system::system_error({errno, boost::system::system_category()}, "eventfd");
    try {
        auto const told = [](void* self, readiness) noexcept { static_cast<signal_watch*>(self)->readable(); };
        watch_.emplace(l, fd_, told, this);
    } catch (...) {
        close(fd_);
        throw;
    }
    watch_->want(readiness::read);
    add_listener(fd_);
    install();
}

signal_watch::~signal_watch() {
    restore();
    remove_listener(fd_);
    watch_.reset();
    close(fd_);
}

void signal_watch::readable() noexcept {
    std::uint64_t count = 0;
    if (read(fd_, &count, sizeof count) == sizeof count) on_signal_(received);
}

} // namespace coda::detail
