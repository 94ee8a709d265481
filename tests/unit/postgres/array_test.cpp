// SPDX-License-Identifier: BSL-1.0
#include "wire.hpp"

#include <gtest/gtest.h>

namespace postgres_array_test {

namespace pg = coda::pg;
using coda::test::decoded;
using coda::test::encoded;
using coda::test::raw;
using coda::test::refuses_other_lengths;
using coda::test::round_trip;
using coda::test::try_encoded;

using ints = std::vector<std::int32_t>;

template <class T>
void expect_kept(T const& value) {
    EXPECT_EQ(round_trip(value), value);
    EXPECT_TRUE(refuses_other_lengths(value));
}

TEST(codec_of_arrays, keeps_elements_nulls_and_dimensions) {
    expect_kept(ints{});
    expect_kept(ints{1, -2, 3});
    expect_kept(std::vector<std::string>{"", "a", "a longer one that is on the heap"});
    expect_kept(std::vector<std::optional<std::int64_t>>{1, std::nullopt, 3});
    expect_kept(std::vector<bool>{true, false, true});
    expect_kept(std::vector<std::vector<std::byte>>{{}, raw({0, 1})});
    expect_kept(std::vector<ints>{{1, 2}, {3, 4}, {5, 6}});
    expect_kept(std::vector<std::vector<std::vector<double>>>{{{1}, {2}}, {{3}, {4}}});
    expect_kept(std::array<std::int16_t, 3>{1, 2, 3});
    expect_kept(std::vector<std::array<std::optional<std::int16_t>, 2>>{{1, std::nullopt}, {3, 4}});
}

TEST(codec_of_arrays, has_its_type_by_its_elements) {
    static_assert(pg::codec<ints>::type == 1007);
    static_assert(pg::codec<std::vector<ints>>::type == 1007, "dimensions are no part of the type");
    static_assert(pg::codec<std::vector<std::string>>::type == 1009);
    static_assert(pg::codec<std::vector<std::optional<pg::numeric>>>::type == 1231);
    static_assert(pg::codec<std::vector<pg::range<std::int32_t>>>::type == 3905);
    EXPECT_EQ(encoded(ints{7}),
              raw({0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 23, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 7}));
    EXPECT_EQ(encoded(ints{}), raw({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 23}));
    EXPECT_EQ(encoded(std::vector<ints>{{}, {}}), encoded(ints{}));
    EXPECT_EQ(encoded(std::span<std::int32_t const>(ints{7})), encoded(ints{7}));
}

TEST(codec_of_arrays, reads_elements_as_their_codec_does) {
    auto const narrow = encoded(ints{1, -2});
    EXPECT_EQ(decoded<std::vector<std::int64_t>>(narrow), (std::vector<std::int64_t>{1, -2}));
    EXPECT_EQ(decoded<std::vector<std::int16_t>>(narrow), std::nullopt);
    EXPECT_EQ(decoded<std::vector<std::string>>(narrow), std::nullopt);
    EXPECT_TRUE(pg::codec<std::vector<std::int64_t>>::reads(1007));
    EXPECT_TRUE(pg::codec<std::vector<std::int16_t>>::reads(22)) << "int2vector";
    EXPECT_FALSE(pg::codec<std::vector<std::int16_t>>::reads(1007));
    EXPECT_FALSE(pg::codec<ints>::reads(pg::type::int4));
}

TEST(codec_of_arrays, without_room_for_a_null_or_a_dimension_refuses_it) {
    EXPECT_EQ(decoded<ints>(encoded(std::vector<std::optional<std::int32_t>>{1, std::nullopt})), std::nullopt);
    EXPECT_EQ(decoded<ints>(encoded(std::vector<ints>{{1}})), std::nullopt);
    EXPECT_EQ(decoded<std::vector<ints>>(encoded(ints{1})), std::nullopt);
    EXPECT_EQ(decoded<std::vector<ints>>(encoded(ints{})), std::vector<ints>()) << "an empty one has no dimensions";
    using two = std::array<std::int32_t, 2>;
    EXPECT_EQ(decoded<two>(encoded(ints{1, 2})), (two{1, 2}));
    EXPECT_EQ(decoded<two>(encoded(ints{1})), std::nullopt);
    EXPECT_EQ(decoded<two>(encoded(ints{})), std::nullopt);
}

TEST(codec_of_arrays, ignores_where_the_subscripts_begin) {
    auto wire = encoded(ints{7});
    wire[19] = std::byte{0};
    EXPECT_EQ(decoded<ints>(wire), ints{7});
}

TEST(codec_of_arrays, is_not_of_arrays_of_different_lengths) {
    EXPECT_FALSE(try_encoded(std::vector<ints>{{1, 2}, {3}}));
    EXPECT_FALSE(try_encoded(std::vector<ints>{{}, {3}}));
    using cube = std::vector<std::vector<ints>>;
    EXPECT_FALSE(try_encoded(cube{{{1}}, {{1}, {2}}}));
    EXPECT_FALSE(try_encoded(cube{{{1}, {2}}, {{1}, {2, 3}}}));
}

// Sizes that the bytes cannot hold are not allocated.
TEST(codec_of_arrays, believes_sizes_only_as_far_as_there_are_bytes) {
    auto const header = [](std::initializer_list<int> sizes) {
        pg::encoder to;
        to.append_integer(static_cast<std::int32_t>(sizes.size()));
        to.append_integer(std::int32_t{0});
        to.append_integer(pg::type::int4);
        for (int const size : sizes) {
            to.append_integer(std::int32_t{size});
            to.append_integer(std::int32_t{1});
        }
        return std::vector<std::byte>(to.appended().begin(), to.appended().end());
    };
    constexpr int most = 0x7fffffff;
    EXPECT_FALSE(decoded<ints>(header({most})));
    EXPECT_FALSE(decoded<ints>(header({0}))) << "an empty array has no dimensions";
    EXPECT_FALSE(decoded<ints>(header({-1})));
    EXPECT_FALSE((decoded<std::vector<ints>>(header({most, 0}))));
    EXPECT_FALSE((decoded<std::vector<ints>>(header({0, most}))));
    EXPECT_FALSE((decoded<std::vector<ints>>(header({most, most}))));
    using deep = std::vector<std::vector<std::vector<std::vector<ints>>>>;
    EXPECT_FALSE((decoded<deep>(header({1 << 16, 1 << 16, 1 << 16, 1 << 16, 1})))) << "2 to the 64th";
    EXPECT_FALSE((decoded<ints>(header({1, 1, 1, 1, 1, 1, 1})))) << "seven dimensions";
    EXPECT_FALSE(decoded<ints>(raw({0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 23})));
}

} // namespace postgres_array_test
