// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/detail/awaitable.hpp>
#include <coda/runtime/detail/frame_allocator.hpp>
#include <coda/runtime/detail/resume_on_loop.hpp>
#include <coda/runtime/loop.hpp>

#include <exception>
#include <type_traits>
#include <variant>

/// A lazy coroutine: it starts when awaited, on the loop of the one who awaits it, and ends before that one goes on.
///
///     coda::task<int> twice(int x) { co_return 2 * x; }
///     coda::task<> caller() { int y = co_await twice(21); }
namespace coda {

namespace detail {

// Hands the context to an awaiter, and makes a coroutine that seldom suspends let others go first.
template <class A>
class context_awaiter;

// What every coroutine type of the library is on the inside: a context, somebody to go on with, frames that recycle.
class promise_base {
public:
    static void* operator new(std::size_t size) { return allocate_frame(size); }
    static void operator delete(void* frame, std::size_t size) noexcept { free_frame(frame, size); }

    std::suspend_always initial_suspend() const noexcept { return {}; }

    template <class A>
    context_awaiter<A> await_transform(A&& a) {
        return context_awaiter<A>(*this, std::forward<A>(a));
    }

    // Only for the error.
    template <awaited_once A>
    auto await_transform(A& a) {
        static_assert(!awaited_once<A>, "a named task or operation is awaited by co_await std::move(name), once");
        return context_awaiter<A>(*this, std::move(a));
    }

    // Has `h` go on when others had their turn.
    void yield(std::coroutine_handle<> h) noexcept {
        ready.handle = h;
        ctx->loop->schedule(ready);
    }

    context const* ctx = nullptr;
    resumption ready;
    // What a foreign awaiter was given. It outlives that awaiter, whose destructor is where it forgets the handle.
    resume_on_loop_handle foreign;
};

template <class A>
class context_awaiter {
    using awaiter = awaiter_t<A>;

public:
    context_awaiter(promise_base& p, A&& a) : promise_(p), awaiter_(get_awaiter(std::forward<A>(a))) {}

    bool await_ready() {
        if (!awaiter_.await_ready()) return false;
        yields_ = promise_.ctx->loop->spend_budget();
        return !yields_;
    }

    template <class Promise>
    auto await_suspend(std::coroutine_handle<Promise> h) {
        if constexpr (takes_context<awaiter>) {
            return suspend(h, [&] { return awaiter_.await_suspend(h, promise_.ctx); });
        } else {
            promise_.foreign = resume_on_loop(*promise_.ctx->loop, h);
            return suspend(h, [&] { return awaiter_.await_suspend(promise_.foreign.handle()); });
        }
    }

    decltype(auto) await_resume() { return awaiter_.await_resume(); }

private:
    // One return type for all forms: void and bool become bool, a handle stays one.
    template <class Suspend>
    auto suspend(std::coroutine_handle<> h, Suspend inner) {
        using returned = decltype(inner());
        if (yields_) promise_.yield(h);
        if constexpr (std::is_void_v<returned>) {
            if (!yields_) inner();
            return true;
        } else if constexpr (std::is_same_v<returned, bool>) {
            return yields_ || inner() || let_others_go_first(h);
        } else {
            return yields_ ? std::coroutine_handle<>(std::noop_coroutine()) : std::coroutine_handle<>(inner());
        }
    }

    // An awaiter that had nothing to wait for after all (cancelled already, say) counts as one that was ready.
    bool let_others_go_first(std::coroutine_handle<> h) noexcept {
        if (!promise_.ctx->loop->spend_budget()) return false;
        promise_.yield(h);
        return true;
    }

    promise_base& promise_;
    stored_awaiter_t<A> awaiter_;
    bool yields_ = false;
};

class continuing_promise : public promise_base {
public:
    auto final_suspend() const noexcept { return final_awaiter{}; }

    std::coroutine_handle<> continuation;

private:
    struct final_awaiter {
        bool await_ready() const noexcept { return false; }
        template <class Promise>
        std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> h) const noexcept {
            auto& promise = h.promise();
            if (!promise.ctx->loop->spend_budget()) return promise.continuation;
            // Where transfers are no tail calls, a deep recursion would return on one stack.
            promise.yield(promise.continuation);
            return std::noop_coroutine();
        }
        void await_resume() const noexcept {}
    };
};

template <class T>
class task_promise final : public continuing_promise {
public:
    task<T> get_return_object() noexcept;

