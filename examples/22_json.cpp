// SPDX-License-Identifier: BSL-1.0
// Values that have no type of their own here: JSON documents, and those of types that the database has defined.
#include "database.hpp"

#include <coda/postgres.hpp>
#include <coda/postgres/json.hpp>
#include <coda/runtime.hpp>

#include <boost/describe.hpp>
#include <boost/json/src.hpp> // in one source, where the program does not link Boost.JSON
#include <fmt/format.h>

namespace json = boost::json;
namespace pg = coda::pg;

struct parcel {
    std::int32_t id = 0;
    json::value label;
    std::optional<json::value> customs; // no document; not the document null
    // A column of a domain comes as what that is of. Inside of an array only its own number is there: it is taken for
    // an integer without asking, and so is an enum's label for a text.
    std::vector<pg::unchecked<std::int32_t>> grams;
    pg::unchecked<std::string> state;
};
BOOST_DESCRIBE_STRUCT(parcel, (), (id, label, customs, grams, state))

coda::task<> clean_up(pg::client& db) {
    co_await db.execute("drop table if exists example_parcels");
    co_await db.execute("drop domain if exists example_grams");
    co_await db.execute("drop type if exists example_state");
}

coda::task<> fill(pg::client& db) {
    co_await clean_up(db);
    co_await db.execute("create type example_state as enum ('packed', 'sent')");
    co_await db.execute("create domain example_grams as int check (value > 0)");
    co_await db.execute("create table example_parcels (id int, label jsonb, customs jsonb, grams example_grams[], "
                        "state example_state)");
    char const* const insert = "insert into example_parcels values ($1, $2, $3, $4, $5)";
    json::value const ada{{"to", "Ada"}, {"by", {"rail", "cart"}}};
    std::optional<json::value> const none;
    std::vector<pg::unchecked<std::int32_t>> grams{250, 1'000};
    co_await db.execute(insert, 1, ada, none, grams, "packed");
    json::value const grace{{"to", "Grace"}, {"express", true}};
    std::optional<json::value> const duty = json::parse(R"({"cents": 1250, "paid": null})");
    co_await db.execute(insert, 2, grace, duty, grams, "sent");

    // The server still looks at what it is given.
    grams.emplace_back(-1);
    auto const refused = co_await coda::as_result(db.execute(insert, 3, ada, none, grams, "packed"));
    fmt::print("{}\n", refused.error().message());
}

coda::task<> app(pg::client& db) {
    co_await fill(db);
    for (auto const& p : co_await db.query<parcel>("select * from example_parcels order by id"))
        fmt::print("{} for {}: {} pieces, the first of {} g, {}; customs: {}\n", p.id,
                   json::value_to<std::string>(p.label.at("to")), p.grams.size(), p.grams.at(0).value, p.state.value,
                   p.customs ? json::serialize(*p.customs) : "none");

    // One value of a document, and one document of all rows.
    json::value const express{{"express", true}};
    auto const fast = co_await db.query<std::int32_t>("select id from example_parcels where label @> $1", express);
    auto const states = co_await db.query_value<json::value>("select jsonb_object_agg(id, state) from example_parcels");
    fmt::print("{} express; {}\n", fast.size(), json::serialize(states));

    auto const asked = co_await coda::as_result(db.query<std::vector<int>>("select grams from example_parcels"));
    fmt::print("{}\n", asked.error().message());
    co_await clean_up(db);
}

int main(int argc, char** argv) {
    coda::asio_loop loop;
    pg::client db(loop, database(argc, argv));
    loop.run(app(db));
}
