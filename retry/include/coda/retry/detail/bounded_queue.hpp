// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/waiter.hpp>

#include <cstddef>

namespace coda::detail {

// A FIFO of at most so many waiters; one more ends with errc::queue_full at once. Who is cancelled or destroyed leaves
// in O(1), and the limiter whose queue it is hears of it.
class bounded_queue {
public:
    class member : public waiter {
    public:
        explicit member(bounded_queue& q) noexcept : waiter(&cancelled), queue_(q) {}

    protected:
        ~member() = default;
        // Suspends `h` behind the others. False, with `failure()` set, when there are too many of them or the context
        // is cancelled already.
        bool join(std::coroutine_handle<> h, context const* ctx) noexcept {
            if (queue_.size_ >= queue_.capacity_) {
                set_failure(errc::queue_full);
                return false;
            }
            if (!queue_.waiters_.suspend(*this, h, ctx)) return false;
            ++queue_.size_;
            return true;
        }

        // To be called by the destructor of what is derived, which `left` is given whole, while `waiting()`.
        void leave() noexcept {
            resumption::unlink();
            --queue_.size_;
            queue_.left(*this);
        }

    private:
        static void cancelled(waiter& w) noexcept {
            auto& self = static_cast<member&>(w);
            self.leave();
            self.fail(self.ctx()->cancel.reason());
        }

        bounded_queue& queue_;
    };

    // Waiting now.
    std::size_t waiting() const noexcept { return size_; }

protected:
    explicit bounded_queue(std::size_t capacity) noexcept : capacity_(capacity) {}
    ~bounded_queue() = default;

    // The oldest; there is one.
    member& front() noexcept { return static_cast<member&>(waiters_.front()); }
    void wake_front() noexcept {
        --size_;
        waiters_.wake_one();
    }

private:
    // Somebody gave up waiting, and is no longer in the queue.
    virtual void left(member&) noexcept = 0;

    wait_queue waiters_;
    std::size_t size_ = 0;
    std::size_t capacity_;
};

} // namespace coda::detail
