// SPDX-License-Identifier: BSL-1.0
#include "checked_texts.hpp"

#include "session_state.hpp"

#include <cstdint>
#include <new>

namespace coda::pg::detail {

namespace {

bool may_have_others_beside(std::string_view sql) noexcept { return is_query(sql) && !sets_anything(sql); }

} // namespace

// Any place will do: what is there is compared.
checked_texts::entry& checked_texts::place_of(std::string_view sql) noexcept {
    auto const address = reinterpret_cast<std::uintptr_t>(sql.data());
    return entries_[(address / 16 + address / 1'024 + sql.size()) % entries_.size()];
}

result<> checked_texts::check(std::string_view sql) {
    if (!sql.empty() && place_of(sql).text == sql) return {};
    auto good = check_shareable(sql);
    if (good.has_value()) keep(sql);
    return good;
}

bool checked_texts::is_groupable(std::string_view sql) {
    auto const& known = place_of(sql);
    return !sql.empty() && known.text == sql ? known.is_groupable : may_have_others_beside(sql);
}

void checked_texts::keep(std::string_view sql) noexcept {
    if (sql.size() > longest) return;
    auto& to = place_of(sql);
    try {
        to.text.assign(sql);
        to.is_groupable = may_have_others_beside(sql);
    } catch (std::bad_alloc const&) {} // what was there is whole
}

} // namespace coda::pg::detail
