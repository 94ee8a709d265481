// SPDX-License-Identifier: BSL-1.0
#include "grouping_policy.hpp"

#include <algorithm>

namespace coda::pg::detail {

namespace {

constexpr std::size_t most_writers = 1'000; // remembered; then all are forgotten, and tried once more

} // namespace

// A procedure or a block may end the transaction that the fence is part of (CALL, DO), and what else is no query says
// so by its first word: none of them is tried.
grouped grouping_policy::choose(std::string_view sql, bool asked) {
    if (when_ == grouping::off || (!asked && when_ == grouping::asked) || !texts_.is_groupable(sql))
        return grouped::never;
    if (asked) return grouped::asked;
    return writers_.contains(sql) ? grouped::never : grouped::tried;
}

void grouping_policy::wrote(std::string_view sql) {
    if (writers_.size() >= most_writers) writers_.clear();
    writers_.emplace(sql);
}

std::size_t grouping_policy::size(std::size_t queued, std::size_t room) const noexcept {
    if (queued < least_) return 1;
    return room >= least_ ? std::min({queued, room, most_}) : 0;
}

} // namespace coda::pg::detail
