// SPDX-License-Identifier: BSL-1.0
#include "bson_native.hpp"
#include "support/allocations.hpp"

#include <coda/mongo/bson.hpp>

#include <gtest/gtest.h>

namespace mongo_bson_document_test {

namespace bson = coda::bson;
using bson::doc;
using bson::document;
using coda::test::allocations;

std::vector<std::string> keys_of(bson::view v) {
    std::vector<std::string> keys;
    for (auto const& e : v) keys.emplace_back(e.key());
    return keys;
}

TEST(bson_document, is_empty_without_an_allocation) {
    auto const before = allocations();
    document d;
    document moved = std::move(d);
    bson::view const v;
    auto const made = doc();
    EXPECT_EQ(allocations(), before);
    EXPECT_TRUE(moved.empty());
    EXPECT_EQ(moved.size(), 5u);
    EXPECT_EQ(v, moved);
    EXPECT_EQ(made, moved);
    EXPECT_TRUE(v.begin() == v.end());
    EXPECT_TRUE(bson::view::from_bytes(v.bytes()).has_value());
}

TEST(bson_document, of_three_fields_is_one_allocation) {
    std::string const name = "Ada Lovelace, mathematician";
    auto const before = allocations();
    auto const d = doc("name", name, "born", 1815, "active", true);
    EXPECT_EQ(allocations() - before, 1u);
    EXPECT_EQ(keys_of(d), (std::vector<std::string>{"name", "born", "active"}));
}

TEST(bson_document, inside_another_built_in_place_is_no_further_allocation) {
    auto const before = allocations();
    bson::builder b;
    b.append("name", "Ada").document("address", [](bson::builder& inside) { inside.append("city", "London"); });
    auto const d = b.finish();
    EXPECT_EQ(allocations() - before, 1u);
    EXPECT_EQ(d->get<std::string_view>("address.city"), "London");
    EXPECT_EQ(*d, doc("name", "Ada", "address", doc("city", "London")));
}

TEST(bson_document, is_read_without_an_allocation) {
    auto const d = doc("a", doc("b", bson::array(1, "two", 3.0)), "n", 5);
    auto const before = allocations();
    EXPECT_EQ(d.get<int>("n"), 5);
    EXPECT_EQ(d.get<std::string_view>("a.b.1"), "two");
    EXPECT_EQ(d.get<double>("a.b.2"), 3.0);
    EXPECT_FALSE(d.contains("a.b.3"));
    EXPECT_EQ(allocations(), before);
}

TEST(bson_document, views_stay_valid_when_it_is_moved) {
    auto d = doc("a", "text");
    auto const text = d.get<std::string_view>("a");
    bson::view const v = d;
    document const elsewhere = std::move(d);
    EXPECT_EQ(text, "text");
    EXPECT_EQ(v.data(), elsewhere.data());
    EXPECT_TRUE(d.empty()); // NOLINT(bugprone-use-after-move): it is the empty document
}

TEST(bson_document, is_cloned_on_request_only) {
    static_assert(!std::is_copy_constructible_v<document> && !std::is_copy_assignable_v<document>);
    static_assert(std::is_nothrow_move_constructible_v<document>);
    auto const d = doc("a", 1);
    auto const copy = d.clone();
    EXPECT_EQ(copy, d);
    EXPECT_NE(copy.data(), d.data());
    EXPECT_EQ(document().clone(), document());
}

TEST(bson_document, has_the_bytes_that_libbson_writes) {
    bson_t expected = BSON_INITIALIZER;
    bson_t address;
    bson_t tags;
    BSON_APPEND_UTF8(&expected, "name", "Ada");
    BSON_APPEND_INT32(&expected, "i", 1);
    BSON_APPEND_INT64(&expected, "l", 1LL << 40);
    BSON_APPEND_DOUBLE(&expected, "d", 1.5);
    BSON_APPEND_BOOL(&expected, "b", true);
    BSON_APPEND_NULL(&expected, "n");
    BSON_APPEND_DATE_TIME(&expected, "t", -1);
    BSON_APPEND_TIMESTAMP(&expected, "ts", 7, 9);
    BSON_APPEND_REGEX(&expected, "r", "^a", "xi");
    BSON_APPEND_CODE(&expected, "c", "x()");
    std::uint8_t const bytes[] = {1, 0, 2};
    BSON_APPEND_BINARY(&expected, "bin", BSON_SUBTYPE_UUID, bytes, sizeof bytes);
    BSON_APPEND_BINARY(&expected, "old", BSON_SUBTYPE_BINARY_DEPRECATED, bytes, sizeof bytes);
    BSON_APPEND_MINKEY(&expected, "min");
    BSON_APPEND_MAXKEY(&expected, "max");
    BSON_APPEND_UNDEFINED(&expected, "u");
    bson_append_document_begin(&expected, "address", -1, &address);
    BSON_APPEND_UTF8(&address, "city", "London");
    bson_append_document_end(&expected, &address);
    bson_append_array_begin(&expected, "tags", -1, &tags);
    BSON_APPEND_UTF8(&tags, "0", "a");
    BSON_APPEND_INT32(&tags, "1", 1);
    bson_append_array_end(&expected, &tags);

    std::vector<std::byte> const blob{std::byte{1}, std::byte{0}, std::byte{2}};
    auto const d =
        doc("name", "Ada", "i", 1, "l", std::int64_t{1} << 40, "d", 1.5, "b", true, "n", bson::null, "t",
            bson::date(std::chrono::milliseconds(-1)), "ts", bson::timestamp{7, 9}, "r", bson::regex{"^a", "xi"}, "c",
            bson::code{"x()"}, "bin", bson::binary{blob, 4}, "old", bson::binary{blob, 2}, "min", bson::min_key, "max",
            bson::max_key, "u", bson::undefined, "address", doc("city", "London"), "tags", bson::array("a", 1));
    EXPECT_EQ(bson::checked(expected).value(), d.view()) << bson::to_json(d);
    auto const same = bson::native(d);
    EXPECT_TRUE(bson_equal(&same, &expected));
    EXPECT_TRUE(bson_validate(&same, BSON_VALIDATE_UTF8, nullptr));
    bson_destroy(&expected);
}

TEST(bson_document, takes_over_what_libbson_holds) {
    for (int const count : {0, 1, 1000}) { // inline and on the heap
        bson_t from = BSON_INITIALIZER;
        for (int i = 0; i < count; ++i) BSON_APPEND_INT32(&from, "i", i);
        auto const taken = bson::take(from);
        ASSERT_TRUE(taken.has_value());
        EXPECT_EQ(keys_of(*taken).size(), static_cast<std::size_t>(count));
    }
}

TEST(bson_document, takes_nothing_from_what_owns_nothing) {
    auto const d = doc("a", 1);
    auto borrowed = bson::native(d);
    EXPECT_EQ(bson::take(borrowed).error().code(), bson::errc::corrupt);
    EXPECT_EQ(d.get<int>("a"), 1);
}

TEST(bson_document, equality_is_of_bytes) {
    EXPECT_EQ(doc("a", 1, "b", 2), doc("a", 1, "b", 2));
    EXPECT_NE(doc("a", 1, "b", 2), doc("b", 2, "a", 1));
    EXPECT_NE(doc("a", 1), doc("a", std::int64_t{1}));
    EXPECT_NE(doc("a", 1), doc());
}

} // namespace mongo_bson_document_test
