// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace coda::chaos {

/// What each of so many runs has to do for all together to do at least `total`.
constexpr std::uint64_t share_of(std::uint64_t total, std::size_t runs) noexcept {
    return total / runs + (total % runs != 0 ? 1 : 0);
}

/// How the runs of all stores have ended: a run is one store on one loop.
class tally {
public:
    void passed(std::string const& store) { ++of(store).passed; }
    void failed(std::string const& store) { ++of(store).failed; }
    void skipped(std::string const& store, std::size_t runs) { of(store).skipped += runs; }

    /// "4 passed, 0 failed, 2 skipped: postgres passed, redis passed, mongo SKIPPED".
    std::string closing_line() const;
    /// 0 when nothing failed, 1 when something did, 77 when nothing was tried.
    int exit_status() const noexcept;

private:
    struct entry {
        std::string store;
        std::size_t passed = 0;
        std::size_t failed = 0;
        std::size_t skipped = 0;
    };

    entry& of(std::string const& store);
    entry sum() const;

    std::vector<entry> entries_; // in the order in which they were run
};

inline tally::entry& tally::of(std::string const& store) {
    auto const at = std::ranges::find(entries_, store, &entry::store);
    return at != entries_.end() ? *at : entries_.emplace_back(entry{store});
}

inline tally::entry tally::sum() const {
    entry all;
    for (auto const& e : entries_) {
        all.passed += e.passed;
        all.failed += e.failed;
        all.skipped += e.skipped;
    }
    return all;
}

inline std::string tally::closing_line() const {
    auto const all = sum();
    auto line = fmt::format("{} passed, {} failed, {} skipped", all.passed, all.failed, all.skipped);
    char const* before = ": ";
    for (auto const& e : entries_) {
        auto const* const how = e.failed != 0 ? "FAILED" : e.skipped != 0 ? "SKIPPED" : "passed";
        line += fmt::format("{}{} {}", std::exchange(before, ", "), e.store, how);
    }
    return line;
}

inline int tally::exit_status() const noexcept {
    auto const all = sum();
    if (all.failed != 0) return 1;
    return all.passed != 0 ? 0 : 77;
}

} // namespace coda::chaos
