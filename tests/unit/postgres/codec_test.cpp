// SPDX-License-Identifier: BSL-1.0
#include "wire.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>

namespace postgres_codec_test {

namespace pg = coda::pg;
using pg::codec;

using coda::test::encoded;
using coda::test::raw;
using coda::test::round_trip;

template <class T>
class codec_of_integers : public testing::Test {};
using integers = testing::Types<std::int16_t, std::int32_t, std::int64_t, long long>;
TYPED_TEST_SUITE(codec_of_integers, integers);

TYPED_TEST(codec_of_integers, makes_the_round_trip_over_the_range) {
    using limits = std::numeric_limits<TypeParam>;
    for (TypeParam const v : {limits::min(), TypeParam(limits::min() + 1), TypeParam(-1), TypeParam(0), TypeParam(1),
                              TypeParam(0x7f), TypeParam(0x80), TypeParam(0xff), TypeParam(0x0102), limits::max()})
        EXPECT_EQ(round_trip<TypeParam>(v), v);
    for (std::size_t bit = 0; bit + 1 < sizeof(TypeParam) * 8; ++bit) {
        auto const v = static_cast<TypeParam>(TypeParam(1) << bit);
        EXPECT_EQ(round_trip<TypeParam>(v), v);
        EXPECT_EQ(round_trip<TypeParam>(static_cast<TypeParam>(-v)), -v);
    }
}

TEST(codec_of_int, is_in_network_order) {
    EXPECT_EQ(encoded<std::int32_t>(0x01020304), raw({1, 2, 3, 4}));
    EXPECT_EQ(encoded<std::int16_t>(-2), raw({0xff, 0xfe}));
    EXPECT_EQ(encoded<std::int64_t>(1), raw({0, 0, 0, 0, 0, 0, 0, 1}));
}

TEST(codec_of_int, widens_with_its_sign_and_never_narrows) {
    std::int64_t wide = 0;
    EXPECT_TRUE(codec<std::int64_t>::decode(raw({0xff, 0xfe}), pg::type::int2, wide));
    EXPECT_EQ(wide, -2);
    EXPECT_TRUE(codec<std::int64_t>::decode(raw({0x80, 0, 0, 0}), pg::type::int4, wide));
    EXPECT_EQ(wide, std::numeric_limits<std::int32_t>::min());
    std::int32_t middle = 0;
    EXPECT_TRUE(codec<std::int32_t>::decode(raw({0x7f, 0xff}), pg::type::int2, middle));
    EXPECT_EQ(middle, 32767);
    EXPECT_FALSE(codec<std::int32_t>::decode(raw({0, 0, 0, 0, 0, 0, 0, 1}), pg::type::int8, middle));
    std::int16_t narrow = 0;
    EXPECT_FALSE(codec<std::int16_t>::decode(raw({0, 0, 0, 1}), pg::type::int4, narrow));
}

TEST(codec_of_floats, keeps_every_bit) {
    using d = std::numeric_limits<double>;
    for (double const v : {0.0, -0.0, 1.5, d::min(), d::max(), d::lowest(), d::denorm_min(), d::infinity(),
                           -d::infinity(), d::epsilon(), d::quiet_NaN()}) {
        EXPECT_EQ(std::bit_cast<std::uint64_t>(*round_trip(v)), std::bit_cast<std::uint64_t>(v));
        auto const f = static_cast<float>(v);
        EXPECT_EQ(std::bit_cast<std::uint32_t>(*round_trip(f)), std::bit_cast<std::uint32_t>(f));
    }
}

TEST(codec_of_floats, double_reads_real_and_float_does_not_read_double) {
    double wide = 0;
    EXPECT_TRUE(codec<double>::decode(encoded(1.5f), pg::type::float4, wide));
    EXPECT_EQ(wide, 1.5);
    EXPECT_TRUE(codec<double>::decode(encoded(std::numeric_limits<float>::quiet_NaN()), pg::type::float4, wide));
    EXPECT_TRUE(std::isnan(wide));
    float narrow = 0;
    EXPECT_FALSE(codec<float>::decode(encoded(1.5), pg::type::float8, narrow));
}

TEST(codec_of_bool, is_one_byte) {
    EXPECT_EQ(round_trip(true), true);
    EXPECT_EQ(round_trip(false), false);
    EXPECT_EQ(encoded(true), raw({1}));
}

TEST(codec_of_oid, is_unsigned) { EXPECT_EQ(round_trip<pg::oid>(0xfffffffe), 0xfffffffe); }

TEST(codec_of_text, reads_every_text_type_and_nothing_else) {
    std::string text;
    auto const wire = raw({'a', 0xc3, 0xa4});
    for (auto const t :
         {pg::type::text, pg::type::varchar, pg::type::bpchar, pg::type::name, pg::type::json, pg::type::unknown}) {
        EXPECT_TRUE(codec<std::string>::decode(wire, t, text));
        EXPECT_EQ(text, "a\xc3\xa4");
    }
    EXPECT_TRUE(codec<std::string>::decode({}, pg::type::text, text));
    EXPECT_EQ(text, "");
    for (auto const t :
         {pg::type::bytea, pg::type::int4, pg::type::jsonb, pg::type::numeric, pg::type::first_user_defined})
        EXPECT_FALSE(codec<std::string>::decode(wire, t, text));
    EXPECT_TRUE(codec<std::string>::decode(raw({1, '{', '}'}), pg::type::jsonb, text));
    EXPECT_EQ(text, "{}") << "without the version before it";
}

TEST(codec_of_text, as_a_view_points_into_the_value) {
    auto const wire = raw({1, 'a', 'b'});
    std::string_view text;
    EXPECT_TRUE(codec<std::string_view>::decode(wire, pg::type::jsonb, text));
    EXPECT_EQ(text, "ab");
    EXPECT_EQ(static_cast<void const*>(text.data()), &wire[1]);
    EXPECT_FALSE(codec<std::string_view>::decode(wire, pg::type::numeric, text)) << "there is no text to point to";
    pg::bytes block;
    EXPECT_TRUE(codec<pg::bytes>::decode(wire, pg::type::bytea, block));
    EXPECT_EQ(block.data(), wire.data());
}

TEST(codec_of_char, is_one_byte) {
    EXPECT_EQ(round_trip('x'), 'x');
    EXPECT_EQ(round_trip('\xff'), '\xff');
    EXPECT_EQ(round_trip('x', pg::type::text), std::nullopt) << "char(1) is a text";
}

TEST(codec_of_uuid, keeps_its_bytes_in_order) {
    boost::uuids::uuid id{};
    for (std::uint8_t i = 0; i < 16; ++i) id.data[i] = i;
    EXPECT_EQ(round_trip(id), id);
    EXPECT_EQ(encoded(id), raw({0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}));
}

TEST(codec_of_bytea, keeps_zero_bytes_and_may_be_empty) {
    EXPECT_EQ(round_trip(raw({0, 1, 0, 0xff})), raw({0, 1, 0, 0xff}));
    EXPECT_EQ(round_trip(raw({})), raw({}));
    std::vector<std::byte> b;
    EXPECT_FALSE(codec<std::vector<std::byte>>::decode(raw({1}), pg::type::text, b));
}

// A heap block of exactly that length: the address sanitizer sees each byte that is read beyond it.
template <class T>
void expect_lengths_are_checked(pg::oid sent, std::size_t right) {
    for (std::size_t length = 0; length <= 16; ++length) {
        auto const block = std::make_unique<std::byte[]>(length);
        T value{};
        EXPECT_EQ(codec<T>::decode(pg::bytes(block.get(), length), sent, value), length == right) << length;
    }
}

TEST(codec, wrong_lengths_are_refused_without_reading_beyond_them) {
    expect_lengths_are_checked<bool>(pg::type::boolean, 1);
    expect_lengths_are_checked<std::int16_t>(pg::type::int2, 2);
    expect_lengths_are_checked<std::int32_t>(pg::type::int2, 2);
    expect_lengths_are_checked<std::int32_t>(pg::type::int4, 4);
    expect_lengths_are_checked<std::int64_t>(pg::type::int2, 2);
    expect_lengths_are_checked<std::int64_t>(pg::type::int4, 4);
    expect_lengths_are_checked<std::int64_t>(pg::type::int8, 8);
    expect_lengths_are_checked<pg::oid>(pg::type::oid_, 4);
    expect_lengths_are_checked<float>(pg::type::float4, 4);
    expect_lengths_are_checked<double>(pg::type::float4, 4);
    expect_lengths_are_checked<double>(pg::type::float8, 8);
    expect_lengths_are_checked<char>(pg::type::char_, 1);
    expect_lengths_are_checked<boost::uuids::uuid>(pg::type::uuid, 16);
    expect_lengths_are_checked<std::chrono::sys_days>(pg::type::date, 4);
    expect_lengths_are_checked<coda::test::timestamp>(pg::type::timestamptz, 8);
    expect_lengths_are_checked<pg::time_of_day>(pg::type::time, 8);
    expect_lengths_are_checked<pg::time_of_day_tz>(pg::type::timetz, 12);
    expect_lengths_are_checked<pg::interval>(pg::type::interval, 16);
    expect_lengths_are_checked<pg::macaddr>(pg::type::macaddr, 6);
    expect_lengths_are_checked<pg::macaddr8>(pg::type::macaddr8, 8);
}

TEST(codec, wrong_types_are_refused) {
    auto const wire = raw({0, 0, 0, 1});
    for (auto const sent :
         {pg::type::any, pg::type::text, pg::type::float4, pg::type::oid_, pg::type::boolean, pg::oid{4711}}) {
        std::int32_t i = 0;
        EXPECT_FALSE(codec<std::int32_t>::decode(wire, sent, i)) << sent;
    }
    bool b = false;
    EXPECT_FALSE(codec<bool>::decode(raw({1}), pg::type::int2, b));
}

TEST(type_name, is_the_sql_name_or_the_number) {
    EXPECT_EQ(pg::type_name(pg::type::int8), "bigint");
    EXPECT_EQ(pg::type_name(pg::type::any), "text");
    EXPECT_EQ(pg::type_name(1016), "bigint[]");
    EXPECT_EQ(pg::type_name(4711), "type 4711");
}

} // namespace postgres_codec_test
