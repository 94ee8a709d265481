// SPDX-License-Identifier: BSL-1.0
#include "wire.hpp"

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>
#include <gtest/gtest.h>

namespace coda_composite_test {

enum class mood { sad, ok, happy };
BOOST_DESCRIBE_ENUM(mood, sad, ok, happy)

struct place {
    double x = 0;
    double y = 0;
    friend bool operator==(place const&, place const&) = default;
};
BOOST_DESCRIBE_STRUCT(place, (), (x, y))

struct stop {
    std::string name;
    place where;
    std::optional<mood> felt;
    std::vector<std::int32_t> lines;
    friend bool operator==(stop const&, stop const&) = default;
};
BOOST_DESCRIBE_STRUCT(stop, (), (name, where, felt, lines))

struct celsius {
    double degrees = 0;
    friend bool operator==(celsius const&, celsius const&) = default;
};

} // namespace coda_composite_test

template <>
struct coda::pg::codec<coda_composite_test::celsius> {
    using celsius = coda_composite_test::celsius;
    static constexpr oid type = type::float8;
    static bool decode(bytes from, oid sent, celsius& to) { return codec<double>::decode(from, sent, to.degrees); }
    static void encode(celsius value, encoder& to) { to.append_float(value.degrees); }
};

namespace postgres_composite_test {

namespace pg = coda::pg;
using namespace coda_composite_test;
using coda::test::decoded;
using coda::test::encoded;
using coda::test::raw;
using coda::test::refuses_other_lengths;
using coda::test::round_trip;
using coda::test::try_encoded;

constexpr pg::oid its_own = 16390; // of a type that the database defines

TEST(codec_of_enums, is_the_label) {
    EXPECT_EQ(encoded(mood::happy), raw({'h', 'a', 'p', 'p', 'y'}));
    for (mood const m : {mood::sad, mood::ok, mood::happy}) {
        EXPECT_EQ(round_trip(m, its_own), m);
        EXPECT_EQ(round_trip(m, pg::type::text), m);
    }
    EXPECT_EQ(round_trip(mood::ok, pg::type::int4), std::nullopt);
}

TEST(codec_of_enums, knows_no_other_label_or_value) {
    for (auto const* label : {"", "Happy", "happ", "happyy", "happy "})
        EXPECT_EQ(decoded<mood>(encoded(std::string(label)), its_own), std::nullopt) << label;
    EXPECT_FALSE(try_encoded(static_cast<mood>(7)));
}

TEST(codec_of_composites, keeps_every_member) {
    for (auto const& s : {stop{"a", {1, 2}, mood::ok, {1, 2}}, stop{"", {}, std::nullopt, {}}}) {
        EXPECT_EQ(round_trip(s, its_own), s);
        EXPECT_TRUE(refuses_other_lengths(s, its_own));
    }
    EXPECT_EQ(encoded(place{}), raw({0, 0, 0, 2, 0, 0,    2, 0xbd, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0,
                                     0, 0, 0, 0, 2, 0xbd, 0, 0,    0, 8, 0, 0, 0, 0, 0, 0, 0, 0}));
    auto const route = std::vector<place>{{1, 2}, {3, 4}};
    EXPECT_EQ(round_trip(route, its_own), route);
}

TEST(codec_of_composites, reads_a_row_as_a_tuple) {
    using row = std::tuple<std::int32_t, std::optional<std::string>>;
    EXPECT_EQ(round_trip(row(1, "x"), pg::type::record), row(1, "x"));
    EXPECT_EQ(round_trip(row(1, std::nullopt), pg::type::record), row(1, std::nullopt));
    EXPECT_EQ(round_trip(row(), pg::type::int4), std::nullopt);
    EXPECT_EQ(decoded<std::tuple<>>(raw({0, 0, 0, 0}), pg::type::record), std::tuple<>());
}

TEST(codec_of_composites, refuses_other_counts_types_and_nulls) {
    EXPECT_EQ(decoded<place>(encoded(std::tuple(1.0)), its_own), std::nullopt);
    EXPECT_EQ(decoded<place>(encoded(std::tuple(1.0, 2.0, 3.0)), its_own), std::nullopt);
    EXPECT_EQ(decoded<place>(encoded(std::tuple(1.0, std::int64_t{2})), its_own), std::nullopt);
    EXPECT_EQ(decoded<place>(encoded(std::tuple(1.0, std::optional<double>())), its_own), std::nullopt);
    EXPECT_EQ(decoded<place>(encoded(std::tuple(1.0, 2.0f)), its_own), (place{1, 2})) << "as in a column";
    EXPECT_EQ(decoded<place>(raw({0xff, 0xff, 0xff, 0xff}), its_own), std::nullopt);
}

TEST(unchecked, is_read_from_types_that_the_database_defines) {
    using text = pg::unchecked<std::string>;
    EXPECT_EQ(decoded<text>(encoded(mood::ok), its_own)->value, "ok");
    EXPECT_EQ(decoded<text>(encoded(std::string("x")), pg::type::varchar)->value, "x");
    EXPECT_EQ(decoded<text>(encoded(1), pg::type::int4), std::nullopt);
    EXPECT_EQ(decoded<pg::unchecked<std::int32_t>>(encoded(std::int64_t{1}), its_own), std::nullopt) << "its length";
    std::vector<text> const both{{"a"}, {"b"}};
    EXPECT_EQ(round_trip(both, its_own), both);
}

TEST(a_codec_of_ones_own, counts_inside_of_everything) {
    EXPECT_EQ(round_trip(celsius{1.5}), celsius{1.5});
    std::vector<std::optional<celsius>> const week{celsius{1}, std::nullopt};
    static_assert(pg::codec<std::vector<celsius>>::type == 1022);
    EXPECT_EQ(round_trip(week), week);
    std::tuple<celsius, std::int32_t> const pair{celsius{2}, 3};
    EXPECT_EQ(round_trip(pair, pg::type::record), pair);
}

} // namespace postgres_composite_test
