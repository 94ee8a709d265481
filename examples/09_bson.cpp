// SPDX-License-Identifier: BSL-1.0
// BSON documents: made, read, and mapped to structs. Needs no server.
#include <coda/mongo/bson.hpp>

#include <boost/describe/class.hpp>
#include <fmt/format.h>

namespace bson = coda::bson;

struct address {
    std::string city;
    std::optional<std::string> street;
};
BOOST_DESCRIBE_STRUCT(address, (), (city, street))

struct person {
    bson::object_id _id;
    std::string name;
    address home;
    std::vector<std::string> tags;
};
BOOST_DESCRIBE_STRUCT(person, (), (_id, name, home, tags))

struct money {
    std::int64_t cents = 0;
};

template <>
struct coda::bson::codec<money> {
    static constexpr std::string_view name = "money";
    static bool decode(element const& from, money& to) {
        auto const cents = from.try_get<std::int64_t>();
        if (cents.has_value()) to.cents = *cents;
        return cents.has_value();
    }
    static void encode(builder& to, std::string_view key, money value) { to.append(key, value.cents); }
};

void make_and_read() {
    auto d = bson::doc("name", "Ada", "tags", bson::array("a", 1, true), "address", bson::doc("city", "London"));

    auto city = d.get<std::string>("address.city");       // throws coda::exception
    auto age = d.get<std::optional<int>>("age");          // missing or null: no value
    auto wrong = d.try_get<std::int64_t>("address.city"); // a result<std::int64_t>
    for (bson::element const& e : d.get<bson::array_view>("tags")) fmt::print("{} ", bson::to_string(e.type()));

    fmt::print("\n{}, {}, {}\n", city, age.has_value(), wrong.error().message());
}

void fill(std::vector<int> const& numbers) {
    bson::builder b;
    b.append("price", money{250});
    b.array("squares", [&](bson::array_builder& squares) {
        for (int n : numbers) squares.append(n * n);
    });
    bson::document d = b.finish().value();

    fmt::print("{}\n", bson::to_json(d));
}

void map_to_structs() {
    person const ada{bson::object_id::generate(), "Ada", {"London", std::nullopt}, {"x", "y"}};
    bson::document d = bson::to_document(ada);
    auto again = bson::from<person>(d);

    auto bad = bson::from_json(R"({"_id": {"$oid": "5f0e0d0c0b0a090807060504"}, "name": "Bob", "home": {}})");
    fmt::print("{}; {}\n", again.home.city, bson::try_from<person>(bad.value()).error().message());
}

int main() {
    make_and_read();
    fill({1, 2, 3});
    map_to_structs();
}
