// SPDX-License-Identifier: BSL-1.0
// Rows from memory, beside a program that asks libpq for each value and does nothing with it.
#include "batch.hpp"

#include <coda/postgres.hpp>

#include <boost/describe/class.hpp>
#include <libpq-fe.h>

namespace bench_rows {

using moment = std::chrono::sys_time<std::chrono::microseconds>;

struct order {
    std::int64_t id = 0;
    std::int32_t customer = 0;
    std::int16_t shop = 0;
    bool paid = false;
    double weight = 0;
    std::string city;
    std::optional<std::int32_t> discount;
    boost::uuids::uuid key{};
    moment made;
    coda::pg::numeric price;
};
BOOST_DESCRIBE_STRUCT(order, (), (id, customer, shop, paid, weight, city, discount, key, made, price))

} // namespace bench_rows

namespace {

namespace pg = coda::pg;
using bench_rows::order;

constexpr int row_count = 1000, column_count = 10;

template <class T>
void put(PGresult* to, int row, int column, T const& value) {
    pg::encoder wire;
    pg::codec<T>::encode(value, wire);
    auto const b = wire.take_referred().value_or(wire.appended());
    PQsetvalue(to, row, column, const_cast<char*>(reinterpret_cast<char const*>(b.data())), static_cast<int>(b.size()));
}

PGresult* orders() {
    struct column {
        char const* name;
        pg::oid type;
    };
    constexpr column columns[column_count] = {
        {"id", pg::type::int8},       {"customer", pg::type::int4}, {"shop", pg::type::int2},
        {"paid", pg::type::boolean},  {"weight", pg::type::float8}, {"city", pg::type::text},
        {"discount", pg::type::int4}, {"key", pg::type::uuid},      {"made", pg::type::timestamptz},
        {"price", pg::type::numeric},
    };
    PGresult* const r = PQmakeEmptyPGresult(nullptr, PGRES_TUPLES_OK);
    PGresAttDesc described[column_count] = {};
    for (int i = 0; i < column_count; ++i) {
        described[i].name = const_cast<char*>(columns[i].name);
        described[i].format = 1;
        described[i].typid = columns[i].type;
    }
    PQsetResultAttrs(r, column_count, described);
    for (int i = 0; i < row_count; ++i) {
        put(r, i, 0, std::int64_t{i});
        put(r, i, 1, i * 7);
        put(r, i, 2, std::int16_t(i % 100));
        put(r, i, 3, i % 2 == 0);
        put(r, i, 4, i * 0.25);
        put(r, i, 5, std::string("Oxford"));
        if (i % 3 == 0)
            PQsetvalue(r, i, 6, nullptr, -1);
        else
            put(r, i, 6, i);
        put(r, i, 7, boost::uuids::uuid{});
        put(r, i, 8, bench_rows::moment(std::chrono::microseconds(i)));
        put(r, i, 9, pg::numeric::parse("1234.50").value());
    }
    return r;
}

template <class Read>
auto rows_batch(Read read) {
    return [read](int n) {
        bench::stopwatch const watch(n);
        for (int done = 0; done < n; done += row_count) read();
        return watch.stop();
    };
}

void read_structs(benchmark::State& s) {
    PGresult* const raw = orders();
    pg::result_set const rows(raw);
    auto const ours = rows_batch([&] { benchmark::DoNotOptimize(rows.as<order>()); });
    auto const libpq = rows_batch([raw] {
        for (int i = 0; i < row_count; ++i)
            for (int j = 0; j < column_count; ++j) {
                benchmark::DoNotOptimize(PQgetvalue(raw, i, j));
                benchmark::DoNotOptimize(PQgetlength(raw, i, j));
            }
    });
    bench::compare(s, ours, libpq, "libpq");
}
BENCHMARK(read_structs)->UseManualTime();

// One value at a time, found by name.
void read_dynamically(benchmark::State& s) {
    pg::result_set const rows(orders());
    bench::measure(s, rows_batch([&] {
                       for (pg::row_view const row : rows) {
                           benchmark::DoNotOptimize(row["id"].as<std::int64_t>());
                           benchmark::DoNotOptimize(row["city"].as<std::string_view>());
                           benchmark::DoNotOptimize(row["price"].as<pg::numeric>());
                       }
                   }));
}
BENCHMARK(read_dynamically)->UseManualTime();

} // namespace
