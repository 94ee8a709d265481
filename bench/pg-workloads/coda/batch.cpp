// SPDX-License-Identifier: BSL-1.0
#include "batch.hpp"

#include <fmt/format.h>

#include <ranges>

namespace pg_workloads {

namespace {

constexpr char const* insert_sql =
    "insert into pg_workloads_entries (a, b, c, d, e, f) values ($1, $2, $3, $4, $5, $6)";

} // namespace

std::vector<entry> entries(int count) {
    std::vector<entry> rows;
    for (int i = 0; i < count; ++i) rows.push_back({i, i + 1, i + 2, fmt::format("entry number {}", i), i * 0.5, -i});
    return rows;
}

coda::task<std::uint64_t> insert_all(coda::pg::connection& db, std::span<entry const> rows) {
    auto const sets =
        rows | std::views::transform([](entry const& r) { return std::tie(r.a, r.b, r.c, r.d, r.e, r.f); });
    co_return co_await db.execute_many(insert_sql, sets);
}

} // namespace pg_workloads
