// SPDX-License-Identifier: BSL-1.0
#include "types_test.hpp"

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

namespace coda_types_composed_test {

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
    place at;
    std::optional<mood> felt;
    std::vector<std::int32_t> lines;
    friend bool operator==(stop const&, stop const&) = default;
};
BOOST_DESCRIBE_STRUCT(stop, (), (name, at, felt, lines))

struct trip {
    std::int32_t id = 0;
    stop first;
    std::vector<stop> others;
};
BOOST_DESCRIBE_STRUCT(trip, (), (id, first, others))

// An extension's or a program's own type: what its codec says.
struct point {
    double x = 0;
    double y = 0;
    friend bool operator==(point const&, point const&) = default;
};

} // namespace coda_types_composed_test

template <>
struct coda::pg::codec<coda_types_composed_test::point> {
    static constexpr oid type = 600;
    static bool decode(bytes from, oid sent, coda_types_composed_test::point& to) {
        decoder parts(from);
        return sent == type && parts.read(to.x) && parts.read(to.y) && parts.at_end();
    }
    static void encode(coda_types_composed_test::point value, encoder& to) {
        to.append_float(value.x);
        to.append_float(value.y);
    }
};

namespace postgres_types_composed_test {

namespace pg = coda::pg;
using namespace coda_types_composed_test;
using namespace std::chrono;
using testing::HasSubstr;

// With types of its own in the database.
class a_composed_value : public coda::test::on_postgres_types {
protected:
    void SetUp() override {
        on_postgres_types::SetUp();
        if (IsSkipped() || HasFatalFailure()) return;
        schema_ = server().fresh_name();
        server().ask(fmt::format("create schema {0};"
                                 "create type {0}.mood as enum ('sad', 'ok', 'happy', 'rare');"
                                 "create type {0}.place as (x float8, y float8);"
                                 "create type {0}.stop as (name text, at {0}.place, felt {0}.mood, lines int4[]);"
                                 "create type {0}.floats as range (subtype = float8)",
                                 schema_));
        ran("set search_path to " + schema_).value();
    }
    void TearDown() override {
        if (!schema_.empty()) server().ask("drop schema " + schema_ + " cascade");
        on_postgres_types::TearDown();
    }

private:
    std::string schema_;
};
CODA_ON_EVERY_LOOP(a_composed_value);

TEST_P(a_composed_value, of_an_array_is_the_same_on_the_server) {
    using ints = std::vector<std::int32_t>;
    using maybes = std::vector<std::optional<std::int32_t>>;
    using texts = std::vector<std::string>;
    using numerics = std::vector<pg::numeric>;
    using days = std::vector<sys_days>;
    same("int4[]", ints(), "{}");
    same("int4[]", ints{1, -2}, "{1,-2}");
    same("int4[]", maybes{1, std::nullopt}, "{1,NULL}");
    same("int4[]", std::vector<ints>{{1, 2}, {3, 4}, {5, 6}}, "{{1,2},{3,4},{5,6}}");
    same("int2[]", std::array<std::int16_t, 2>{1, 2}, "{1,2}");
    same("int8[]", std::vector<std::vector<std::vector<std::int64_t>>>{{{1}, {2}}}, "{{{1},{2}}}");
    same("float8[]", std::vector<double>{0.5}, "{0.5}");
    same("bool[]", std::vector<bool>{true, false}, "{t,f}");
    same("text[]", texts{"", "a,b", "NULL", "\"\\", "{}"}, R"({"","a,b","NULL","\"\\","{}"})");
    same("varchar[]", texts{"a"}, "{a}");
    same("numeric[]", numerics{pg::numeric::parse("1.50").value(), pg::numeric::nan()}, "{1.50,NaN}");
    same("date[]", days{sys_days(2024y / 2 / 29), sys_days::max()}, "{2024-02-29,infinity}");
    same("bytea[]", std::vector<std::vector<std::byte>>{{}, {std::byte{1}}}, R"({"\\x","\\x01"})");
    auto const odd = got<ints>("select '[5:6]={7,8}'::int4[]").value();
    EXPECT_EQ(odd, (ints{7, 8}));
    EXPECT_TRUE(is_refused<ints>("select array[1, null]"));
    EXPECT_TRUE(is_refused<ints>("select array[[1]]"));
    ints many(100'000);
    for (std::size_t i = 0; i < many.size(); ++i) many[i] = static_cast<std::int32_t>(i);
    EXPECT_EQ(got<std::int64_t>("select sum(u) from unnest($1::int4[]) u", many).value(), 4'999'950'000);
    std::span<std::int32_t const> const some = std::span(many).first(3);
    EXPECT_EQ(got<std::string>("select $1::text", some).value(), "{0,1,2}");
}

TEST_P(a_composed_value, of_a_range_is_the_same_on_the_server) {
    using ints = pg::range<std::int32_t>;
    using numbers = pg::range<pg::numeric>;
    using bound = numbers::bound;
    using moments = pg::range<local_time<microseconds>>;
    same("int4range", ints(), "empty");
    same("int4range", ints::all(), "(,)");
    same("int4range", ints::from_to(1, 5), "[1,5)");
    same("int4range", ints::from(1), "[1,)");
    same("int4range", ints::before(-1), "(,-1)");
    same("int8range", pg::range<std::int64_t>::from(1L << 40), "[1099511627776,)");
    same("numrange", numbers(bound{1, false}, bound{2, true}), "(1,2]");
    same("daterange", pg::range<sys_days>::from_to(sys_days(2024y / 1 / 1), sys_days(2024y / 2 / 1)),
         "[2024-01-01,2024-02-01)");
    same("tsrange", moments::before({}), R"x((,"1970-01-01 00:00:00"))x");
    same("floats", pg::range<double>::closed(0.5, 1), "[0.5,1]");
    same("int4range[]", std::vector<ints>{ints::from(1), ints()}, R"x({"[1,)",empty})x");
    EXPECT_EQ(got<ints>("select $1", ints::closed(1, 5)).value(), ints::from_to(1, 6));
    same("int4multirange", pg::multirange<std::int32_t>(), "{}");
    same("int4multirange", pg::multirange<std::int32_t>{{ints::before(0), ints::from_to(1, 2)}}, "{(,0),[1,2)}");
    same("nummultirange", pg::multirange<pg::numeric>{{numbers::closed(1, 2)}}, "{[1,2]}");
    auto const reversed = ran("select $1", ints::from_to(2, 1));
    EXPECT_EQ(reversed.error().code(), pg::make_sqlstate("22000"));
}

TEST_P(a_composed_value, of_an_enum_is_its_label) {
    same("mood", mood::sad, "sad");
    same("mood", mood::happy, "happy");
    same("text", mood::ok, "ok");
    same("mood[]", std::vector<mood>{mood::ok, mood::sad}, "{ok,sad}");
    same("mood[]", std::vector<std::optional<mood>>{mood::ok, std::nullopt}, "{ok,NULL}");
    auto const unknown = got<mood>("select 'rare'::mood as felt");
    EXPECT_EQ(unknown.error().code(), coda::errc::type_mismatch);
    EXPECT_THAT(unknown.error().message(), HasSubstr("\"felt\""));
    EXPECT_THAT(unknown.error().message(), HasSubstr("an unknown label"));
    auto const nameless = ran("select $1::mood", static_cast<mood>(9));
    EXPECT_EQ(nameless.error().code(), coda::errc::invalid_argument);
    EXPECT_EQ(got<pg::unchecked<std::string>>("select 'rare'::mood").value(), pg::unchecked<std::string>{"rare"});
}

TEST_P(a_composed_value, of_a_composite_is_the_same_on_the_server) {
    using maybe_place = std::optional<place>;
    same("place", maybe_place(place{0.5, -1}), "(0.5,-1)");
    stop const full{"a \"b\", c", {1, 2}, mood::ok, {1, 2}};
    using one_stop = std::tuple<stop>;
    auto const back = got<one_stop>("select $1::stop", full).value();
    EXPECT_EQ(std::get<0>(back), full);
    EXPECT_EQ(got<std::string>("select ($1::stop)::text", full).value(), R"x(("a ""b"", c","(1,2)",ok,"{1,2}"))x");
    stop const bare{"", {}, std::nullopt, {}};
    same("stop[]", std::vector<stop>{full, bare},
         R"x({"(\"a \"\"b\"\", c\",\"(1,2)\",ok,\"{1,2}\")","(\"\",\"(0,0)\",,{})"})x");
    auto const whole =
        got<trip>("select 7 as id, row('x', row(1, 2)::place, null, '{}')::stop as first, array[$1::stop] as others",
                  full)
            .value();
    EXPECT_EQ(whole.id, 7);
    EXPECT_EQ(whole.first.at, (place{1, 2}));
    EXPECT_EQ(whole.others, std::vector<stop>{full});
    using anonymous = std::tuple<std::tuple<std::int32_t, std::optional<std::string>>>;
    EXPECT_EQ(got<anonymous>("select row(1, 'x'::text)").value(), anonymous({1, "x"}));
    EXPECT_EQ(got<anonymous>("select row(1, null::text)").value(), anonymous({1, std::nullopt}));
}

// Attributes come and go.
TEST_P(a_composed_value, of_a_composite_with_other_attributes_is_an_error) {
    ran("alter type place drop attribute y").value();
    using one_place = std::tuple<place>;
    EXPECT_TRUE(is_refused<one_place>("select row(1)::place"));
    auto const sent = ran("select $1::place", place{1, 2});
    EXPECT_TRUE(sent.has_error());
    ran("alter type place add attribute y int8").value();
    EXPECT_TRUE(is_refused<one_place>("select row(1, 2)::place"));
    auto const mixed = ran("select $1::place", place{1, 2});
    EXPECT_TRUE(mixed.has_error()) << "a float8 is no int8, though as long";
    EXPECT_EQ(got<std::int32_t>("select 1").value(), 1);
}

TEST_P(a_composed_value, of_a_type_of_ones_own_is_what_its_codec_says) {
    same("point", point{1, -0.5}, "(1,-0.5)");
    same("point[]", std::vector<point>{{1, 2}}, R"x({"(1,2)"})x");
}

TEST_P(a_composed_value, is_read_from_a_kept_result_without_copies) {
    auto const kept = rows("select 'some text'::text as a, '\\x0102'::bytea as b, null::int4 as c").value();
    using views = std::tuple<std::string_view, pg::bytes, std::optional<std::int32_t>>;
    auto const [text, block, none] = kept[0].as<views>();
    EXPECT_EQ(text, "some text");
    EXPECT_EQ(static_cast<void const*>(text.data()), kept.raw(0, 0)->data());
    EXPECT_EQ(block.size(), 2u);
    EXPECT_EQ(none, std::nullopt);
    EXPECT_TRUE(kept[0]["c"].is_null());
    EXPECT_EQ(kept[0]["a"].as<std::string>(), "some text");
}

} // namespace postgres_types_composed_test
