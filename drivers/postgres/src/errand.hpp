// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coroutine>
#include <exception>
#include <utility>

namespace coda::pg::detail {

// A coroutine that nobody waits for: it begins where it is called, not in the loop's next step, and its frame goes with
// this object. Its body lets no exception out.
class errand {
public:
    struct promise_type {
        errand get_return_object() noexcept { return errand(handle::from_promise(*this)); }
        std::suspend_never initial_suspend() const noexcept { return {}; }
        std::suspend_always final_suspend() const noexcept { return {}; }
        void return_void() const noexcept {}
        [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
    };

    errand() noexcept = default;
    errand(errand&& other) noexcept : frame_(std::exchange(other.frame_, nullptr)) {}
    errand& operator=(errand&& other) noexcept {
        std::swap(frame_, other.frame_);
        return *this;
    }
    ~errand() {
        if (frame_) frame_.destroy();
    }

    bool done() const noexcept { return !frame_ || frame_.done(); }

private:
    using handle = std::coroutine_handle<promise_type>;
    explicit errand(handle h) noexcept : frame_(h) {}

    handle frame_;
};

} // namespace coda::pg::detail
