// SPDX-License-Identifier: BSL-1.0
#include <coda/mongo/bson.hpp>

#include <gtest/gtest.h>

#include <limits>

namespace mongo_bson_json_test {

namespace bson = coda::bson;
using bson::doc;
using namespace std::string_literals;

TEST(bson_json, is_relaxed_extended_json) {
    EXPECT_EQ(bson::to_json(doc()), "{ }");
    auto const d = doc("i", 1, "l", std::int64_t{1} << 40, "d", 0.5, "s", "a\"b\n", "t", true, "n", bson::null, "a",
                       bson::array(1, "x"), "id", bson::object_id(), "at", bson::date(std::chrono::milliseconds(1)),
                       "before", bson::date(std::chrono::milliseconds(-1)));
    EXPECT_EQ(bson::to_json(d), R"({ "i" : 1, "l" : 1099511627776, "d" : 0.5, "s" : "a\"b\n", "t" : true, "n" : null, )"
                                R"("a" : [ 1, "x" ], "id" : { "$oid" : "000000000000000000000000" }, )"
                                R"("at" : { "$date" : "1970-01-01T00:00:00.001Z" }, )"
                                R"("before" : { "$date" : { "$numberLong" : "-1" } } })");
}

TEST(bson_json, goes_there_and_back) {
    using limits = std::numeric_limits<double>;
    auto const d =
        doc("l", std::int64_t{1} << 40, "nan", limits::quiet_NaN(), "inf", -limits::infinity(), "id",
            bson::object_id::generate(), "dec", bson::decimal128::from_string("1.50").value(), "ts",
            bson::timestamp{1, 2}, "r", bson::regex{"^a", "i"}, "bin", bson::binary{{std::byte{0}, std::byte{255}}, 4},
            "min", bson::min_key, "max", bson::max_key, "u", bson::undefined, "code", bson::code{"f()"}, "nul", "a\0b"s,
            "d", doc("e", doc()), "utf8", "\xf0\x9f\x98\x80");
    EXPECT_EQ(bson::from_json(bson::to_json(d)).value(), d) << bson::to_json(d);
}

TEST(bson_json, has_no_form_for_bad_utf8) {
    auto const good = doc("key", "text");
    std::vector<std::byte> bytes(good.begin()->bytes().begin() - 9, good.begin()->bytes().end());
    bytes.push_back(std::byte{0});
    ASSERT_EQ(bytes.size(), good.size());
    bytes[bytes.size() - 4] = std::byte{0xff};
    auto const v = bson::view::from_bytes(bytes);
    ASSERT_TRUE(v.has_value()); // a text is given as it is stored
    EXPECT_EQ(v->get<std::string>("key"), "te\xfft");
    EXPECT_THROW(bson::to_json(*v), coda::exception);
}

TEST(bson_json, reads_plain_json) {
    auto const d = bson::from_json(R"( {"a": {"b": [1, 2.5, "x", null, false]}, "big": 5000000000} )").value();
    EXPECT_EQ(d.get<double>("a.b.1"), 2.5);
    EXPECT_EQ(d.find("a.b.0")->type(), bson::type::int32);
    EXPECT_EQ(d.get<std::int64_t>("big"), 5000000000);
    EXPECT_EQ(bson::from_json("{}").value(), doc());
    EXPECT_EQ(bson::from_json("\t{ }\r\n ").value(), doc());
    std::string const longer(50'000, 'x');
    EXPECT_EQ(bson::from_json("{\"a\": \"" + longer + "\", \"b\": 1}").value(), doc("a", longer, "b", 1));
}

TEST(bson_json, says_what_is_wrong) {
    for (std::string const& text : {""s,
                                    " "s,
                                    "{"s,
                                    "}"s,
                                    "{\"a\"}"s,
                                    "{\"a\": }"s,
                                    "{a: 1}"s,
                                    "x"s,
                                    "1"s,
                                    "null"s,
                                    "[1]"s,
                                    "\"s\""s,
                                    "{} {}"s,
                                    "{\"a\": 1} x"s,
                                    "{\"a\": 1} {\"b\": 2}"s,
                                    "{\"a\": 1}}"s,
                                    "{\"a\": \"\xff\"}"s,
                                    "{\"a\": {\"$oid\": \"12\"}}"s,
                                    "{\"a\": 1"s,
                                    "{\"a\": 1}\0"s}) {
        auto const d = bson::from_json(text);
        EXPECT_TRUE(d.has_error()) << text << " gave " << bson::to_json(*d);
        if (d.has_value()) continue;
        EXPECT_EQ(d.error().code(), bson::errc::invalid_json) << text;
        EXPECT_FALSE(d.error().message().empty());
    }
    auto const deep = bson::from_json(std::string(100'000, '[')); // must not end the stack
    EXPECT_TRUE(deep.has_error());
    std::string nested;
    for (int i = 0; i < 5000; ++i) nested += "{\"a\":";
    EXPECT_TRUE(bson::from_json(nested).has_error());
}

TEST(bson_json, of_more_than_the_largest_document_is_refused) {
    auto const d = bson::from_json("{\"a\": \"" + std::string(bson::max_size, 'x') + "\"}");
    ASSERT_TRUE(d.has_error());
    EXPECT_EQ(d.error().code(), bson::errc::too_large);
}

} // namespace mongo_bson_json_test
