// SPDX-License-Identifier: BSL-1.0
#include "support/allocations.hpp"

#include <coda/mongo/bson.hpp>

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <gtest/gtest.h>

namespace {

namespace bson = coda::bson;
using bson::array;
using bson::doc;

enum class level { low = 1, high = 2 };
BOOST_DESCRIBE_ENUM(level, low, high)

enum class plain : std::uint8_t { a = 7 };

struct address {
    std::string city;
    std::optional<std::string> street;
    friend bool operator==(address const&, address const&) = default;
};
BOOST_DESCRIBE_STRUCT(address, (), (city, street))

struct stored {
    std::optional<bson::object_id> _id;
    friend bool operator==(stored const&, stored const&) = default;
};
BOOST_DESCRIBE_STRUCT(stored, (), (_id))

struct person : stored {
    std::string name;
    int age = 0;
    level rank = level::low;
    plain raw = plain::a;
    address home;
    std::vector<address> others;
    std::map<std::string, double> scores;
    std::optional<address> work;
    friend bool operator==(person const&, person const&) = default;
};
BOOST_DESCRIBE_STRUCT(person, (stored), (name, age, rank, raw, home, others, scores, work))

struct money {
    std::int64_t cents = 0;
    friend bool operator==(money, money) = default;
};

struct priced {
    money price;
    std::vector<money> history;
};
BOOST_DESCRIBE_STRUCT(priced, (), (price, history))

person ada() {
    person p;
    p._id = bson::object_id::from_hex("5f0e0d0c0b0a090807060504").value();
    p.name = "Ada";
    p.age = 36;
    p.rank = level::high;
    p.home = {"London", std::nullopt};
    p.others = {{"Paris", "Rue X"}, {"Turin", std::nullopt}};
    p.scores = {{"a", 1.5}, {"b", -1}};
    return p;
}

template <class T>
std::string error_of(bson::view v) {
    auto const r = bson::try_from<T>(v);
    return r.has_error() ? r.error().message() : "no error";
}

} // namespace

template <>
struct coda::bson::codec<money> {
    static constexpr std::string_view name = "money";
    static bool decode(element const& from, money& to) {
        auto const cents = from.try_get<std::int64_t>();
        if (cents.has_value()) to.cents = *cents;
        return cents.has_value() && *cents >= 0;
    }
    static void encode(builder& to, std::string_view key, money value) { to.append(key, value.cents); }
};

