// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/waiter.hpp>

#include <cstddef>
#include <optional>

/// Bounds how many tasks of one loop do something at once.
///
///     coda::semaphore slots(8);
///     auto slot = co_await slots.acquire();     // given back at the end of the block
namespace coda {

/// A counting semaphore. Strictly FIFO: what is released goes to the oldest waiter, nobody passes by, and a large
/// request at the head is not overtaken by small ones that would fit. One loop only. Must outlive its permits and
/// waiters.
class semaphore {
public:
    explicit semaphore(std::size_t permits) noexcept : available_(permits) {}
    semaphore(semaphore const&) = delete;
    semaphore& operator=(semaphore const&) = delete;

    class permit;
    class acquire_awaiter;
    struct [[nodiscard]] acquire_awaitable {
        semaphore& s;
        std::size_t n;
        acquire_awaiter operator co_await() const noexcept;
    };

    /// Takes `n` permits at once; waits until it is this request's turn and there are as many. Gives a `permit`. More
    /// than there will ever be waits for ever. Cancelled by its context while it waits: ends with the reason
    /// (errc::cancelled, errc::timed_out). Permits that were granted and not received (the task is gone) are given
    /// back.
    acquire_awaitable acquire(std::size_t n = 1) noexcept { return {*this, n}; }

    /// The same without waiting; nothing where it would have to wait.
    std::optional<permit> try_acquire(std::size_t n = 1) noexcept;

    /// Adds `n` permits and serves the waiters they suffice for. Those that a `permit` holds it gives back by itself.
    void release(std::size_t n = 1) noexcept {
        available_ += n;
        serve();
    }

    /// Permits that nobody holds. With waiters there may be some: too few for the first of them.
    std::size_t available() const noexcept { return available_; }

private:
    bool try_take(std::size_t n) noexcept {
        if (!waiters_.empty() || available_ < n) return false;
        available_ -= n;
        return true;
    }
    void serve() noexcept;

    std::size_t available_;
    wait_queue waiters_;
};

/// Permits held; given back when destroyed. Empty when moved from or released.
class [[nodiscard]] semaphore::permit {
public:
    permit() noexcept = default;
    permit(permit&& other) noexcept
        : semaphore_(std::exchange(other.semaphore_, nullptr)), n_(std::exchange(other.n_, 0)) {}
    permit& operator=(permit&& other) noexcept {
        permit taken(std::move(other));
        std::swap(semaphore_, taken.semaphore_);
        std::swap(n_, taken.n_);
        return *this;
    }
    ~permit() { release(); }

    /// Gives the permits back now. Does nothing when empty.
    void release() noexcept {
        if (semaphore_ != nullptr) std::exchange(semaphore_, nullptr)->release(std::exchange(n_, 0));
    }
    /// How many it holds.
    std::size_t count() const noexcept { return n_; }
    /// False when it is empty.
    explicit operator bool() const noexcept { return semaphore_ != nullptr; }

private:
    friend class semaphore;
    permit(semaphore& s, std::size_t n) noexcept : semaphore_(&s), n_(n) {}

    semaphore* semaphore_ = nullptr;
    std::size_t n_ = 0;
};

class semaphore::acquire_awaiter : public waiter {
public:
    acquire_awaiter(semaphore& s, std::size_t n) noexcept : waiter(&cancelled), semaphore_(s), n_(n) {}
    ~acquire_awaiter() {
        if (waiting()) leave();
        if (granted_) semaphore_.release(n_);
    }

    bool await_ready() noexcept { return granted_ = semaphore_.try_take(n_); }
    bool await_suspend(std::coroutine_handle<> h, context const* ctx) noexcept {
        return semaphore_.waiters_.suspend(*this, h, ctx);
    }
    permit await_resume() { return detail::value_or_throw(await_result()); }
    result<permit> await_result() noexcept {
        if (!std::exchange(granted_, false)) return error(failure());
        return permit(semaphore_, n_);
    }

private:
    friend class semaphore;

    // A request that stood at the head no longer holds up the smaller ones behind it.
    void leave() noexcept {
        resumption::unlink();
        semaphore_.serve();
    }
    static void cancelled(waiter& w) noexcept {
        auto& self = static_cast<acquire_awaiter&>(w);
        self.fail(self.ctx()->cancel.reason());
        self.semaphore_.serve();
    }

    semaphore& semaphore_;
    std::size_t n_;
    bool granted_ = false;
};

inline semaphore::acquire_awaiter semaphore::acquire_awaitable::operator co_await() const noexcept {
    return acquire_awaiter(s, n);
}

inline std::optional<semaphore::permit> semaphore::try_acquire(std::size_t n) noexcept {
    if (!try_take(n)) return std::nullopt;
    return permit(*this, n);
}

inline void semaphore::serve() noexcept {
    while (!waiters_.empty()) {
        auto& oldest = static_cast<acquire_awaiter&>(waiters_.front());
        if (available_ < oldest.n_) return;
        available_ -= oldest.n_;
        oldest.granted_ = true;
        oldest.wake();
    }
}

} // namespace coda
