// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/semaphore.hpp>

/// Lets one task of a loop at a time into a section that suspends.
///
///     auto held = co_await m.lock();     // unlocked at the end of the block
namespace coda {

/// FIFO: unlocking hands the lock to the oldest waiter, and nobody passes by. Not recursive. One loop only. Must
/// outlive its guards and waiters.
class mutex {
public:
    mutex() noexcept = default;
    mutex(mutex const&) = delete;
    mutex& operator=(mutex const&) = delete;

    class guard;
    class lock_awaiter;
    struct [[nodiscard]] lock_awaitable {
        mutex& m;
        lock_awaiter operator co_await() const noexcept;
    };

    /// Waits for its turn and gives a `guard` that holds the lock. Cancelled by its context while it waits: ends with
    /// the reason (errc::cancelled, errc::timed_out). A lock that was granted and not received (the task is gone) goes
    /// on to the next.
    lock_awaitable lock() noexcept { return {*this}; }

    /// Locks without waiting; nothing where it is locked.
    std::optional<guard> try_lock() noexcept;

    /// Held by somebody, or handed to a waiter that has not run yet.
    bool locked() const noexcept { return permit_.available() == 0; }

private:
    semaphore permit_{1};
};

/// The lock, held; unlocked when destroyed. Empty when moved from or unlocked.
class [[nodiscard]] mutex::guard {
public:
    guard() noexcept = default;

    /// Unlocks now. Does nothing when empty.
    void unlock() noexcept { permit_.release(); }
    /// False when it is empty.
    bool owns_lock() const noexcept { return static_cast<bool>(permit_); }

private:
    friend class mutex;
    explicit guard(semaphore::permit p) noexcept : permit_(std::move(p)) {}
    semaphore::permit permit_;
};

class mutex::lock_awaiter : public semaphore::acquire_awaiter {
public:
    explicit lock_awaiter(mutex& m) noexcept : acquire_awaiter(m.permit_, 1) {}
    guard await_resume() { return guard(acquire_awaiter::await_resume()); }
    result<guard> await_result() noexcept {
        auto p = acquire_awaiter::await_result();
        if (p.has_error()) return std::move(p).error();
        return guard(std::move(*p));
    }
};

inline mutex::lock_awaiter mutex::lock_awaitable::operator co_await() const noexcept { return lock_awaiter(m); }

inline std::optional<mutex::guard> mutex::try_lock() noexcept {
    auto p = permit_.try_acquire();
    if (!p) return std::nullopt;
    return guard(std::move(*p));
}

} // namespace coda
