// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/context.hpp>

namespace coda {

namespace detail {
class timer_queue;
}

/// A function to be called at a moment. Lives in its owner, allocates nothing, and disarms itself when destroyed.
/// Armed and disarmed through `loop`, on its thread.
class timer {
public:
    /// Called on the loop's thread, already disarmed. It must not resume a coroutine: it schedules.
    using function = void (*)(timer&) noexcept;

    explicit timer(function f) noexcept : function_(f) {}
    timer(timer const&) = delete;
    timer& operator=(timer const&) = delete;
    ~timer();

    bool armed() const noexcept { return queue_ != nullptr; }
    /// Meaningful while armed.
    time_point when() const noexcept { return when_; }

private:
    friend class detail::timer_queue;

    time_point when_{};
    std::uint64_t order_ = 0; // ties fire in the order they were armed
    function function_;
    detail::timer_queue* queue_ = nullptr;
    timer* child_ = nullptr;
    timer* next_ = nullptr;
    timer* prev_ = nullptr; // the left sibling; for a first child, its parent
};

namespace detail {

// A pairing heap of timers. Nearly all timers are disarmed before they fire, so arming and disarming (both O(1) in that
// case) matter, and taking the earliest (O(log n) amortized) hardly does.
class timer_queue {
public:
    timer_queue() noexcept = default;
    timer_queue(timer_queue const&) = delete;
    timer_queue& operator=(timer_queue const&) = delete;
    ~timer_queue() { clear(); }

    void clear() noexcept; // disarms all

    void insert(timer& t, time_point when) noexcept;
    void remove(timer& t) noexcept;

    bool empty() const noexcept { return root_ == nullptr; }
    time_point earliest() const noexcept { return root_ != nullptr ? root_->when_ : no_deadline; }

    // Calls the earliest timer if it is due at `now`; false if none is.
    bool fire_one(time_point now) noexcept;

private:
    static bool before(timer const& a, timer const& b) noexcept {
        return a.when_ != b.when_ ? a.when_ < b.when_ : a.order_ < b.order_;
    }
    static timer* meld(timer* a, timer* b) noexcept;
    static timer* meld_pairs(timer* first) noexcept;

    timer* root_ = nullptr;
    std::uint64_t next_order_ = 0;
};

} // namespace detail

inline timer::~timer() {
    if (queue_ != nullptr) queue_->remove(*this);
}

} // namespace coda