    template <class U = T>
        requires std::is_constructible_v<T, U&&>
    void return_value(U&& value) noexcept(std::is_nothrow_constructible_v<T, U&&>) {
        outcome_.template emplace<1>(std::forward<U>(value));
    }
    void unhandled_exception() noexcept { outcome_.template emplace<2>(std::current_exception()); }

    T take() {
        if (outcome_.index() == 2) std::rethrow_exception(std::get<2>(std::move(outcome_)));
        return std::get<1>(std::move(outcome_));
    }

private:
    std::variant<std::monostate, T, std::exception_ptr> outcome_;
};

template <>
class task_promise<void> final : public continuing_promise {
public:
    task<void> get_return_object() noexcept;
    void return_void() const noexcept {}
    void unhandled_exception() noexcept { exception_ = std::current_exception(); }
    void take() {
        if (exception_) std::rethrow_exception(std::move(exception_));
    }

private:
    std::exception_ptr exception_;
};

// Starts a child and owns its frame until the full expression ends.
template <class T>
class task_awaiter {
public:
    explicit task_awaiter(std::coroutine_handle<task_promise<T>> h) noexcept : handle_(h) {}
    task_awaiter(task_awaiter const&) = delete;
    task_awaiter& operator=(task_awaiter const&) = delete;
    ~task_awaiter() {
        if (handle_) handle_.destroy();
    }

    // Only a task that was awaited before has no frame: it ends at once, with an error.
    bool await_ready() const noexcept { return !handle_; }

    std::coroutine_handle<> await_suspend(std::coroutine_handle<> parent, context const* ctx) noexcept {
        auto& promise = handle_.promise();
        promise.ctx = ctx;
        promise.continuation = parent;
        if (!ctx->loop->spend_budget()) return handle_;
        promise.yield(handle_);
        return std::noop_coroutine();
    }

    T await_resume() {
        if (!handle_) throw exception(error(errc::already_awaited));
        return handle_.promise().take();
    }

protected:
    std::coroutine_handle<task_promise<T>> handle_;
};

} // namespace detail

/// A coroutine that computes a T (not a reference). Move-only. Await it once, as an rvalue (`co_await f()` or
/// `co_await std::move(t)`); a second time it throws `exception` (errc::already_awaited).
///
/// It runs on the awaiting task's loop and inherits its context. What it throws, the one who awaits it catches.
/// Destroyed unstarted or suspended, it releases all that it holds; its waits leave their queues. Coroutine parameters
/// live in the frame; references must outlive the task. Making the frame may throw std::bad_alloc, at the call.
template <class T>
class [[nodiscard]] task {
    static_assert(!std::is_reference_v<T>, "coda::task<T> carries values: use a pointer or std::reference_wrapper");

public:
    using promise_type = detail::task_promise<T>;
    using value_type = T;

    task(task&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
    task& operator=(task&& other) noexcept {
        task(std::move(other)).swap(*this);
        return *this;
    }
    ~task() {
        if (handle_) handle_.destroy();
    }

    /// False when it was awaited or moved from.
    bool valid() const noexcept { return static_cast<bool>(handle_); }

    detail::task_awaiter<T> operator co_await() && noexcept {
        return detail::task_awaiter<T>(std::exchange(handle_, {}));
    }

    void swap(task& other) noexcept { std::swap(handle_, other.handle_); }

private:
    friend promise_type;
    template <class>
    friend class operation;
    explicit task(std::coroutine_handle<promise_type> h) noexcept : handle_(h) {}

    std::coroutine_handle<promise_type> handle_;
};

template <class T>
task<T> detail::task_promise<T>::get_return_object() noexcept {
    return task<T>(std::coroutine_handle<task_promise>::from_promise(*this));
}

inline task<void> detail::task_promise<void>::get_return_object() noexcept {
    return task<void>(std::coroutine_handle<task_promise>::from_promise(*this));
}

} // namespace coda
