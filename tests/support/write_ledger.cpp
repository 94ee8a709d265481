// SPDX-License-Identifier: BSL-1.0
#include "write_ledger.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace coda::test {

namespace {

using told = write_ledger::told;

// Empty where it may be so.
std::string_view objection(told what, long count) {
    if (count > 1) return "was done more than once";
    if (what == told::done && count == 0) return "was acknowledged and is not there";
    if (what == told::not_done && count == 1) return "was said not to have happened and is there";
    return {};
}

} // namespace

std::vector<std::string> write_ledger::compare(std::map<std::uint64_t, long> const& counts) const {
    std::vector<std::string> wrong;
    for (std::size_t i = 0; i < told_.size(); ++i) {
        auto const at = counts.find(first_ + i);
        auto const why = objection(told_[i], at == counts.end() ? 0 : at->second);
        if (!why.empty()) wrong.push_back(fmt::format("write {} {}", first_ + i, why));
    }
    for (auto const& [number, count] : counts)
        if (number < first_ || number - first_ >= told_.size())
            wrong.push_back(fmt::format("write {} was never asked for", number));
    return wrong;
}

std::size_t write_ledger::count(told what) const noexcept {
    return static_cast<std::size_t>(std::ranges::count(told_, what));
}

write_ledger::told told_by(error const& e) noexcept {
    return e.outcome() == outcome::unknown ? told::unknown : told::not_done;
}

} // namespace coda::test
