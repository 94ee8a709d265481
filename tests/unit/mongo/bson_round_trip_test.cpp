// SPDX-License-Identifier: BSL-1.0
// Each type over odd values: written, read back as what it was.
#include <coda/mongo/bson.hpp>

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <numeric>

namespace mongo_bson_round_trip_test {

namespace bson = coda::bson;
using namespace std::string_literals;

template <class T>
T round_trip(T const& value) {
    auto const d = bson::doc("before", 1, "v", value, "after", "x");
    EXPECT_TRUE(bson::view::from_bytes(d.view().bytes()).has_value());
    EXPECT_EQ(d.template get<std::string>("after"), "x");
    return d.template get<T>("v");
}

template <class T>
bson::type written_as(T const& value) {
    return bson::doc("v", value).begin()->type();
}

template <class T>
class bson_round_trip_of_integers : public testing::Test {};
using integers = testing::Types<std::int8_t, std::int16_t, std::int32_t, std::int64_t, long long, std::uint8_t,
                                std::uint16_t, std::uint32_t>;
TYPED_TEST_SUITE(bson_round_trip_of_integers, integers);

TYPED_TEST(bson_round_trip_of_integers, keeps_the_value) {
    using limits = std::numeric_limits<TypeParam>;
    for (TypeParam const v : {limits::min(), TypeParam(limits::min() + 1), TypeParam(0), TypeParam(1), TypeParam(-1),
                              TypeParam(limits::max() - 1), limits::max()})
        EXPECT_EQ(round_trip<TypeParam>(v), v);
}

TEST(bson_round_trip, of_uint64_ends_at_the_range_of_int64) {
    for (std::uint64_t const v : {std::uint64_t{0}, std::uint64_t{1} << 62, (std::uint64_t{1} << 63) - 1})
        EXPECT_EQ(round_trip(v), v);
    bson::builder b;
    b.document("a", [](bson::builder& inside) { inside.append("u", std::uint64_t{1} << 63); });
    auto const d = b.finish();
    ASSERT_TRUE(d.has_error());
    EXPECT_EQ(d.error().code(), coda::errc::invalid_argument);
    EXPECT_EQ(d.error().message(), "field \"a.u\" is an unsigned number above the range of int64");
}

TEST(bson_round_trip, integers_take_32_bits_where_their_type_fits) {
    EXPECT_EQ(written_as(std::int8_t{1}), bson::type::int32);
    EXPECT_EQ(written_as(std::uint16_t{1}), bson::type::int32);
    EXPECT_EQ(written_as(1), bson::type::int32);
    EXPECT_EQ(written_as(1u), bson::type::int64);
    EXPECT_EQ(written_as(1LL), bson::type::int64);
    EXPECT_EQ(written_as(std::size_t{1}), bson::type::int64);
}

TEST(bson_round_trip, of_doubles_keeps_every_bit) {
    using d = std::numeric_limits<double>;
    for (double const v : {0.0, -0.0, 1.5, d::min(), d::max(), d::lowest(), d::denorm_min(), d::infinity(),
                           -d::infinity(), d::epsilon(), d::quiet_NaN()})
        EXPECT_EQ(std::bit_cast<std::uint64_t>(round_trip(v)), std::bit_cast<std::uint64_t>(v));
    EXPECT_EQ(round_trip(1.5f), 1.5f);
    EXPECT_TRUE(std::isnan(round_trip(std::numeric_limits<float>::quiet_NaN())));
    EXPECT_EQ(round_trip(std::numeric_limits<float>::infinity()), std::numeric_limits<float>::infinity());
}

TEST(bson_round_trip, of_texts) {
    for (std::string const& text : {""s, "a"s, "\0"s, "a\0b\0"s, "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"s,
                                    std::string(100'000, 'x'), "12345678\xc3\xa4"s})
        EXPECT_EQ(round_trip(text), text);
    EXPECT_EQ(bson::doc("a", "x", "b", std::string_view("y"), "c", "z"s), bson::doc("a", "x"s, "b", "y"s, "c", "z"s));
    char const* nothing = nullptr;
    EXPECT_EQ(written_as(nothing), bson::type::null);
    EXPECT_EQ(written_as(nullptr), bson::type::null);
}

TEST(bson_round_trip, of_dates_before_and_after_1970) {
    using std::chrono::milliseconds;
    for (auto const ms : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{-62135596800000}, std::int64_t{1700000000123},
                          std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max()})
        EXPECT_EQ(round_trip(bson::date(milliseconds(ms))), bson::date(milliseconds(ms)));
}

TEST(bson_round_trip, of_binaries) {
    std::vector<std::byte> const blob{std::byte{0}, std::byte{0xff}, std::byte{0}};
    EXPECT_EQ(round_trip(blob), blob);
    EXPECT_EQ(round_trip(std::vector<std::byte>()), std::vector<std::byte>());
    for (int subtype : {0, 2, 4, 5, 0x80, 0xff}) {
        bson::binary const some{blob, static_cast<std::uint8_t>(subtype)};
        bson::binary const none{{}, static_cast<std::uint8_t>(subtype)};
        EXPECT_EQ(round_trip(some), some) << subtype;
        EXPECT_EQ(round_trip(none), none) << subtype;
    }
    auto const d = bson::doc("span", std::span<std::byte const>(blob));
    auto const seen = d.get<bson::binary_view>("span");
    EXPECT_EQ(seen.subtype, 0);
    EXPECT_TRUE(std::ranges::equal(seen.data, blob));
}

TEST(bson_round_trip, of_the_types_of_bson) {
    auto const id = bson::object_id::generate();
    EXPECT_EQ(round_trip(id), id);
    EXPECT_EQ(round_trip(bson::regex{"^a.*", "imx"}), (bson::regex{"^a.*", "imx"}));
    EXPECT_EQ(round_trip(bson::regex{}), bson::regex{});
    EXPECT_EQ(round_trip(bson::regex{"a", "xmi"}), (bson::regex{"a", "imx"})); // in alphabetical order
    EXPECT_EQ(round_trip(bson::code{"f(\"\0\")"s}), bson::code{"f(\"\0\")"s});
    bson::timestamp const t{0xffffffff, 0xfffffffe};
    EXPECT_EQ(round_trip(t), t);
    auto const decimal = bson::decimal128::from_string("-12.50").value();
    EXPECT_EQ(round_trip(decimal), decimal);
    EXPECT_EQ(round_trip(bson::null), bson::null);
    EXPECT_EQ(round_trip(bson::undefined), bson::undefined);
    EXPECT_EQ(round_trip(bson::min_key), bson::min_key);
    EXPECT_EQ(round_trip(bson::max_key), bson::max_key);
    EXPECT_EQ(round_trip(true), true);
    EXPECT_EQ(round_trip(false), false);
}

TEST(bson_round_trip, of_documents_and_arrays) {
    auto const inner = bson::doc("x", 1);
    auto const list = bson::array(1, "two", bson::array(), bson::doc());
    auto const d = bson::doc("d", inner, "v", inner.view(), "a", list, "l", list.view());
    EXPECT_EQ(d.get<bson::document>("d"), inner);
    EXPECT_EQ(d.get<bson::view>("v"), inner.view());
    EXPECT_EQ(d.get<bson::array_document>("a"), list);
    EXPECT_EQ(d.get<bson::array_view>("l"), list.view());
    EXPECT_EQ(d.find("a.2")->type(), bson::type::array);
    EXPECT_EQ(d.find("a.3")->type(), bson::type::document);
}

TEST(bson_round_trip, of_containers) {
    EXPECT_EQ(round_trip(std::vector<int>{}), std::vector<int>{});
    EXPECT_EQ(round_trip(std::vector<int>{3, 1, 2}), (std::vector<int>{3, 1, 2}));
    EXPECT_EQ(round_trip(std::vector<bool>{true, false}), (std::vector<bool>{true, false}));
    std::vector<std::vector<std::string>> const nested{{"a"}, {}, {"b", ""}};
    EXPECT_EQ(round_trip(nested), nested);
    EXPECT_EQ(round_trip(std::array<int, 3>{1, 2, 3}), (std::array<int, 3>{1, 2, 3}));
    std::map<std::string, std::optional<double>> const map{{"", 1.5}, {"b", std::nullopt}};
    EXPECT_EQ(round_trip(map), map);
    std::vector<std::optional<int>> const holes{1, std::nullopt, 3};
    EXPECT_EQ(round_trip(holes), holes);
    EXPECT_EQ(round_trip(std::optional<int>{}), std::nullopt);
    EXPECT_EQ(round_trip(std::optional<int>{5}), 5);
    EXPECT_EQ(bson::doc("v", std::span<int const>(std::array{1, 2})), bson::doc("v", bson::array(1, 2)));
    std::vector<int> many(1234);
    std::iota(many.begin(), many.end(), 0);
    EXPECT_EQ(bson::doc("v", many).get<int>("v.1233"), 1233);
}

TEST(bson_round_trip, of_an_element_of_any_type) {
    auto const from = bson::doc("i", 1, "s", "x", "d", bson::doc("a", bson::array(1)), "n", bson::null);
    bson::builder b;
    for (auto const& e : from) b.append(e.key(), e);
    EXPECT_EQ(b.finish().value(), from);
    b.append_all(from).append("more", 1);
    EXPECT_EQ(b.finish().value().get<int>("more"), 1);
}

} // namespace mongo_bson_round_trip_test
