// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/detail/child.hpp>
#include <coda/runtime/this_context.hpp>

#include <tuple>
#include <vector>

/// Runs several awaitables at once and joins them all.
///
///     auto [user, orders] = co_await coda::when_all(load_user(id), load_orders(id));
namespace coda {

/// Runs all of `awaitables` concurrently on this loop and waits until each has ended. Gives their values as a tuple in
/// the order of the arguments, std::monostate for void. The first failure cancels the others, which are joined before
/// it is reported; their own outcomes are then dropped (pass `as_result(a)` to see each). Cancelled with its parent:
/// the request goes to all children, which are joined. Arguments are moved in; what they refer to must outlive the
/// await.
template <detail::awaitable... A>
    requires(sizeof...(A) > 0)
operation<std::tuple<detail::regular_t<detail::child_value_t<A>>...>> when_all(A... awaitables) {
    using values = std::tuple<detail::regular_t<detail::child_value_t<A>>...>;
    context const& parent = co_await this_context();
    detail::group group(parent, detail::group::decided_by::first_failure);
    std::tuple<detail::child_of<A>...> children(detail::run_child<detail::child_of<A>>(std::move(awaitables))...);
    std::apply([&](auto&... child) { (group.start(child), ...); }, children);
    co_await group.join();
    if (group.decider() != nullptr) co_return detail::failed<values>(group.decider()->failure_or_throw());
    co_return std::apply([](auto&... child) { return values(child.take()...); }, children);
}

/// The same for any number of awaitables of one type: gives a vector of their values (nothing where they are void).
template <detail::awaitable A>
auto when_all(std::vector<A> awaitables)
    -> operation<std::conditional_t<std::is_void_v<detail::child_value_t<A>>, void,
                                    std::vector<detail::regular_t<detail::child_value_t<A>>>>> {
    using value = detail::child_value_t<A>;
    context const& parent = co_await this_context();
    detail::group group(parent, detail::group::decided_by::first_failure);
    std::vector<detail::child_of<A>> children;
    children.reserve(awaitables.size());
    for (auto& a : awaitables) children.push_back(detail::run_child<detail::child_of<A>>(std::move(a)));
    for (auto& child : children) group.start(child);
    co_await group.join();
    if (group.decider() != nullptr) co_return group.decider()->failure_or_throw();
    if constexpr (std::is_void_v<value>) {
        co_return result<>();
    } else {
        std::vector<value> values;
        values.reserve(children.size());
        for (auto& child : children) values.push_back(child.take());
        co_return std::move(values);
    }
}

} // namespace coda
