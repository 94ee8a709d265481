// SPDX-License-Identifier: BSL-1.0
#include <coda/runtime/detail/tenure.hpp>
#include <coda/runtime/loop_group.hpp>

#include <condition_variable>
#include <mutex>
#include <new>

namespace coda::detail {

namespace {

// Of all loops: it is touched where a run begins or ends, and where a caller is destroyed while it waits.
struct recall_list {
    std::mutex mutex;
    std::condition_variable changed;
    remote_run* first = nullptr;
};

// Never destroyed: there may be static loops.
recall_list& recalls() noexcept {
    alignas(recall_list) static std::byte storage[sizeof(recall_list)];
    static recall_list& all = *new (storage) recall_list;
    return all;
}

// A recall that waits on this thread: under it, on the stack, a coroutine may be running.
struct waiting_recall {
    carrier const* under; // what the destroyed caller belonged to
    bool running;         // the thread came here from a coroutine
    waiting_recall const* outer;
};
thread_local waiting_recall const* innermost = nullptr;

// Whether a coroutine under `r` may be on this thread's stack, so that it cannot be destroyed yet.
bool may_be_running(carrier const& r) noexcept {
    for (auto const* w = innermost; w != nullptr; w = w->outer) {
        if (w->running && w->under == &unknown_carrier) return true;
        for (auto const* c = w->under; c != nullptr; c = c->outer)
            if (c == &r) return true;
    }
    return false;
}

} // namespace

constinit carrier const unknown_carrier{nullptr};

remote_run::remote_run(context const& caller, coda::loop& target) noexcept
    : carrier{caller.carrier},
      home_(*caller.loop),
      target_(target),
      trace_(caller.trace != nullptr ? *caller.trace : trace_context()),
      context_{&target, source_.token(), caller.deadline, caller.trace != nullptr ? &trace_ : nullptr, this} {}

void remote_run::message::send(coda::loop& to, remote_run& r, function f) noexcept {
    run_ = std::static_pointer_cast<remote_run>(r.shared_from_this());
    function_ = f;
    to.enqueue(*this);
}

void remote_run::message::run() { function_(*run_); }

// The message may go with what it keeps.
void remote_run::message::dispose() noexcept {
    auto const last = std::move(run_);
    if (this == &last->recall_) last->destroy_where_it_runs();
}

void remote_run::depart(waiter& w) noexcept {
    begin(w);
    ++answers_due_;
    departure_.send(target_, *this, [](remote_run& self) noexcept {
        if (!self.recalled_) self.start_child(self.context_, self);
    });
}

// The request may cross the end of the task on the way: it is answered too, so that no request is left behind.
void remote_run::cancel(error_code reason) noexcept {
    ++answers_due_;
    reason_ = reason;
    cancellation_.send(target_, *this, [](remote_run& self) noexcept {
        if (self.recalled_) return;
        self.source_.request(self.reason_);
        self.answer(self.cancelled_);
    });
}

void remote_run::answer(message& m) noexcept {
    m.send(home_, *this, [](remote_run& self) noexcept {
        if (--self.answers_due_ == 0) self.end_here({});
    });
}

// Two threads may each wait for the other's loop, and one may wait for what in the end is asked of itself. So whoever
// waits serves his own loops.
void remote_run::recall() noexcept {
    abandon();
    waiting_recall const here{outer, home_.resuming_, innermost};
    innermost = &here;
    tenure const at_home(home_);
    std::unique_lock lock(recalls().mutex);
    for (bool asked = false; !destroyed_;) {
        if (target_.tenant_ == std::this_thread::get_id()) {
            destroy(lock);
        } else if (target_.tenant_ == std::thread::id() && target_.in_loop_thread()) {
            lock.unlock();
            destroy_on_idle_target();
            lock.lock();
        } else if (!asked) {
            asked = true;
            next_recall_ = std::exchange(recalls().first, this);
            recalls().changed.notify_all();
            recall_.send(target_, *this, [](remote_run&) noexcept {});
        } else if (!serve_one(lock, nullptr)) {
            recalls().changed.wait(lock);
        }
    }
    innermost = here.outer;
}

void remote_run::destroy_on_idle_target() noexcept {
    tenure const there(target_);
    destroy_where_it_runs();
}

// The loop's thread, or the one that destroys the loop.
void remote_run::destroy_where_it_runs() noexcept {
    std::unique_lock lock(recalls().mutex);
    if (!destroyed_) destroy(lock);
}

// In the tenure of its loop. It may be gone when the lock is given up the next time.
void remote_run::destroy(std::unique_lock<std::mutex>& lock) noexcept {
    for (remote_run** at = &recalls().first; *at != nullptr; at = &(*at)->next_recall_)
        if (*at == this) {
            *at = next_recall_;
            break;
        }
    if (std::exchange(recalled_, true)) return; // under way
    lock.unlock();
    destroy_child();
    lock.lock();
    destroyed_ = true;
    recalls().changed.notify_all();
}

// One of those asked of `at`, or of any loop of this thread.
bool remote_run::serve_one(std::unique_lock<std::mutex>& lock, coda::loop const* at) noexcept {
    auto const here = std::this_thread::get_id();
    for (remote_run* r = recalls().first; r != nullptr; r = r->next_recall_) {
        auto& l = r->target_;
        bool const ours = l.tenant_ == here || (l.tenant_ == std::thread::id() && l.thread_.load() == here);
        if (at != nullptr ? &l != at : !ours) continue;
        if (may_be_running(*r)) continue;
        r->destroy(lock);
        return true;
    }
    return false;
}

tenure::tenure(loop& l) noexcept {
    auto const here = std::this_thread::get_id();
    std::unique_lock lock(recalls().mutex);
    while (l.tenant_ != here && l.tenant_ != std::thread::id())
        if (!remote_run::serve_one(lock, nullptr)) recalls().changed.wait(lock);
    if (l.tenant_ == here) return;
    l.tenant_ = here;
    taken_ = &l;
}

tenure::~tenure() {
    if (taken_ == nullptr) return;
    std::unique_lock lock(recalls().mutex);
    while (remote_run::serve_one(lock, taken_)) {}
    taken_->tenant_ = std::thread::id();
    recalls().changed.notify_all();
}

} // namespace coda::detail
