// SPDX-License-Identifier: BSL-1.0
// Statements that are put together when the program runs: names that are quoted, as many parameters as there are, and
// rows whose columns nobody knew.
#include "database.hpp"

#include <coda/postgres.hpp>
#include <coda/runtime.hpp>

#include <fmt/format.h>

namespace pg = coda::pg;

// What somebody searches for. The order is a column's name as he typed it.
struct search {
    std::optional<std::string> title;
    std::optional<std::int32_t> up_to;
    std::vector<std::string> shelves;
    std::string order = "title";
};

// Values are parameters, whatever is in them; a name cannot be one, and is quoted.
coda::task<pg::result_set> find(pg::client& db, search const& by) {
    pg::arguments values;
    std::string sql = "select id, title, cents, shelf from example_books where true";
    auto const add = [&](char const* condition, auto const& value) {
        values.add(value);
        sql += fmt::format(" and {} ${}", condition, values.size());
    };
    if (by.title) add("title like", *by.title);
    if (by.up_to) add("cents <=", *by.up_to);
    if (!by.shelves.empty()) {
        values.add(by.shelves);
        sql += fmt::format(" and shelf = any(${})", values.size());
    }
    sql += " order by " + pg::ident(by.order);
    co_return co_await db.query(sql, values);
}

// One value as text: by its type where that matters.
std::string text_of(pg::field_view value) {
    if (value.is_null()) return "-";
    switch (value.type()) {
    case pg::type::int4: return fmt::format("{}", value.as<std::int32_t>());
    case pg::type::text: return std::string(value.as<std::string_view>());
    default: return fmt::format("({})", pg::type_name(value.type()));
    }
}

void print(pg::result_set const& rows) {
    for (std::size_t i = 0; i < rows.columns(); ++i) fmt::print("{:<10}", rows.column_name(i));
    fmt::print("\n");
    for (pg::row_view row : rows) {
        for (pg::field_view value : row) fmt::print("{:<10}", text_of(value));
        fmt::print("\n");
    }
}

coda::task<> app(pg::client& db) {
    co_await db.execute("drop table if exists example_books");
    co_await db.execute("create table example_books (id int, title text, cents int, shelf text)");
    co_await db.execute("insert into example_books values (1, 'Emma', 900, 'A'), (2, 'Erewhon', 700, 'B'), "
                        "(3, 'Walden', 1200, 'B'), (4, 'Evelina', null, 'A')");

    search cheap;
    cheap.title = "E%";
    cheap.up_to = 1'000;
    cheap.order = "cents";
    print(co_await find(db, cheap));

    search here;
    here.shelves = {"B", "C"};
    pg::result_set const rows = co_await find(db, here);
    for (pg::row_view row : rows)
        fmt::print("{} is on {}\n", row["title"].as<std::string_view>(), row[3].as<std::string_view>());

    // Who types SQL for a name has asked for a column of that name.
    search bad;
    bad.order = "title; drop table example_books";
    auto const refused = co_await coda::as_result(find(db, bad));
    fmt::print("{}\n", refused.error().message());

    // One row or none, one value, and what a wrong type is told.
    auto const none = co_await db.query_optional<std::string>("select title from example_books where id = $1", 7);
    auto const dearest = co_await db.query_value<std::int32_t>("select max(cents) from example_books");
    fmt::print("{}, {}\n", none ? *none : "no such book", dearest);
    auto const wrong = rows[0]["title"].try_as<std::int32_t>();
    fmt::print("{}\n", wrong.error().message());

    co_await db.execute("drop table example_books");
}

int main(int argc, char** argv) {
    coda::asio_loop loop;
    pg::client db(loop, database(argc, argv));
    loop.run(app(db));
}
