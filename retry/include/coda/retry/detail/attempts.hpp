// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/retry/decision.hpp>
#include <coda/retry/retry_policy.hpp>

#include <optional>
#include <vector>

namespace coda::detail {

// What `retry` keeps of one call: the attempts that failed, and what follows from the last.
class attempts {
public:
    // Both outlive it.
    attempts(retry_policy const& policy, context const& ctx) noexcept : policy_(policy), ctx_(ctx) {}

    void succeeded() const noexcept {
        if (policy_.budget != nullptr) policy_.budget->deposit();
    }
    // Notes a failed attempt. How long to wait before another, or nothing where it was the last.
    std::optional<duration> failed(error e);
    // After the last one: its error, with all attempts as details where there is anything to say about them.
    error failure() const;
    // Where the wait for another was ended, by a request or the deadline.
    error interrupted(error const& why) const;

private:
    decision decide_on(error const& e);
    error with_attempts(error_code code, outcome what, verdict why) const;

    retry_policy const& policy_;
    context const& ctx_;
    error last_;
    std::vector<error> made_;
    std::size_t count_ = 0;
    duration previous_{}; // drawn for the retry before
    verdict why_ = verdict::retry;
    bool perhaps_done_ = false; // by any of them
};

} // namespace coda::detail
