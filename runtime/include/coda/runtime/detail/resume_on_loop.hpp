// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/detail/frame_allocator.hpp>

#include <coroutine>
#include <memory>
#include <utility>

namespace coda {
class loop;
}

namespace coda::detail {

// Stands in for a task at an awaiter that does not know coda and may resume it on any thread: when resumed, it brings
// the task back to its own loop, unless the task is gone by then.
class resume_on_loop_handle {
public:
    struct state;
    struct promise_type {
        promise_type(loop& l, std::coroutine_handle<> task);
        static void* operator new(std::size_t size) { return allocate_frame(size); }
        static void operator delete(void* frame, std::size_t size) noexcept { free_frame(frame, size); }
        resume_on_loop_handle get_return_object() noexcept {
            return resume_on_loop_handle(std::coroutine_handle<promise_type>::from_promise(*this));
        }
        std::suspend_always initial_suspend() const noexcept { return {}; }
        auto final_suspend() const noexcept { return bring_back{}; }
        void return_void() const noexcept {}
        void unhandled_exception() const noexcept {}

        std::shared_ptr<state> shared;
    };

    resume_on_loop_handle() noexcept = default;
    resume_on_loop_handle(resume_on_loop_handle&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
    resume_on_loop_handle& operator=(resume_on_loop_handle&& other) noexcept {
        std::swap(handle_, other.handle_);
        return *this;
    }
    ~resume_on_loop_handle() {
        if (handle_) abandon();
    }

    std::coroutine_handle<> handle() const noexcept { return handle_; }

private:
    // In final_suspend, where the frame may already be destroyed by the loop's thread while this one returns.
    struct bring_back {
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<promise_type> h) const noexcept;
        void await_resume() const noexcept {}
    };

    void abandon() noexcept;

    explicit resume_on_loop_handle(std::coroutine_handle<promise_type> h) noexcept : handle_(h) {}
    std::coroutine_handle<promise_type> handle_;
};

resume_on_loop_handle resume_on_loop(loop& l, std::coroutine_handle<> task);

} // namespace coda::detail
