// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/deadline.hpp>
#include <coda/runtime/scope.hpp>

namespace coda::test {

namespace detail {

// The loop's queue of coroutines that are ready: an explicit instantiation may name what is private.
auto& ready_queue(loop& l) noexcept;
template <auto Member>
struct ready_queue_access {
    friend auto& ready_queue(loop& l) noexcept { return l.*Member; }
};

} // namespace detail
} // namespace coda::test

template struct coda::test::detail::ready_queue_access<&coda::loop::ready_>;

namespace coda::test {

namespace detail {

// Watches what goes on beside it and requests `stop` after so many steps of it. A step is whatever makes a difference
// to one who cancels: something ran and is suspended anew; it has waited for a whole turn of the loop, at whose end is
// sent what was queued; it was woken and has not gone on yet.
class stepping {
public:
    stepping(cancel_source& stop, int steps) noexcept : stop_(stop), left_(steps) {}

    // False: it has ended before.
    template <class Ended>
    task<bool> run(Ended ended) {
        context const& here = co_await this_context();
        loop& l = *here.loop;
        bool has_waited = false;
        while (!ended()) {
            if (left_ <= 0) {
                stop_.request();
                co_return true;
            }
            if (!ready_queue(l).empty()) {
                if (has_waited && --left_ == 0) continue; // woken by a timer
                co_await yield();
                --left_;
                has_waited = false;
                continue;
            }
            bool const woken = co_await next_turn(*this);
            if (woken || !has_waited) --left_;
            has_waited = !woken;
        }
        co_return stop_.requested();
    }

private:
    // Lets the loop wait once and looks on before anything is resumed. True: something was woken, which is a step, and
    // has gone on by the time this has.
    class next_turn : public timer {
    public:
        explicit next_turn(stepping& s) noexcept : timer(&next_turn::began), steps_(s) {}
        bool await_ready() const noexcept { return false; }
        void await_suspend(std::coroutine_handle<> h, context const* ctx) noexcept {
            loop_ = ctx->loop;
            next_.handle = h;
            loop_->arm(*this, loop_->now());
        }
        bool await_resume() const noexcept { return woken_; }

    private:
        static void began(timer& t) noexcept {
            auto& self = static_cast<next_turn&>(t);
            self.woken_ = !ready_queue(*self.loop_).empty();
            if (self.woken_ && --self.steps_.left_ == 0) self.steps_.stop_.request();
            self.loop_->schedule(self.next_);
        }

        stepping& steps_;
        loop* loop_ = nullptr;
        resumption next_;
        bool woken_ = false;
    };

    cancel_source& stop_;
    int left_;
};

} // namespace detail

// Runs `attempt` (returns task<bool>: whether the operation ended by itself) again and again, cancelling it at its 1st,
// 2nd, 3rd ... suspension, until it has ended before it came to that, three times in a row (how often it is suspended
// depends on how the replies come). Gives how often it was cancelled.
template <class Attempt>
task<int> cancel_everywhere(Attempt attempt) {
    int cancelled = 0;
    int ended_before = 0;
    for (int steps = 0; ended_before < 3; ++steps) {
        cancel_source stop;
        bool by_itself = false;
        bool reached = false;
        auto const operation = [&]() -> task<> { by_itself = co_await with_cancellation(stop.token(), attempt()); };
        auto const body = [&](scope& s) -> task<> {
            s.spawn(operation());
            detail::stepping each(stop, steps);
            auto const ended = [&] { return s.size() <= 1; };
            reached = co_await each.run(ended);
        };
        co_await with_scope(body);
        cancelled += by_itself ? 0 : 1;
        ended_before = reached ? 0 : ended_before + 1;
    }
    co_return cancelled;
}

} // namespace coda::test
