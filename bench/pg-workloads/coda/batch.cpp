// SPDX-License-Identifier: BSL-1.0
#include "batch.hpp"

#include <fmt/format.h>

namespace pg_workloads {

namespace {

constexpr char const* insert_sql =
    "insert into pg_workloads_entries (a, b, c, d, e, f) values ($1, $2, $3, $4, $5, $6)";

coda::task<> insert(coda::pg::connection& db, entry const& row, std::uint64_t& inserted) {
    inserted += co_await db.execute(insert_sql, row.a, row.b, row.c, row.d, row.e, row.f);
}

} // namespace

std::vector<entry> entries(int count) {
    std::vector<entry> rows;
    for (int i = 0; i < count; ++i) rows.push_back({i, i + 1, i + 2, fmt::format("entry number {}", i), i * 0.5, -i});
    return rows;
}

// Waits for execute_many. Until then each row is a statement of its own, all of them in flight together.
coda::task<std::uint64_t> insert_all(coda::pg::connection& db, std::span<entry const> rows) {
    std::uint64_t inserted = 0;
    auto const each = [&](coda::scope& s) -> coda::task<> {
        for (auto const& row : rows) s.spawn(insert(db, row, inserted));
        co_return;
    };
    co_await db.execute("begin");
    co_await coda::with_scope(each);
    co_await db.execute("commit");
    co_return inserted;
}

} // namespace pg_workloads
