// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/pool.hpp>
#include <coda/runtime.hpp>

#include <type_traits>

namespace coda::chaos {

/// Asks, and again when that has timed out, until the context's deadline: on a starved machine one try may be too
/// impatient. `ask` gives an awaitable.
template <class Ask, class T = typename std::invoke_result_t<Ask const&>::value_type>
operation<T> patiently(Ask ask) {
    context const& here = co_await this_context();
    while (true) {
        auto given = co_await as_result(ask());
        bool const again = given.has_error() && given.error().code() == errc::timed_out;
        if (!again || here.loop->now() >= here.deadline) co_return std::move(given);
    }
}

template <class Acquire>
operation<> hold_until_all_have(Acquire acquire, latch& all) {
    auto const held = co_await as_result(patiently(std::move(acquire)));
    all.count_down();
    if (held.has_error()) co_return held.error();
    co_return co_await as_result(all.wait());
}

/// So many leases at once, given back again, by the context's deadline. `acquire` begins to take one.
template <class Acquire>
operation<> hold_at_once(std::size_t n, Acquire acquire) {
    latch all(n);
    auto const body = [&](scope& s) -> task<> {
        for (std::size_t i = 0; i < n; ++i) s.spawn(hold_until_all_have(acquire, all));
        co_await all.wait();
    };
    co_return co_await as_result(with_scope(body));
}

} // namespace coda::chaos
