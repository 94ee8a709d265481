// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/deadline.hpp>
#include <coda/runtime/scope.hpp>

namespace coda::test {

// Runs `attempt` (returns task<bool>: whether the operation ended by itself) again and again, cancelling it after 0, 1,
// 2 ... turns of the loop, later after ever more, until it has ended by itself three times in a row. So it is cancelled
// at every place where it may be suspended, for as many turns as it takes. Gives how often it was cancelled.
template <class Attempt>
task<int> cancel_everywhere(Attempt attempt) {
    int cancelled = 0;
    int in_a_row = 0;
    for (int turns = 0; in_a_row < 3; turns += turns < 32 ? 1 : turns / 4) {
        cancel_source stop;
        bool by_itself = false;
        auto const operation = [&]() -> task<> { by_itself = co_await with_cancellation(stop.token(), attempt()); };
        auto const body = [&](scope& s) -> task<> {
            s.spawn(operation());
            for (int i = 0; i < turns && s.size() > 1; ++i) co_await yield();
            stop.request();
        };
        co_await with_scope(body);
        cancelled += by_itself ? 0 : 1;
        in_a_row = by_itself ? in_a_row + 1 : 0;
    }
    co_return cancelled;
}

} // namespace coda::test
