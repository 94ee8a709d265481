// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/pool.hpp>
#include <coda/runtime.hpp>

namespace coda::chaos {

template <class Acquire>
operation<> hold_until_all_have(Acquire acquired, latch& all) {
    auto const held = co_await as_result(std::move(acquired));
    all.count_down();
    if (held.has_error()) co_return held.error();
    co_return co_await as_result(all.wait());
}

/// So many leases at once, given back again. `acquire` begins to take one.
template <class Acquire>
operation<> hold_at_once(std::size_t n, Acquire acquire) {
    latch all(n);
    auto const body = [&](scope& s) -> task<> {
        for (std::size_t i = 0; i < n; ++i) s.spawn(hold_until_all_have(acquire(), all));
        co_await all.wait();
    };
    co_return co_await as_result(with_scope(body));
}

} // namespace coda::chaos
