// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/task.hpp>

/// What public asynchronous functions return: awaited plainly it gives the value or throws `exception`; awaited through
/// `as_result` it gives `result<T>` and never throws for an expected failure.
///
///     auto user = co_await db.query_one<user>(sql, id);                      // or throws
///     auto user = co_await coda::as_result(db.query_one<user>(sql, id));     // result<user>
namespace coda {

namespace detail {

template <class T>
class operation_awaiter : private task_awaiter<result<T>> {
    using base = task_awaiter<result<T>>;

public:
    using base::await_ready;
    using base::await_suspend;
    using base::base;

    T await_resume() { return value_or_throw(await_result()); }

    // Anything but coda's own exceptions (std::bad_alloc, say) is no expected failure and still throws.
    result<T> await_result() {
        if (!this->handle_) return failed<T>(errc::already_awaited);
        try {
            return this->handle_.promise().take();
        } catch (exception const& e) {
            return failed<T>(e.error());
        }
    }
};

} // namespace detail

/// A task whose outcome is a result. Lazy and move-only, awaited once, like `task`. A coroutine may return it: it then
/// ends with `co_return value`, `co_return error` or, for operation<>, `co_return result<>{}`.
template <class T>
class [[nodiscard]] operation {
public:
    using promise_type = typename task<result<T>>::promise_type;
    using value_type = T;

    operation(task<result<T>> t) noexcept : task_(std::move(t)) {}

    detail::operation_awaiter<T> operator co_await() && noexcept {
        return detail::operation_awaiter<T>(std::exchange(task_.handle_, {}));
    }

private:
    task<result<T>> task_;
};

namespace detail {

// Awaits `A` and gives its outcome as a result.
template <class A>
class result_awaiter {
public:
    explicit result_awaiter(A&& a) : awaiter_(get_awaiter(std::forward<A>(a))) {}

    bool await_ready() { return awaiter_.await_ready(); }
    auto await_suspend(std::coroutine_handle<> h, context const* ctx)
        requires takes_context<awaiter_t<A>>
    {
        return awaiter_.await_suspend(h, ctx);
    }
    auto await_suspend(std::coroutine_handle<> h)
        requires(!takes_context<awaiter_t<A>>)
    {
        return awaiter_.await_suspend(h);
    }
    auto await_result() {
        if constexpr (has_result<A>) {
            return awaiter_.await_result();
        } else {
            using value = value_t<A>;
            try {
                if constexpr (std::is_void_v<value>) {
                    awaiter_.await_resume();
                    return result<>();
                } else {
                    return result<value>(boost::system::in_place_value, awaiter_.await_resume());
                }
            } catch (exception const& e) {
                return failed<value>(e.error());
            }
        }
    }
    auto await_resume() { return await_result(); }

private:
    stored_awaiter_t<A> awaiter_;
};

template <class A>
class [[nodiscard]] as_result_awaitable {
public:
    explicit as_result_awaitable(A&& a) : awaitable_(std::forward<A>(a)) {}
    result_awaiter<A> operator co_await() && { return result_awaiter<A>(std::forward<A>(awaitable_)); }

private:
    A awaitable_;
};

} // namespace detail

/// `co_await as_result(a)` gives the outcome of any awaitable of the library as `result<T>`. For operations and for the
/// waits of the runtime nothing is thrown on the way; a `task<T>` that ended with coda::exception is converted. Other
/// exceptions pass through. An lvalue is referred to, an rvalue is kept.
template <class A>
auto as_result(A&& a) {
    static_assert(!std::is_lvalue_reference_v<A> || !detail::awaited_once<std::remove_reference_t<A>>,
                  "a named task or operation is awaited by co_await as_result(std::move(name)), once");
    return detail::as_result_awaitable<A>(std::forward<A>(a));
}

} // namespace coda