namespace {

TEST(bson_convert, a_struct_becomes_a_document_and_back) {
    auto const d = bson::to_document(ada());
    EXPECT_EQ(d,
              doc("_id", *ada()._id, "name", "Ada", "age", 36, "rank", "high", "raw", 7, "home", doc("city", "London"),
                  "others", array(doc("city", "Paris", "street", "Rue X"), doc("city", "Turin")), "scores",
                  doc("a", 1.5, "b", -1.0)))
        << bson::to_json(d);
    EXPECT_EQ(bson::from<person>(d), ada());
}

TEST(bson_convert, is_one_allocation_while_the_document_is_small) {
    address const a{"London", "Baker Street"};
    auto const before = coda::test::allocations();
    auto const d = bson::to_document(a);
    EXPECT_EQ(coda::test::allocations() - before, 1u);
    EXPECT_EQ(bson::from<address>(d), a);
}

TEST(bson_convert, an_empty_optional_is_left_out) {
    auto const d = bson::to_document(person{});
    EXPECT_FALSE(d.contains("_id"));
    EXPECT_FALSE(d.contains("work"));
    EXPECT_EQ(bson::from<person>(d), person{});
    EXPECT_EQ(bson::from<address>(doc("city", "x", "street", bson::null)), (address{"x", std::nullopt}));
}

TEST(bson_convert, fields_may_stand_in_any_order_among_others) {
    auto const a = bson::from<address>(doc("x", 1, "street", "s", "y", doc("city", "no"), "city", "c", "z", 2));
    EXPECT_EQ(a, (address{"c", "s"}));
}

TEST(bson_convert, errors_name_the_path) {
    bson::builder b;
    auto const whole = bson::to_document(ada());
    for (auto const& e : whole)
        if (e.key() != "home" && e.key() != "others") b.append(e.key(), e);
    auto const common = b.finish().value();
    auto const with = [&](auto const& home, auto const& others) {
        b.append_all(common).append("home", home).append("others", others);
        return b.finish().value();
    };
    EXPECT_EQ(error_of<person>(with(doc("city", "x"), array())), "no error");
    EXPECT_EQ(error_of<person>(with(doc("town", "x"), array())), "field \"home.city\" is missing");
    EXPECT_EQ(error_of<person>(with(doc("city", 1), array())),
              "field \"home.city\" cannot be read as string: it is int32");
    EXPECT_EQ(error_of<person>(with(doc("city", "x"), array(doc("city", "x"), doc()))),
              "field \"others.1.city\" is missing");
    EXPECT_EQ(error_of<person>(with(5, array())), "field \"home\" cannot be read as document: it is int32");
    using addresses = std::map<std::string, address>;
    EXPECT_EQ(doc("a", doc("p", doc("city", 1))).try_get<addresses>("a").error().message(),
              "field \"a.p.city\" cannot be read as string: it is int32");
    EXPECT_EQ(bson::try_from<address>(bson::view()).error().code(), bson::errc::missing_field);

    person bad = ada();
    bad.others[1].street = "\xff";
    EXPECT_EQ(bson::try_to_document(bad).error().message(), "field \"others.1.street\" is a text that is not UTF-8");
    EXPECT_THROW(bson::to_document(bad), coda::exception);
}

TEST(bson_convert, enums_are_their_names_where_described_else_numbers) {
    EXPECT_EQ(doc("l", level::high, "p", plain::a), doc("l", "high", "p", 7));
    EXPECT_EQ(doc("l", "low").get<level>("l"), level::low);
    EXPECT_EQ(doc("p", 200).get<plain>("p"), plain{200});
    EXPECT_EQ(doc("l", "medium").try_get<level>("l").error().message(),
              "field \"l\" cannot be read as enumerator: it is another string");
    EXPECT_EQ(doc("l", 1).try_get<level>("l").error().code(), coda::errc::type_mismatch);
    EXPECT_EQ(doc("p", 300).try_get<plain>("p").error().code(), coda::errc::type_mismatch);
    bson::builder b;
    b.append("l", level{99});
    EXPECT_EQ(b.finish().error().message(), "field \"l\" is an enum value without a name");
}

TEST(bson_convert, a_type_of_ones_own_has_a_codec) {
    priced const p{{250}, {{1}, {2}}};
    auto const d = bson::to_document(p);
    EXPECT_EQ(d, doc("price", std::int64_t{250}, "history", array(std::int64_t{1}, std::int64_t{2})));
    EXPECT_EQ(bson::from<priced>(d).history, p.history);
    EXPECT_EQ(error_of<priced>(doc("price", 1, "history", array(1, -1))),
              "field \"history.1\" cannot be read as money: it is int32");
}

TEST(bson_convert, maps_documents_and_views_are_documents_too) {
    std::map<std::string, int> const m{{"a", 1}, {"b", 2}};
    auto const d = bson::to_document(m);
    EXPECT_EQ(d, doc("a", 1, "b", 2));
    EXPECT_EQ((bson::from<std::map<std::string, int>>(d)), m);
    EXPECT_EQ(bson::from<bson::view>(d), d.view());
    EXPECT_EQ(bson::from<bson::document>(d), d);
}

TEST(bson_convert, structs_go_into_documents_in_place) {
    EXPECT_EQ(doc("home", address{"x", "y"}).get<std::string>("home.street"), "y");
    EXPECT_EQ(doc("all", std::vector<address>{{"x", "y"}}).get<address>("all.0"), (address{"x", "y"}));
}

} // namespace
