// SPDX-License-Identifier: BSL-1.0
#include <coda/postgres.hpp>

coda::task<bool> caller(coda::pg::client& db) {
#ifdef REFUSED
    auto const row = (co_await db.query("select 1"))[0];
    auto const bytes = (co_await db.query("select 1")).raw(0, 0);
    auto const first = (co_await db.query("select 1")).begin();
    auto const last = (co_await db.query("select 1")).end();
    auto const name = (co_await db.query("select 1")).column_name(0);
    auto const said = (co_await db.query("select 1")).command();
#else
    auto const rows = co_await db.query("select 1");
    auto const row = rows[0];
    auto const bytes = rows.raw(0, 0);
    auto const first = rows.begin();
    auto const last = rows.end();
    auto const name = rows.column_name(0);
    auto const said = rows.command();
#endif
    co_return row.size() == 1 && bytes.has_value() && (first != last) && (name != said);
}
