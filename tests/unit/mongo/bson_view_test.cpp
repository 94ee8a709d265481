// SPDX-License-Identifier: BSL-1.0
#include <coda/mongo/bson.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace mongo_bson_view_test {

namespace bson = coda::bson;
using bson::array;
using bson::doc;

template <class T>
std::string error_of(bson::view v, std::string_view path) {
    auto const r = v.try_get<T>(path);
    return r.has_error() ? r.error().message() : "no error";
}

TEST(bson_view, is_a_range_of_elements) {
    auto const d = doc("a", 1, "b", "x", "", true);
    std::string seen;
    for (auto const& e : d) seen += std::string(e.key()) + ":" + std::string(bson::to_string(e.type())) + " ";
    EXPECT_EQ(seen, "a:int32 b:string :bool ");
    static_assert(std::forward_iterator<bson::view::iterator>);
    auto const it = std::ranges::find(d.begin(), d.end(), "b", &bson::element::key);
    EXPECT_EQ(it->get<std::string>(), "x");
}

TEST(bson_view, finds_fields_by_path) {
    auto const d = doc("a", doc("b", array(10, doc("c", 7))), "x.y", 1, "x", doc("y", 2));
    EXPECT_EQ(d.get<int>("a.b.0"), 10);
    EXPECT_EQ(d.get<int>("a.b.1.c"), 7);
    EXPECT_EQ(d.get<int>("x.y"), 2);
    EXPECT_EQ(d.field("x.y")->get<int>(), 1);
    for (char const* path : {"", ".", "a.", "a.b.", ".a", "a..b", "a.b.2", "a.b.-1", "a.b.0.c", "a.b.00", "b", "A"})
        EXPECT_FALSE(d.contains(path)) << path;
}

TEST(bson_view, gives_the_first_of_equal_keys) {
    auto const d = doc("a", 1, "a", 2);
    EXPECT_EQ(d.get<int>("a"), 1);
}

TEST(bson_view, an_empty_key_is_a_key) {
    auto const d = doc("", doc("", 5));
    EXPECT_EQ(d.get<int>("."), 5);
}

TEST(bson_view, converts_numbers_where_nothing_is_lost) {
    auto const d = doc("i", 5, "l", std::int64_t{5}, "r", 5.0, "big", std::int64_t{1} << 40, "half", 0.5, "nan",
                       std::nan(""), "inf", std::numeric_limits<double>::infinity(), "odd", (std::int64_t{1} << 53) + 1,
                       "max", std::numeric_limits<std::int64_t>::max(), "min", std::numeric_limits<std::int64_t>::min(),
                       "two63", 0x1p63, "m63", -0x1p63, "neg", -1);
    for (char const* path : {"i", "l", "r"}) {
        EXPECT_EQ(d.get<std::int8_t>(path), 5);
        EXPECT_EQ(d.get<std::uint64_t>(path), 5u);
        EXPECT_EQ(d.get<float>(path), 5.0f);
        EXPECT_EQ(d.get<double>(path), 5.0);
    }
    EXPECT_EQ(d.get<double>("big"), 0x1p40);
    EXPECT_EQ(d.get<double>("min"), -0x1p63);
    EXPECT_EQ(d.get<std::int64_t>("m63"), std::numeric_limits<std::int64_t>::min());
    for (char const* path : {"big", "half", "nan", "inf", "odd", "max", "min", "two63", "m63"})
        EXPECT_TRUE(d.try_get<int>(path).has_error()) << path;
    for (char const* path : {"half", "nan", "inf", "two63"})
        EXPECT_TRUE(d.try_get<std::int64_t>(path).has_error()) << path;
    for (char const* path : {"odd", "max"}) EXPECT_TRUE(d.try_get<double>(path).has_error()) << path;
    EXPECT_TRUE(d.try_get<std::uint32_t>("neg").has_error());
    EXPECT_TRUE(doc("v", 0.1).try_get<float>("v").has_error());
    EXPECT_TRUE(doc("v", 1e300).try_get<float>("v").has_error());
    EXPECT_TRUE(doc("v", 300).try_get<std::int8_t>("v").has_error());
    EXPECT_TRUE(doc("v", true).try_get<int>("v").has_error());
    EXPECT_TRUE(doc("v", 1).try_get<bool>("v").has_error());
}

