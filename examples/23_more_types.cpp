// SPDX-License-Identifier: BSL-1.0
// More of PostgreSQL's types: UUIDs, bytes, intervals, addresses, bits, several ranges in one value, arrays with NULLs.
#include "database.hpp"

#include <coda/postgres.hpp>
#include <coda/runtime.hpp>

#include <boost/describe.hpp>
#include <boost/uuid/uuid_io.hpp>
#include <fmt/format.h>

namespace chrono = std::chrono;
namespace pg = coda::pg;
using days = pg::range<chrono::sys_days>;

struct machine {
    boost::uuids::uuid id{};
    pg::inet address;
    pg::macaddr card;
    std::vector<std::byte> key;
    pg::interval warranty; // months, days and time apart, as the server keeps them
    pg::bit_string ports;
    pg::multirange<chrono::sys_days> booked;
    std::vector<std::optional<std::string>> disks; // an empty slot is a NULL
    std::vector<std::vector<double>> temperatures; // two dimensions
};
BOOST_DESCRIBE_STRUCT(machine, (), (id, address, card, key, warranty, ports, booked, disks, temperatures))

machine an_example() {
    auto const may = chrono::year(2024) / chrono::May;
    machine m;
    m.id.data[15] = 1;
    m.address = pg::inet::parse("10.0.0.7/24").value();
    m.card = pg::macaddr::parse("08:00:2b:01:02:03").value();
    m.key = {std::byte{0xc0}, std::byte{0}, std::byte{0xda}};
    m.warranty = {.months = 24, .days = 14};
    m.ports = pg::bit_string::parse("10110000").value();
    m.booked.ranges = {days::from_to(may / 1, may / 4), days::closed(may / 20, may / 22)};
    m.disks = {"system", std::nullopt, "data"};
    m.temperatures = {{41.5, 43}, {39, 40.25}};
    return m;
}

coda::task<> fill(pg::client& db) {
    co_await db.execute("drop table if exists example_machines");
    co_await db.execute("create table example_machines (id uuid, address inet, card macaddr, key bytea, "
                        "warranty interval, ports bit(8), booked datemultirange, disks text[], temperatures float8[])");
    machine const m = an_example();
    co_await db.execute("insert into example_machines values ($1, $2, $3, $4, $5, $6, $7, $8, $9)", m.id, m.address,
                        m.card, m.key, m.warranty, m.ports, m.booked, m.disks, m.temperatures);
}

coda::task<> app(pg::client& db) {
    co_await fill(db);

    auto const m = co_await db.query_one<machine>("select * from example_machines");
    fmt::print("{} at {} ({})\n", to_string(m.id), m.address.to_string(), m.card.to_string());
    fmt::print("a key of {} bytes, {} months and {} days of warranty, ports {}\n", m.key.size(), m.warranty.months,
               m.warranty.days, m.ports.to_string());
    fmt::print("booked {} times, {} disks, one of them missing: {}\n", m.booked.ranges.size(), m.disks.size(),
               !m.disks.at(1));
    fmt::print("at {} degrees in its second row\n", m.temperatures.at(1).at(1));

    // As parameters they are compared and calculated with by the server.
    chrono::sys_days const day = chrono::year(2024) / chrono::May / 21;
    auto const network = pg::inet::parse("10.0.0.0/8").value();
    auto const free = co_await db.query_value<bool>("select not booked @> $1 from example_machines where address << $2",
                                                    day, network);
    auto const ends =
        co_await db.query_value<chrono::sys_days>("select ($1::date + $2::interval)::date", day, m.warranty);
    fmt::print("free on that day: {}; the warranty of one sold then ends {} days later\n", free, (ends - day).count());

    co_await db.execute("drop table example_machines");
}

int main(int argc, char** argv) {
    coda::asio_loop loop;
    pg::client db(loop, database(argc, argv));
    loop.run(app(db));
}
