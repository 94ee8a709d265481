// SPDX-License-Identifier: BSL-1.0
#include <coda/mongo/bson.hpp>

#include <gtest/gtest.h>

#include <ctime>
#include <unordered_set>

namespace mongo_bson_types_test {

namespace bson = coda::bson;
using bson::decimal128;
using bson::object_id;

TEST(bson_object_id, goes_to_hex_and_back) {
    auto const id = object_id::from_hex("5f0E0d0c0b0a090807060504").value();
    EXPECT_EQ(id.hex(), "5f0e0d0c0b0a090807060504");
    EXPECT_EQ(id.bytes()[0], std::byte{0x5f});
    EXPECT_EQ(id.bytes()[11], std::byte{0x04});
    EXPECT_EQ(object_id::from_hex(object_id().hex()).value(), object_id());
}

TEST(bson_object_id, has_24_digits) {
    for (std::string_view const text : {"", "twelve chars", "5f0e0d0c0b0a09080706050", "5f0e0d0c0b0a0908070605044",
                                        "5f0e0d0c0b0a09080706050g", "5f0e0d0c0b0a0908070605 4"}) {
        auto const id = object_id::from_hex(text);
        ASSERT_TRUE(id.has_error()) << text;
        EXPECT_EQ(id.error().code(), coda::errc::invalid_argument);
    }
    using namespace std::string_view_literals;
    EXPECT_TRUE(object_id::from_hex("5f0e0d0c0b0a\00907060504"sv).has_error());
}

TEST(bson_object_id, tells_when_it_was_made) {
    auto const id = object_id::from_hex("5f0000000000000000000000").value();
    EXPECT_EQ(id.created().time_since_epoch(), std::chrono::seconds(0x5f000000));
    auto const late = object_id::from_hex("ffffffff0000000000000000").value();
    EXPECT_EQ(late.created().time_since_epoch(), std::chrono::seconds(0xffffffff));

    auto const before = std::chrono::system_clock::from_time_t(std::time(nullptr)); // libbson's clock
    EXPECT_GE(object_id::generate().created(), before);
}

TEST(bson_object_id, is_unique_ordered_and_hashable) {
    std::unordered_set<object_id> seen;
    object_id last;
    for (int i = 0; i < 1000; ++i) {
        auto const id = object_id::generate();
        EXPECT_TRUE(seen.insert(id).second);
        last = id;
    }
    EXPECT_TRUE(seen.contains(last));
    EXPECT_LT(object_id::from_hex("000000000000000000000001").value(),
              object_id::from_hex("0100000000000000000000ff").value());
    EXPECT_NE(last, object_id());
}

TEST(bson_decimal128, goes_to_text_and_back) {
    for (char const* text :
         {"0", "1", "-1", "12.50", "-0", "1E+3", "1E-6176", "9.999999999999999999999999999999999E+6144",
          "1234567890123456789012345678901234", "NaN", "Infinity", "-Infinity"})
        EXPECT_EQ(decimal128::from_string(text).value().to_string(), text);
    EXPECT_EQ(decimal128().to_string(), "0");
    EXPECT_EQ(decimal128::from_string("0").value(), decimal128());
    EXPECT_NE(decimal128::from_string("1.0").value(), decimal128::from_string("1.00").value());
}

TEST(bson_decimal128, refuses_what_is_no_number_of_34_digits) {
    std::string const long_one(100'000, '1');
    for (std::string_view const text : {"", " ", "x", "1.2.3", "1e", "12345678901234567890123456789012345", "0x1"}) {
        auto const d = decimal128::from_string(text);
        ASSERT_TRUE(d.has_error()) << text;
        EXPECT_EQ(d.error().code(), coda::errc::invalid_argument);
    }
    EXPECT_TRUE(decimal128::from_string(long_one).has_error());
}

// g++ 12 destroys a prvalue aggregate with a destructor twice inside a co_await.
template <class... T>
constexpr bool safe_inside_co_await = ((std::is_trivially_copyable_v<T> || !std::is_aggregate_v<T>) && ...);
static_assert(safe_inside_co_await<bson::object_id, bson::decimal128, bson::binary, bson::binary_view, bson::regex,
                                   bson::code, bson::timestamp, bson::null_t, bson::document, bson::array_document,
                                   bson::view, bson::element, bson::builder, bson::field_error>);

TEST(bson_types, have_names) {
    EXPECT_EQ(bson::to_string(bson::type::object_id), "objectId");
    EXPECT_EQ(bson::to_string(bson::type::int64), "int64");
    EXPECT_EQ(bson::to_string(bson::type::min_key), "minKey");
    EXPECT_EQ(bson::to_string(bson::type{0x42}), "invalid");
}

TEST(bson_errors, have_messages_and_a_category) {
    for (int i = 1; i <= int(bson::errc::invalid_json); ++i)
        EXPECT_NE(bson::make_error_code(static_cast<bson::errc>(i)).message(), "unknown coda.bson error") << i;
    EXPECT_EQ(bson::make_error_code(bson::errc::corrupt).category().name(), std::string("coda.bson"));
}

} // namespace mongo_bson_types_test
