// SPDX-License-Identifier: BSL-1.0
// A view at any depth, of any kind of statement whose result nobody keeps.
#include <coda/postgres.hpp>

#include <boost/describe.hpp>

#ifdef REFUSED
using text = std::string_view;
using data = coda::pg::bytes;
#else
using text = std::string;
using data = std::vector<std::byte>;
#endif

struct named {
    int id = 0;
    text name;
};
BOOST_DESCRIBE_STRUCT(named, (), (id, name))

namespace pg = coda::pg;

coda::task<> caller(pg::connection& db) {
    co_await db.query<named>("select 1 as id, 'x' as name");
    co_await db.query_one<data>("select ''::bytea");
    co_await db.query_optional<std::vector<text>>("select '{}'::text[]");
    co_await db.query_value<std::optional<text>>("select 'x'");
    co_await db.pipeline(pg::query_one<std::array<data, 2>>("select $1"));
    auto rows = db.stream<std::tuple<int, pg::unchecked<text>>>("select 1, 'x'");
    co_await rows.next();
    auto cursor = co_await db.open_cursor<std::vector<std::optional<named>>>("select '{}'");
    co_await cursor.fetch(1);
    static_cast<void>((co_await db.query("select 'x'")).as<text>());
    static_cast<void>((co_await db.query("select 'x'")).get<text>(0, 0));
}
