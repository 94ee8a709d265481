// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/operation.hpp>

namespace coda {

namespace detail {

struct this_context_awaiter {
    context const* ctx = nullptr;
    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<>, context const* c) noexcept {
        ctx = c;
        return false;
    }
    context const& await_resume() const noexcept { return *ctx; }
};

struct yield_awaiter {
    resumption next;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> h, context const* ctx) noexcept {
        next.handle = h;
        ctx->loop->schedule(next);
    }
    void await_resume() const noexcept {}
};

struct [[nodiscard]] yield_awaitable {
    yield_awaiter operator co_await() const noexcept { return {}; }
};

// Awaits `A` under another context than the awaiting task's.
template <class A>
class in_context_awaiter {
public:
    in_context_awaiter(context const& ctx, A&& a) : ctx_(&ctx), awaiter_(get_awaiter(std::forward<A>(a))) {}

    bool await_ready() { return awaiter_.await_ready(); }
    auto await_suspend(std::coroutine_handle<> h, context const*)
        requires takes_context<awaiter_t<A>>
    {
        return awaiter_.await_suspend(h, ctx_);
    }
    auto await_suspend(std::coroutine_handle<> h)
        requires(!takes_context<awaiter_t<A>>)
    {
        return awaiter_.await_suspend(h);
    }
    decltype(auto) await_resume() { return awaiter_.await_resume(); }
    auto await_result()
        requires has_result<A>
    {
        return awaiter_.await_result();
    }

private:
    context const* ctx_;
    stored_awaiter_t<A> awaiter_;
};

template <class A>
class [[nodiscard]] in_context_awaitable {
public:
    in_context_awaitable(context const& ctx, A&& a) : ctx_(&ctx), awaitable_(std::forward<A>(a)) {}
    in_context_awaiter<A> operator co_await() && { return in_context_awaiter<A>(*ctx_, std::forward<A>(awaitable_)); }

private:
    context const* ctx_;
    A awaitable_;
};

} // namespace detail

/// `co_await this_context()` gives the running task's context, which lives as long as the task.
inline detail::this_context_awaiter this_context() noexcept { return {}; }

/// `co_await yield()` lets everything else that is ready run first. Not a cancellation point.
inline detail::yield_awaitable yield() noexcept { return {}; }

/// Awaits `a` under `ctx` instead of the task's own context. `ctx` must belong to the same loop and outlive the await.
template <class A>
auto in_context(context const& ctx, A&& a) {
    return detail::in_context_awaitable<A>(ctx, std::forward<A>(a));
}

} // namespace coda
