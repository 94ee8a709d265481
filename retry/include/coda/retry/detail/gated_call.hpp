// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/retry/detail/call.hpp>
#include <coda/retry/detail/nested_await.hpp>
#include <coda/retry/health.hpp>
#include <coda/runtime/deadline.hpp>

#include <optional>
#include <variant>

namespace coda::detail {

// A gate lets a call in, perhaps after a wait, or refuses it; its pass hears how the call ended and, destroyed without
// having heard (the task is gone, an exception passes), is given back. Breakers and limiters are gates:
//
//     bool try_enter(context const&, pass&) noexcept;      // without waiting
//     awaitable of pass enter();                           // where that was false: of a gate that has calls wait,
//     error refusal() const;                               // of one that refuses them
//     void pass::ended(context const&, health) noexcept;
template <class Gate>
concept waiting_gate = requires(Gate& g) { g.enter(); };

// The way of a call that has to wait; the others need no coroutine.
template <class Gate, call F>
operation<call_value_t<F>> wait_and_call(Gate& gate, F& fn) {
    using value = call_value_t<F>;
    context const& ctx = co_await this_context();
    auto entered = co_await as_result(gate.enter());
    if (entered.has_error()) co_return failed<value>(entered.error());
    auto ended = co_await as_result(fn());
    entered->ended(ctx, health_after(ended));
    co_return std::move(ended);
}

template <class Gate, call F>
class gated_call_awaiter : public nested_await {
    using value = call_value_t<F>;

public:
    gated_call_awaiter(Gate& gate, F&& fn) : gate_(gate), fn_(std::move(fn)) {}

    std::coroutine_handle<> await_suspend(std::coroutine_handle<> h, context const* ctx) {
        ctx_ = ctx;
        if (gate_.try_enter(*ctx, pass_)) [[likely]] {
            inner_.emplace(fn_());
            return begin(*inner_, h, ctx);
        }
        if constexpr (waiting_gate<Gate>) {
            waiting_.emplace(wait_and_call(gate_, fn_));
            return begin(*waiting_, h, ctx);
        } else {
            return go_on(h, *ctx);
        }
    }

    result<value> await_result() {
        if (inner_) [[likely]] {
            auto ended = inner_->await_result();
            pass_.ended(*ctx_, health_after(ended));
            return ended;
        }
        if constexpr (waiting_gate<Gate>)
            return waiting_->await_result();
        else
            return failed<value>(gate_.refusal());
    }
    value await_resume() { return value_or_throw(await_result()); }

private:
    Gate& gate_;
    F fn_;
    context const* ctx_ = nullptr;
    typename Gate::pass pass_; // destroyed after the call
    std::optional<call_awaiter_t<F>> inner_;
    std::conditional_t<waiting_gate<Gate>, std::optional<result_awaiter<operation<value>>>, std::monostate> waiting_;
};

template <class Gate, call F>
auto gated_call(Gate& gate, F fn) {
    return kept_awaitable<gated_call_awaiter<Gate, F>, Gate&, F>(gate, std::move(fn));
}

} // namespace coda::detail
