// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/waiter.hpp>

#include <memory>
#include <mutex>

namespace coda::detail {

// A wait of a coroutine that ends on another thread. Both sides share it, because the coroutine may be destroyed at any
// time: then the other side must find neither it nor its loop.
class remote_wait : public std::enable_shared_from_this<remote_wait> {
public:
    // On the loop's thread, before the other side can know of the wait.
    void begin(waiter& w) noexcept;
    // On the loop's thread: nobody waits any more. Afterwards the loop is not touched from here.
    void abandon() noexcept;
    // From any thread, once: resumes the coroutine on its loop, with an error if `reason` is one.
    void end(error_code reason = {}) noexcept;

protected:
    remote_wait() noexcept = default;
    ~remote_wait() = default;
    // The loop's thread only; null once the wait has ended or was abandoned.
    waiter* waiting() const noexcept { return waiter_; }
    // The same as `end`, on the loop's thread.
    void end_here(error_code reason) noexcept;

private:
    // What takes the end to the loop: part of the wait, so that it needs no memory then.
    struct ending final : posted {
        void run() override { wait->end_here(reason); }
        void dispose() noexcept override { auto const last = std::move(wait); }
        std::shared_ptr<remote_wait> wait; // while it is under way
        error_code reason;
    };

    ending ending_;
    std::mutex mutex_; // of home_
    coda::loop* home_ = nullptr;
    waiter* waiter_ = nullptr;
};

} // namespace coda::detail
