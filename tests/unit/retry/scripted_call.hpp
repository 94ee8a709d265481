// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/error.hpp>
#include <coda/runtime/operation.hpp>
#include <coda/runtime/sleep.hpp>

#include <algorithm>
#include <deque>
#include <optional>

namespace coda::test {

// A call that ends as was written down before: each with an error, or, when the script is through, with its number.
class scripted_call {
public:
    struct step {
        std::optional<coda::error> failure;
        duration takes{};
    };

    scripted_call() = default;
    explicit scripted_call(std::deque<step> steps) : steps_(std::move(steps)) {}

    operation<int> operator()() {
        ++made;
        int const number = made;
        step now;
        if (!steps_.empty()) {
            now = std::move(steps_.front());
            steps_.pop_front();
        }
        ++running;
        most_running = std::max(most_running, running);
        result<> slept;
        if (now.takes > duration::zero()) slept = co_await as_result(sleep_for(now.takes));
        --running;
        ++ended;
        if (slept.has_error()) co_return slept.error().with_outcome(outcome::unknown);
        if (now.failure) co_return *now.failure;
        co_return number;
    }

    int made = 0;
    int ended = 0;
    int running = 0;
    int most_running = 0;

private:
    std::deque<step> steps_;
};

inline error transient_error(outcome what = outcome::completed) { return {errc::timed_out, what}; }
inline error permanent_error() { return {errc::type_mismatch, outcome::completed}; }

} // namespace coda::test
