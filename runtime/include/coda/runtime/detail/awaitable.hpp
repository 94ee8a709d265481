// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/context.hpp>
#include <coda/runtime/error.hpp>

#include <concepts>
#include <coroutine>
#include <type_traits>
#include <utility>

namespace coda::detail {

// The awaiter of an awaitable, as the language finds it.
template <class A>
decltype(auto) get_awaiter(A&& a) {
    if constexpr (requires { std::forward<A>(a).operator co_await(); })
        return std::forward<A>(a).operator co_await();
    else if constexpr (requires { operator co_await(std::forward<A>(a)); })
        return operator co_await(std::forward<A>(a));
    else
        return std::forward<A>(a);
}

template <class A>
using awaiter_t = std::remove_reference_t<decltype(get_awaiter(std::declval<A>()))>;

// The awaiter as it is to be stored: by reference where it is an object already, else made in place.
template <class A>
using stored_awaiter_t = decltype(get_awaiter(std::declval<A>()));

// What `co_await a` gives.
template <class A>
using value_t = decltype(std::declval<awaiter_t<A>&>().await_resume());

// Has an `operator co_await` for rvalues only: tasks, operations and what is made of them.
template <class A>
concept awaited_once =
    requires(A&& a) { std::move(a).operator co_await(); } && !requires(A& a) { a.operator co_await(); };

template <class A>
concept awaitable = requires(awaiter_t<A>& a) { a.await_resume(); };

// Takes the context: await_suspend(handle, context const*).
template <class Awaiter>
concept takes_context =
    requires(Awaiter& a, std::coroutine_handle<> h, context const* ctx) { a.await_suspend(h, ctx); };

// Can end without throwing: await_result() gives result<T> where await_resume() gives T or throws. What already gives a
// result<T> when awaited has that as its value.
template <class A>
concept has_result = requires(awaiter_t<A>& a) {
    { a.await_result() } -> std::same_as<result<value_t<A>>>;
};

template <class R>
struct result_value;
template <class T>
struct result_value<result<T>> {
    using type = T;
};

// T, where `co_await as_result(a)` gives result<T>.
template <class A>
using result_value_t =
    typename result_value<std::remove_cvref_t<decltype(std::declval<awaiter_t<A>&>().await_result())>>::type;

// The outcome of what failed, also where a T can itself be made from an error (a result, or a tuple of one).
template <class T>
result<T> failed(error e) {
    return result<T>(boost::system::in_place_error, std::move(e));
}

// Unwraps a result at the very end of an operation, where errors become exceptions.
template <class T>
T value_or_throw(result<T>&& r) {
    if (r.has_error()) throw_exception_from_error(std::move(r).error(), {});
    if constexpr (!std::is_void_v<T>) return std::move(r).value();
}

} // namespace coda::detail
