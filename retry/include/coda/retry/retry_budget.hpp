// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/error.hpp>

#include <algorithm>
#include <cstddef>
#include <type_traits>

/// Bounds the extra load that retries make, over all calls of a client: when most calls fail, trying each of them
/// several times is what keeps a server down.
///
///     coda::retry_budget budget;                                   // one for each server, kept beside its client
///     coda::retry_policy policy{.budget = &budget};
namespace coda {

/// Bounds of a budget.
struct retry_budget_options {
    /// Retries that may be made in a row when all fails. 1 to 1,000,000.
    std::size_t burst = 100;
    /// Retries earned by a hundred calls that succeed: the extra load in the long run. 0 to 1,000.
    std::size_t percent = 10;
};
static_assert(std::is_trivially_copyable_v<retry_budget_options>);

/// errc::invalid_argument, naming the option, its range and its value, for what is out of range.
result<> check(retry_budget_options const&);

/// A bucket of tokens, full at first. A retry takes one; a call that succeeds puts a part of one in. For the tasks of
/// one loop; must outlive the policies that name it.
class retry_budget {
public:
    /// Throws `exception` (errc::invalid_argument) for options out of range.
    explicit retry_budget(retry_budget_options o = {}) : options_(o), hundredths_(o.burst * 100) { check(o).value(); }
    retry_budget(retry_budget const&) = delete;
    retry_budget& operator=(retry_budget const&) = delete;

    /// Retries that may be made now.
    std::size_t available() const noexcept { return hundredths_ / 100; }
    /// Takes one retry; false where there is none.
    bool withdraw() noexcept {
        if (hundredths_ < 100) return false;
        hundredths_ -= 100;
        return true;
    }
    /// A call has succeeded.
    void deposit() noexcept { hundredths_ = std::min(hundredths_ + options_.percent, options_.burst * 100); }

private:
    retry_budget_options options_;
    std::size_t hundredths_;
};

} // namespace coda
