// SPDX-License-Identifier: BSL-1.0
// PostgreSQL's types: dates, decimals, arrays, ranges, enums and composites both ways, rows read one value at a time,
// and a type of one's own.
#include "database.hpp"

#include <coda/postgres.hpp>
#include <coda/runtime.hpp>

#include <boost/describe.hpp>
#include <fmt/format.h>

namespace chrono = std::chrono;
using moment = chrono::sys_time<chrono::microseconds>;

enum class kind { talk, dinner };
BOOST_DESCRIBE_ENUM(kind, talk, dinner)

struct address {
    std::string street;
    std::int32_t number = 0;
};
BOOST_DESCRIBE_STRUCT(address, (), (street, number))

struct meeting {
    std::int32_t id = 0;
    std::string title;
    kind what = kind::talk;
    address where;
    std::vector<std::string> guests;
    coda::pg::range<moment> time;
    std::optional<coda::pg::numeric> fee;
};
BOOST_DESCRIBE_STRUCT(meeting, (), (id, title, what, where, guests, time, fee))

struct point {
    double x = 0;
    double y = 0;
};

template <>
struct coda::pg::codec<point> {
    static constexpr oid type = 600; // of pg_type; type::any where only the server knows it
    static bool decode(bytes from, oid sent, point& to) {
        decoder parts(from);
        return sent == type && parts.read(to.x) && parts.read(to.y) && parts.at_end();
    }
    static void encode(point const& value, encoder& to) {
        to.append_float(value.x);
        to.append_float(value.y);
    }
};

coda::task<> clean_up(coda::pg::client& db) {
    co_await db.execute("drop table if exists example_meetings");
    co_await db.execute("drop type if exists example_kind");
    co_await db.execute("drop type if exists example_address");
}

coda::task<> fill(coda::pg::client& db) {
    co_await clean_up(db);
    co_await db.execute("create type example_kind as enum ('talk', 'dinner')");
    co_await db.execute("create type example_address as (street text, number int4)");
    co_await db.execute("create table example_meetings (id int4, title text, what example_kind, \"where\" "
                        "example_address, guests text[], time tstzrange, fee numeric)");
    char const* const insert = "insert into example_meetings values ($1, $2, $3, $4, $5, $6, $7)";

    moment const noon = chrono::sys_days(chrono::year(2024) / 2 / 29) + chrono::hours(12);
    auto const time = coda::pg::range<moment>::from_to(noon, noon + chrono::hours(2));
    address const home{"High Street", 7};
    std::vector<std::string> const guests{"Ada", "Grace"};
    co_await db.execute(insert, 1, "coroutines", kind::talk, home, guests, time, std::optional<coda::pg::numeric>());
    co_await db.execute(insert, 2, "food", kind::dinner, home, guests, time, coda::pg::numeric::parse("12.50"));
}

coda::task<> app(coda::pg::client& db) {
    co_await fill(db);

    for (auto const& m : co_await db.query<meeting>("select * from example_meetings order by id"))
        fmt::print("{}: {} at {} for {} people\n", m.id, m.title, m.where.street, m.guests.size());

    coda::pg::result_set const rows = co_await db.query("select id, title, fee from example_meetings order by id");
    for (coda::pg::row_view row : rows) {
        auto title = row["title"].as<std::string_view>();
        auto fee = row[2].is_null() ? "free" : row[2].as<coda::pg::numeric>().to_string();
        fmt::print("{}: {}\n", title, fee);
    }

    auto middle = co_await db.query_one<point>("select center(box($1, $2))", point{0, 0}, point{2, 4});
    fmt::print("{} {}\n", middle.x, middle.y);

    co_await clean_up(db);
}

int main(int argc, char** argv) {
    coda::asio_loop loop;
    coda::pg::client db(loop, database(argc, argv));
    loop.run(app(db));
}
