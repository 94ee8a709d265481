// SPDX-License-Identifier: BSL-1.0
#include <coda/runtime/detail/resume_on_loop.hpp>
#include <coda/runtime/loop.hpp>

namespace coda::detail {

struct resume_on_loop_handle::state {
    state(coda::loop& l, std::coroutine_handle<> h) noexcept : loop(l), task(h) {}
    coda::loop& loop;
    resumption task;
    bool abandoned = false; // the loop's thread only
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
    if (s->loop.in_loop_thread()) return s->loop.schedule(s->task);
    s->loop.post([s] {
        if (!s->abandoned) s->loop.schedule(s->task);
    });
}

resume_on_loop_handle resume_on_loop(loop&, std::coroutine_handle<>) { co_return; }

} // namespace coda::detail
