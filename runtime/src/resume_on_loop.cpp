// SPDX-License-Identifier: BSL-1.0
#include <coda/runtime/detail/resume_on_loop.hpp>
#include <coda/runtime/loop.hpp>

namespace coda::detail {

// Posts itself: where the foreign side resumes, there is nobody to tell of a want of memory.
struct resume_on_loop_handle::state final : posted {
    state(coda::loop& l, std::coroutine_handle<> h) noexcept : loop(l), task(h) {}
    void run() override {
        if (!abandoned) loop.schedule(task);
    }
    void dispose() noexcept override { auto const last = std::move(self); }

    coda::loop& loop;
    resumption task;
    bool abandoned = false;      // the loop's thread only
    std::shared_ptr<state> self; // while it is posted
};

resume_on_loop_handle::promise_type::promise_type(loop& l, std::coroutine_handle<> task)
    : shared(std::make_shared<state>(l, task)) {}

void resume_on_loop_handle::abandon() noexcept {
    auto& s = *handle_.promise().shared;
    s.abandoned = true;
    s.task.unlink();
    handle_.destroy();
}

void resume_on_loop_handle::bring_back::await_suspend(std::coroutine_handle<promise_type> h) const noexcept {
    auto s = h.promise().shared;
    if (s->loop.runs_in_this_thread()) return s->loop.schedule(s->task);
    s->self = s;
    s->loop.enqueue(*s);
}

resume_on_loop_handle resume_on_loop(loop&, std::coroutine_handle<>) { co_return; }

} // namespace coda::detail
