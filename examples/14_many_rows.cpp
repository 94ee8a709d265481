// SPDX-License-Identifier: BSL-1.0
// Many rows in and out: one statement with many sets of parameters, several statements in one flight, rows one by one,
// and a cursor.
#include "database.hpp"

#include <coda/postgres.hpp>
#include <coda/runtime.hpp>

#include <fmt/format.h>

using reading = std::tuple<std::int32_t, double>; // sensor, degrees

coda::task<> store(coda::pg::client& db) {
    std::vector<reading> readings;
    for (int i = 0; i < 10'000; ++i) readings.emplace_back(i % 10, 15 + i % 7);
    auto stored = co_await db.execute_many("insert into example_readings values ($1, $2)", readings);
    fmt::print("{} readings\n", stored);

    std::vector<reading> const wrong{{1, 20.0}, {2, -300.0}, {3, 21.0}};
    auto r = co_await coda::as_result(db.execute_many("insert into example_readings values ($1, $2)", wrong));
    if (auto* e = r.error().details<coda::pg::batch_error>())
        fmt::print("nothing stored, because of {}: {}\n", e->index.value_or(0), r.error().message());

    // Where they need not hang together: a chunk with a wrong one is left out, and the others stand.
    char const* const insert = "insert into example_readings values ($1, $2)";
    r = co_await coda::as_result(db.execute_many(insert, wrong, {.atomic = false, .chunk = 1}));
    if (auto* e = r.error().details<coda::pg::batch_error>())
        fmt::print("{} of {} stored, without {}\n", e->stored, wrong.size(), e->index.value_or(0));
}

coda::task<> ask_and_tidy(coda::pg::client& db) {
    auto [warmest, removed, left] = co_await db.pipeline(
        coda::pg::query_one<double>("select max(degrees) from example_readings where sensor = $1", 3),
        coda::pg::execute("delete from example_readings where sensor = $1", 3),
        coda::pg::query_one<std::int64_t>("select count(*) from example_readings"));
    fmt::print("{} at most, {} removed, {} left\n", warmest, removed, left);
}

coda::task<> read_all(coda::pg::connection& db) {
    double sum = 0;
    auto rows = db.stream<reading>("select sensor, degrees from example_readings");
    while (auto row = co_await rows.next()) sum += std::get<1>(*row);
    fmt::print("{} in all\n", sum);

    co_await db.execute("begin");
    auto warm = co_await db.open_cursor<std::int32_t>("select sensor from example_readings where degrees > $1", 20.5);
    auto first = co_await warm.fetch(100);
    co_await db.execute("update example_readings set degrees = 0 where sensor = $1", first.at(0));
    auto more = co_await warm.fetch(100);
    co_await warm.close();
    co_await db.execute("rollback");
    fmt::print("{} and {}\n", first.size(), more.size());
}

coda::task<> script(coda::pg::connection& db) {
    auto n = co_await db.run_script("create temp table a (n int); insert into a values (1); create index on a (n)");
    fmt::print("{} statements\n", n);
}

coda::task<> app(coda::pg::client& db, coda::pg::connection& own) {
    co_await db.execute("drop table if exists example_readings");
    co_await db.execute("create table example_readings (sensor int, degrees float8 check (degrees > -273.15))");
    co_await store(db);
    co_await ask_and_tidy(db);
    co_await own.connect();
    co_await read_all(own);
    co_await script(own);
    co_await own.close();
    co_await db.execute("drop table example_readings");
    co_await db.close();
}

int main(int argc, char** argv) {
    coda::asio_loop loop;
    coda::pg::client db(loop, database(argc, argv));
    coda::pg::connection own(loop, database(argc, argv));
    loop.run(app(db, own));
}
