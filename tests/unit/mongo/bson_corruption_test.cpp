// SPDX-License-Identifier: BSL-1.0
// Bytes as a broken or hostile server may send them: each truncation, each changed byte of a document with every type
// in it. Each is in a block of exactly its length, so the address sanitizer sees any read beyond it.
#include "bson_native.hpp"

#include <coda/mongo/bson.hpp>

#include <boost/describe/class.hpp>
#include <gtest/gtest.h>

#include <cstring>
#include <memory>

namespace mongo_bson_corruption_test {

namespace bson = coda::bson;
using namespace std::string_literals;

struct item {
    std::string name;
    std::optional<double> price;
};
BOOST_DESCRIBE_STRUCT(item, (), (name, price))

struct order {
    std::optional<bson::object_id> _id;
    std::vector<item> items;
    std::map<std::string, int> counts;
};
BOOST_DESCRIBE_STRUCT(order, (), (_id, items, counts))

// Also what we read but do not write: deprecated types.
bson::document rich_document() {
    auto const common = bson::doc(
        "_id", bson::object_id::generate(), "items",
        bson::array(bson::doc("name", "a", "price", 1.5), bson::doc("name", "b\0c"s)), "counts",
        bson::doc("x", 1, "y", 2), "l", std::int64_t{-1}, "t", true, "n", bson::null, "u", bson::undefined, "date",
        bson::date(std::chrono::milliseconds(-5)), "r", bson::regex{"^a", "i"}, "c", bson::code{"f()"}, "ts",
        bson::timestamp{1, 2}, "dec", bson::decimal128::from_string("1.5").value(), "min", bson::min_key, "max",
        bson::max_key, "bin", bson::binary{{std::byte{1}, std::byte{2}}, 4}, "old", bson::binary{{std::byte{3}}, 2});
    bson_t b;
    auto const source = bson::native(common);
    bson_copy_to(&source, &b);
    bson_oid_t oid;
    bson_oid_init(&oid, nullptr);
    auto const scope = bson::doc("v", bson::doc("w", 1));
    auto const native_scope = bson::native(scope);
    BSON_APPEND_SYMBOL(&b, "sym", "s");
    BSON_APPEND_CODE_WITH_SCOPE(&b, "cws", "g()", &native_scope);
    BSON_APPEND_DBPOINTER(&b, "ptr", "db.c", &oid);
    return bson::take(b).value();
}

template <class... T>
std::size_t try_all(bson::element const& e) {
    return (std::size_t{e.try_get<T>().has_value()} + ...);
}

// Reads everything in every way.
std::size_t walk(bson::view v) {
    std::size_t read = 0;
    for (auto const& e : v) {
        read += e.key().size() + e.bytes().size() + v.contains(e.key());
        read += try_all<bool, int, std::int64_t, double, std::string, std::string_view, bson::document, bson::binary,
                        bson::object_id, bson::date, bson::regex, bson::code, bson::timestamp, bson::decimal128,
                        std::vector<item>, std::map<std::string, double>, std::optional<int>>(e);
        if (auto const d = e.try_get<bson::view>(); d.has_value()) read += walk(*d);
        if (auto const a = e.try_get<bson::array_view>(); a.has_value()) read += walk(*a);
    }
    return read + bson::try_from<order>(v).has_value();
}

// Whether it was taken for a document, and then read without harm.
bool survives(std::span<std::byte const> bytes) {
    auto const block = std::make_unique<std::byte[]>(bytes.size());
    if (!bytes.empty()) std::memcpy(block.get(), bytes.data(), bytes.size());
    auto const v = bson::view::from_bytes({block.get(), bytes.size()});
    if (v.has_error()) {
        EXPECT_TRUE(v.error().code() == bson::errc::corrupt || v.error().code() == bson::errc::too_deep);
        return false;
    }
    EXPECT_EQ(walk(*v) > 0, !v->empty());
    try {
        EXPECT_FALSE(bson::to_json(*v).empty());
    } catch (coda::exception const& e) {
        EXPECT_EQ(e.code(), bson::errc::invalid_utf8);
    }
    bson::builder b;
    b.append_all(*v);
    auto const copy = b.finish();
    if (copy.has_value())
        EXPECT_EQ(*copy, *v);
    else
        EXPECT_EQ(copy.error().code(), bson::errc::invalid_utf8); // a key
    return true;
}

TEST(bson_corruption, the_whole_document_is_good) {
    auto const d = rich_document();
    EXPECT_TRUE(survives(d.view().bytes()));
    EXPECT_EQ(bson::from<order>(d).items.size(), 2u);
}

TEST(bson_corruption, every_truncation_is_refused) {
    auto const d = rich_document();
    for (std::size_t length = 0; length < d.size(); ++length) {
        std::vector<std::byte> bytes(d.data(), d.data() + length);
        EXPECT_FALSE(survives(bytes)) << length;
        // And with a length and an end that pretend it is whole.
        if (length < 5) continue;
        auto const claimed = static_cast<std::int32_t>(length);
        std::memcpy(bytes.data(), &claimed, sizeof claimed);
        bytes.back() = std::byte{0};
        survives(bytes);
    }
}

TEST(bson_corruption, bytes_after_the_end_are_refused) {
    auto const d = rich_document();
    std::vector<std::byte> bytes(d.data(), d.data() + d.size());
    bytes.push_back(std::byte{0});
    EXPECT_FALSE(survives(bytes));
}

TEST(bson_corruption, every_changed_byte_is_refused_or_harmless) {
    auto const d = rich_document();
    std::vector<std::byte> bytes(d.data(), d.data() + d.size());
    int refused = 0;
    for (auto& b : bytes) {
        auto const right = b;
        for (int const change : {0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0x7f, 0xff}) {
            b = right ^ static_cast<std::byte>(change);
            refused += !survives(bytes);
        }
        for (int const value : {0x00, 0x03, 0x04, 0x0f, 0x7f, 0xff}) {
            b = static_cast<std::byte>(value);
            survives(bytes);
        }
        b = right;
    }
    EXPECT_GT(refused, 1000);
}

TEST(bson_corruption, a_length_may_not_be_negative_or_huge) {
    auto const d = rich_document();
    std::vector<std::byte> const good(d.data(), d.data() + d.size());
    for (std::size_t at = 0; at + 4 <= good.size(); ++at)
        for (std::int32_t const value :
             {-1, 0, 1, 4, 5, std::numeric_limits<std::int32_t>::max(), std::numeric_limits<std::int32_t>::min()}) {
            auto bytes = good;
            std::memcpy(&bytes[at], &value, sizeof value);
            survives(bytes);
        }
}

TEST(bson_corruption, the_error_says_where) {
    auto const d = bson::doc("a", 1, "b", true);
    std::vector<std::byte> bytes(d.data(), d.data() + d.size());
    bytes[bytes.size() - 2] = std::byte{2}; // neither false nor true
    EXPECT_EQ(bson::view::from_bytes(bytes).error().message(), "corrupt document: nothing valid at byte 11");
    auto const adopted =
        bson::document::adopt(new std::byte[1]{}, 1, [](void* p) { delete[] static_cast<std::byte*>(p); });
    EXPECT_EQ(adopted.error().code(), bson::errc::corrupt);
}

} // namespace mongo_bson_corruption_test
