// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/fiber_stacks.hpp>
#include <coda/runtime/this_context.hpp>

#include <exception>
#include <optional>

/// Code that blocks, on a stack of its own, so that it can wait on the loop from the depth of a C library that calls
/// back for its input and output.
///
///     auto r = co_await coda::on_fiber(stacks, [&](coda::fiber& f) {
///         library.read = [&](char* to, size_t n) { f.wait(coda::wait_ready(fd, readiness::read)); return recv(...); };
///         return library_call(library);
///     });
namespace coda {

class fiber;

namespace detail {

class fiber_host;
class fiber_pool;

// What a fiber waits for: its awaiter lies on the fiber's stack and is told, from outside, to suspend a coroutine.
struct fiber_suspension {
    std::coroutine_handle<> (*suspend)(void* awaiter, std::coroutine_handle<> h, context const* ctx) = nullptr;
    void* awaiter = nullptr;
};

template <class Awaiter>
std::coroutine_handle<> suspend_at(void* awaiter, std::coroutine_handle<> h, context const* ctx) {
    auto& a = *static_cast<Awaiter*>(awaiter);
    using returned = decltype(a.await_suspend(h, ctx));
    if constexpr (std::is_void_v<returned>) {
        a.await_suspend(h, ctx);
        return std::noop_coroutine();
    } else if constexpr (std::is_same_v<returned, bool>) {
        return a.await_suspend(h, ctx) ? std::coroutine_handle<>(std::noop_coroutine()) : h;
    } else {
        return a.await_suspend(h, ctx);
    }
}

// Awaits on a coroutine's side what a fiber waits for.
struct fiber_wait {
    fiber_suspension const& on;
    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> h, context const* ctx) const {
        return on.suspend(on.awaiter, h, ctx);
    }
    void await_resume() const noexcept {}
};

template <class R>
struct fiber_value {
    using type = R;
};
template <class T>
struct fiber_value<result<T>> {
    using type = T;
};

} // namespace detail

/// The function's side of `on_fiber`: made by it, valid while the function runs.
class fiber {
public:
    fiber(fiber const&) = delete;
    fiber& operator=(fiber const&) = delete;

    /// Waits as `co_await as_result(a)` would, in the context of the task that awaits `on_fiber`; the loop and its
    /// other tasks go on meanwhile. To be called on the fiber's own stack. `a` must be an awaitable that takes the
    /// context: all of the library's do.
    ///
    /// Once the task is cancelled every wait ends at once with the reason, so the function can come to its end without
    /// having to know; when the task is destroyed they end with errc::cancelled. Never throws: what `a` throws is an
    /// error (errc::cancelled for what is no coda::exception), since there may be C code between here and any handler.
    template <class A>
        requires detail::takes_context<detail::result_awaiter<A>>
    auto wait(A&& a) noexcept {
        using result_type = decltype(std::declval<detail::result_awaiter<A>&>().await_result());
        try {
            detail::result_awaiter<A> awaiter(std::forward<A>(a));
            if (!awaiter.await_ready())
                suspend({&detail::suspend_at<detail::result_awaiter<A>>, &awaiter});
            else if (ctx_->loop->spend_budget())
                let_others_go_first();
            if (abandoned_) return result_type(error(errc::cancelled));
            return awaiter.await_result();
        } catch (exception const& e) {
            return result_type(e.error());
        } catch (...) {
            return result_type(error(errc::cancelled));
        }
    }

    /// Of the task that awaits `on_fiber`: loop, deadline, cancellation.
    context const& ctx() const noexcept { return *ctx_; }

private:
    friend class detail::fiber_host;
    template <class F>
    friend auto on_fiber(fiber_stacks&, F function)
        -> operation<typename detail::fiber_value<std::invoke_result_t<F&, fiber&>>::type>;

    using function = void (*)(void* argument, fiber&) noexcept;
    enum class state : unsigned char { fresh, running, waiting, ended };

    // Throws std::bad_alloc.
    fiber(fiber_stacks& stacks, context const& ctx, function f, void* argument);
    // What has not come to its end yet does so here: its waits fail.
    ~fiber();

    // Runs it until it waits (true) or has ended.
    bool resume() noexcept;
    detail::fiber_wait waiting() const noexcept { return {waits_for_}; }

    void run() noexcept;
    void suspend(detail::fiber_suspension s) noexcept;
    void let_others_go_first() noexcept;

    detail::fiber_pool& pool_;
    detail::fiber_host& host_;
    context const* ctx_;
    function function_;
    void* argument_;
    detail::fiber_suspension waits_for_;
    state at_ = state::fresh;
    bool abandoned_ = false;
};

/// Calls `function(fiber&)` on a stack from `stacks` and gives what it returns, a T or a result<T>; what it throws is
/// thrown to the one who awaits. It begins when awaited, on the awaiting task's loop and thread, and may use any C
/// library that does not itself care on which stack it runs.
///
/// Cancellation and deadlines reach it at its waits: see `fiber::wait`. The operation ends when the function does.
/// `function` is moved into the operation. `stacks` must outlive it. Throws std::bad_alloc where no stack can be had.
template <class F>
auto on_fiber(fiber_stacks& stacks, F function)
    -> operation<typename detail::fiber_value<std::invoke_result_t<F&, fiber&>>::type> {
    using returned = std::invoke_result_t<F&, fiber&>;
    using value = typename detail::fiber_value<returned>::type;
    struct call {
        F& function;
        std::optional<result<value>> outcome;
        std::exception_ptr thrown;

        static void run(void* self, fiber& f) noexcept {
            auto& c = *static_cast<call*>(self);
            try {
                if constexpr (std::is_void_v<returned>) {
                    c.function(f);
                    c.outcome.emplace(boost::system::in_place_value);
                } else {
                    c.outcome.emplace(c.function(f));
                }
            } catch (...) {
                c.thrown = std::current_exception();
            }
        }
    };
    context const& ctx = co_await this_context();
    call the_call{function, {}, {}};
    {
        fiber running(stacks, ctx, &call::run, &the_call);
        while (running.resume()) co_await running.waiting();
    }
    if (the_call.thrown) std::rethrow_exception(the_call.thrown);
    co_return std::move(*the_call.outcome);
}

} // namespace coda
