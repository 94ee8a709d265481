// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

namespace coda::chaos {

/// What a run has seen: all figures of its summary, and what must not be. For any thread.
class audit {
public:
    /// How to have this storm again, put before everything that is found in it; `details` once before all.
    void in_storm(std::string replay, std::string details) {
        std::lock_guard const lock(mutex_);
        storm_ = std::move(replay);
        details_ = std::move(details);
    }
    /// Something that must not be: printed at once, the first few dozen.
    void violation(std::string const& what);
    /// Something that is said, but is no fault.
    void remark(std::string const& what);

    void answered(std::string const& how) {
        std::lock_guard const lock(mutex_);
        ++operations_;
        ++answers_[how];
    }
    /// The largest of each name, in the summary.
    void measured(std::string const& what, std::chrono::nanoseconds value) {
        std::lock_guard const lock(mutex_);
        auto& most = times_[what];
        if (value > most) most = value;
    }
    void counted(std::string const& what, std::uint64_t n = 1) {
        std::lock_guard const lock(mutex_);
        counts_[what] += n;
    }

    std::uint64_t operations() const {
        std::lock_guard const lock(mutex_);
        return operations_;
    }
    std::uint64_t violations() const {
        std::lock_guard const lock(mutex_);
        return violations_;
    }

    void print_summary() const;

private:
    void tell(std::string const& mark, std::string const& what);

    mutable std::mutex mutex_; // guards all below
    std::string storm_;
    std::string details_; // not yet told
    std::uint64_t operations_ = 0;
    std::uint64_t violations_ = 0;
    std::uint64_t remarks_ = 0;
    std::map<std::string, std::uint64_t> answers_;
    std::map<std::string, std::uint64_t> counts_;
    std::map<std::string, std::chrono::nanoseconds> times_;
};

} // namespace coda::chaos