TEST(bson_view, errors_name_path_and_types) {
    auto const d =
        doc("items", array(doc("price", "12"), doc("price", 1.5), 7), "n", bson::null, "big", std::int64_t{1} << 40);
    EXPECT_EQ(error_of<int>(d, "items.0.price"), "field \"items.0.price\" cannot be read as int32: it is string");
    EXPECT_EQ(error_of<int>(d, "items.1.price"),
              "field \"items.1.price\" cannot be read as int32: it is double, and its value does not fit");
    EXPECT_EQ(error_of<int>(d, "big"),
              "field \"big\" cannot be read as int32: it is int64, and its value does not fit");
    EXPECT_EQ(error_of<int>(d, "items.3.price"), "field \"items.3.price\" is missing");
    EXPECT_EQ(error_of<int>(d, "n"), "field \"n\" cannot be read as int32: it is null");
    EXPECT_EQ(error_of<std::vector<int>>(d, "items"), "field \"items.0\" cannot be read as int32: it is document");
    EXPECT_EQ((error_of<std::map<std::string, double>>(d, "items.0")),
              "field \"items.0.price\" cannot be read as double: it is string");
}

TEST(bson_view, errors_carry_a_code_and_the_facts) {
    auto const d = doc("a", doc("b", 1));
    auto const wrong = d.try_get<std::string>("a.b").error();
    EXPECT_EQ(wrong.code(), coda::errc::type_mismatch);
    EXPECT_EQ(wrong.outcome(), coda::outcome::completed);
    auto const* facts = wrong.details<bson::field_error>();
    ASSERT_NE(facts, nullptr);
    EXPECT_EQ(facts->path, "a.b");
    EXPECT_EQ(facts->expected, "string");
    EXPECT_EQ(facts->found, "int32");
    EXPECT_EQ(d.try_get<int>("a.c").error().code(), bson::errc::missing_field);
    try {
        d.get<int>("a.c");
        FAIL();
    } catch (coda::exception const& e) {
        EXPECT_STREQ(e.what(), "field \"a.c\" is missing");
    }
    EXPECT_EQ(d.find("a.b")->try_get<bool>().error().message(), "field \"b\" cannot be read as bool: it is int32");
}

TEST(bson_view, errors_hold_no_values) {
    auto const d = doc("password", "secret", "n", 123456789);
    EXPECT_EQ(error_of<int>(d, "password").find("secret"), std::string::npos);
    EXPECT_EQ(error_of<std::int8_t>(d, "n").find("123456789"), std::string::npos);
}

TEST(bson_view, an_optional_is_empty_for_missing_null_and_undefined) {
    auto const d = doc("n", bson::null, "u", bson::undefined, "v", 1, "s", "x");
    EXPECT_EQ(d.get<std::optional<int>>("n"), std::nullopt);
    EXPECT_EQ(d.get<std::optional<int>>("u"), std::nullopt);
    EXPECT_EQ(d.get<std::optional<int>>("none.at.all"), std::nullopt);
    EXPECT_EQ(d.get<std::optional<int>>("v"), 1);
    EXPECT_EQ(d.try_get<std::optional<int>>("s").error().code(), coda::errc::type_mismatch);
}

TEST(bson_view, arrays_and_documents_are_not_the_same) {
    auto const d = doc("a", array(1), "d", doc("0", 1), "three", array(1, 2, 3));
    EXPECT_TRUE(d.try_get<bson::view>("a").has_error());
    EXPECT_TRUE(d.try_get<bson::array_view>("d").has_error());
    EXPECT_TRUE(d.try_get<std::vector<int>>("d").has_error());
    EXPECT_EQ((error_of<std::array<int, 2>>(d, "three")),
              "field \"three\" cannot be read as array of fixed size: it is longer array");
    EXPECT_EQ((error_of<std::array<int, 4>>(d, "three")),
              "field \"three\" cannot be read as array of fixed size: it is shorter array");
}

// What is not readable or writable is said at compile time.
static_assert(!bson::readable<char const*> && !bson::readable<int*> && !bson::readable<std::span<int const>>);
static_assert(!bson::readable<std::vector<int*>> && !bson::readable<std::optional<std::optional<void*>>>);
static_assert(bson::readable<std::map<std::string, std::vector<std::optional<bson::date>>>>);
static_assert(!bson::writable<void*> && !bson::writable<char> && !bson::writable<long double>);
static_assert(!bson::writable<std::vector<std::map<int, int>>>);
static_assert(!bson::writable<std::chrono::system_clock::time_point>);
static_assert(!bson::detail::text<int> && !bson::detail::text<std::nullptr_t>); // keys
static_assert(bson::writable<char[4]> && bson::writable<std::span<double const>>);

} // namespace mongo_bson_view_test
