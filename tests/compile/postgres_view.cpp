// SPDX-License-Identifier: BSL-1.0
#include <coda/postgres.hpp>

coda::task<std::size_t> caller(coda::pg::client& db) {
    using row = std::tuple<int, std::optional<std::string_view>>;
#ifdef REFUSED
    auto const rows = co_await db.query<row>("select 1, 'x'");
#else
    auto const kept = co_await db.query("select 1, 'x'");
    auto const rows = kept.as<row>();
#endif
    co_return rows.size();
}
