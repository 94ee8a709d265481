// SPDX-License-Identifier: BSL-1.0
#include "statement_cache.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace coda::pg::detail {

std::string const& statement_cache::key_of(std::string_view sql, std::span<oid const> types) {
    std::size_t const count = types.size();
    key_.assign(reinterpret_cast<char const*>(&count), sizeof count);
    key_.append(reinterpret_cast<char const*>(types.data()), types.size_bytes());
    key_.append(sql);
    return key_;
}

statement_cache::position statement_cache::by_id(std::uint64_t id) noexcept {
    return std::ranges::find(order_, id, &entry::id);
}

// Compared piece by piece, which costs less than a key.
bool statement_cache::is_key_of(std::string_view key, std::string_view sql, std::span<oid const> types) noexcept {
    std::size_t const count = types.size();
    auto const as_text = [](auto const* data, std::size_t size) {
        return std::string_view(reinterpret_cast<char const*>(data), size);
    };
    return key.size() == sizeof count + types.size_bytes() + sql.size() && key.ends_with(sql) &&
           key.starts_with(as_text(&count, sizeof count)) &&
           key.substr(sizeof count, types.size_bytes()) == as_text(types.data(), types.size_bytes());
}

// Callers tend to ask for the same one after the other.
statement_cache::entry const* statement_cache::find(std::string_view sql, std::span<oid const> types) {
    if (order_.empty()) return nullptr;
    if (order_.front().is != state::stale && is_key_of(order_.front().key, sql, types)) return &order_.front();
    auto const found = by_key_.find(key_of(sql, types));
    if (found == by_key_.end()) return nullptr;
    order_.splice(order_.begin(), order_, found->second);
    return &order_.front();
}

statement_cache::entry const* statement_cache::add(std::string_view sql, std::span<oid const> types) {
    if (order_.size() >= capacity_) return nullptr;
    ++made_;
    order_.push_front({made_, name_of(made_), key_of(sql, types), state::preparing});
    try {
        by_key_.emplace(order_.front().key, order_.begin());
    } catch (std::bad_alloc const&) {
        order_.pop_front();
        throw;
    }
    return &order_.front();
}

void statement_cache::prepared(std::uint64_t id) noexcept {
    auto const found = by_id(id);
    if (found != order_.end() && found->is == state::preparing) found->is = state::ready;
}

void statement_cache::remove(std::uint64_t id) noexcept {
    auto const found = by_id(id);
    if (found == order_.end()) return;
    if (found->is != state::stale) by_key_.erase(found->key);
    order_.erase(found);
}

// Those that are being prepared were sent behind what made it forget.
void statement_cache::clear() noexcept {
    for (auto at = order_.begin(); at != order_.end();) {
        auto const next = std::next(at);
        if (at->is != state::preparing) remove(at->id);
        at = next;
    }
}

std::string statement_cache::name_of(std::uint64_t id) { return fmt::format("coda_{}", id); }

void statement_cache::expire(std::uint64_t id) noexcept {
    auto const found = by_id(id);
    if (found == order_.end() || found->is == state::stale) return;
    by_key_.erase(found->key);
    found->is = state::stale;
    order_.splice(order_.end(), order_, found);
}

bool statement_cache::has_spare() const noexcept {
    if (order_.empty()) return false;
    auto const last = order_.back().is;
    return last == state::stale || (order_.size() >= capacity_ && last == state::ready);
}

std::optional<std::string> statement_cache::make_room() {
    if (!has_spare()) return std::nullopt;
    std::string name = std::move(order_.back().name);
    remove(order_.back().id);
    return name;
}

} // namespace coda::pg::detail
