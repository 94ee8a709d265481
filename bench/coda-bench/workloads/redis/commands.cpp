// SPDX-License-Identifier: BSL-1.0
#include "workloads/redis/commands.hpp"

#include <fmt/format.h>

#include <charconv>
#include <iterator>
#include <system_error>

namespace coda::bench::redis {
namespace {

constexpr std::string_view folder_of(query q) {
    switch (q) {
    case query::account:
    case query::credit: return "account";
    case query::session: return "session";
    case query::settings: return "settings";
    case query::order: return "order";
    case query::item: return "item";
    }
    return {};
}

template <class Out>
Out put_key(Out out, query q, std::int64_t key) {
    return fmt::format_to(out, "coda_bench:{}:{}", folder_of(q), key);
}

} // namespace

std::string key_of(query q, std::int64_t key) {
    std::string out;
    put_key(std::back_inserter(out), q, key);
    return out;
}

std::string value_of(query q, std::int64_t key) {
    switch (q) {
    case query::account: return fmt::format("{} {} 0 owner {}", key, customer_of(key), key);
    case query::credit: return fmt::format("{} {} {} owner {}", key, customer_of(key), credit_cents, key);
    case query::session: return fmt::format("{} {} token {:032x}", key, 1'700'000'000 + key, key * 7919);
    case query::settings: return fmt::format("{} 1 theme {}", key, key % 7);
    case query::order: return fmt::format("{} {} {}", key, item_of(latest_order_of(key)), latest_order_of(key));
    case query::item: return fmt::format("{} {} item number {}", key, key * 100, key);
    }
    return {};
}

char const* fault_in(std::string_view value, std::int64_t key, std::int64_t& next) noexcept {
    auto const* end = value.data() + value.size();
    std::int64_t found = 0;
    auto const first = std::from_chars(value.data(), end, found);
    if (first.ec != std::errc() || first.ptr == end) return "the value does not begin with a key";
    if (found != key) return "the value is another caller's";
    return std::from_chars(first.ptr + 1, end, next).ec == std::errc() ? nullptr : "the value leads nowhere";
}

command::command(asked q) : count_(q.what == query::credit ? 3 : 2) {
    auto const* end = put_key(key_.data(), q.what, q.key);
    if (count_ == 3) value_ = value_of(q.what, q.key);
    arguments_ = {count_ == 3 ? "SET" : "GET", key_.data(), value_.data()};
    lengths_ = {3, static_cast<std::size_t>(end - key_.data()), value_.size()};
}

} // namespace coda::bench::redis
