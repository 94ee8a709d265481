// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/detail/child.hpp>
#include <coda/runtime/this_context.hpp>

#include <tuple>
#include <variant>
#include <vector>

/// Runs several awaitables at once; the first to end decides, the others are cancelled and joined.
///
///     auto first = co_await coda::when_any(ask(primary), ask(replica));
///     if (first.index() == 0) ...
namespace coda {

namespace detail {

template <class Variant, class... T, std::size_t... I>
Variant take_winner(std::tuple<child<T>...>& children, child_promise_base* winner, std::index_sequence<I...>) {
    std::optional<Variant> value;
    ((&std::get<I>(children).promise() == winner
          ? static_cast<void>(value.emplace(std::in_place_index<I>, std::get<I>(children).take()))
          : static_cast<void>(0)),
     ...);
    return std::move(*value);
}

} // namespace detail

/// Runs all of `awaitables` concurrently on this loop. When the first has ended, with a value or an error, the others
/// are cancelled and joined; then its value is given, as a variant whose index is its place among the arguments
/// (std::monostate for void), or its error. What a loser still produced is dropped. Cancelled with its parent.
template <detail::awaitable... A>
    requires(sizeof...(A) > 0)
operation<std::variant<detail::regular_t<detail::child_value_t<A>>...>> when_any(A... awaitables) {
    using values = std::variant<detail::regular_t<detail::child_value_t<A>>...>;
    context const& parent = co_await this_context();
    detail::group group(parent, detail::group::decided_by::first_end);
    std::tuple<detail::child_of<A>...> children(detail::run_child<detail::child_of<A>>(std::move(awaitables))...);
    std::apply([&](auto&... child) { (group.start(child), ...); }, children);
    co_await group.join();
    if (group.decider()->failed()) co_return detail::failed<values>(group.decider()->failure_or_throw());
    co_return detail::take_winner<values>(children, group.decider(), std::index_sequence_for<A...>());
}

/// What `when_any` over a vector gives: whose value it is, and the value.
template <class T>
struct any_of {
    std::size_t index;
    T value;
};

/// The same for any number of awaitables of one type, at least one (else errc::invalid_argument).
template <detail::awaitable A>
operation<any_of<detail::regular_t<detail::child_value_t<A>>>> when_any(std::vector<A> awaitables) {
    context const& parent = co_await this_context();
    if (awaitables.empty()) co_return error(errc::invalid_argument);
    detail::group group(parent, detail::group::decided_by::first_end);
    std::vector<detail::child_of<A>> children;
    children.reserve(awaitables.size());
    for (auto& a : awaitables) children.push_back(detail::run_child<detail::child_of<A>>(std::move(a)));
    for (auto& child : children) group.start(child);
    co_await group.join();
    if (group.decider()->failed()) co_return group.decider()->failure_or_throw();
    std::size_t winner = 0;
    while (&children[winner].promise() != group.decider()) ++winner;
    co_return any_of<detail::regular_t<detail::child_value_t<A>>>{winner, children[winner].take()};
}

} // namespace coda
