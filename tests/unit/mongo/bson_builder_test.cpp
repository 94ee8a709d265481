// SPDX-License-Identifier: BSL-1.0
#include "support/allocations.hpp"

#include <coda/mongo/bson.hpp>

#include <gtest/gtest.h>

namespace mongo_bson_builder_test {

namespace bson = coda::bson;
using bson::array_builder;
using bson::builder;
using bson::doc;
using namespace std::string_view_literals;

coda::error error_of(builder& b) {
    auto const d = b.finish();
    EXPECT_TRUE(d.has_error());
    return d.error();
}

TEST(bson_builder, appends_in_loops) {
    builder b;
    b.append("name", "x").array("rows", [](array_builder& rows) {
        for (int i = 0; i < 3; ++i)
            rows.document([&](builder& row) { row.append("i", i); }).array([&](array_builder& inner) {
                inner.append(i).append("s");
            });
    });
    auto const d = b.finish().value();
    EXPECT_EQ(bson::to_json(d), R"({ "name" : "x", "rows" : [ { "i" : 0 }, [ 0, "s" ], { "i" : 1 }, [ 1, "s" ], )"
                                R"({ "i" : 2 }, [ 2, "s" ] ] })");
    EXPECT_TRUE(bson::view::from_bytes(d.view().bytes()).has_value());
}

TEST(bson_builder, can_be_used_again_after_finish) {
    builder b;
    b.append("a", 1);
    auto const first = b.finish().value();
    b.append("b", 2);
    auto const second = b.finish().value();
    EXPECT_EQ(first, doc("a", 1));
    EXPECT_EQ(second, doc("b", 2));
    EXPECT_EQ(b.finish().value(), doc());
    b.append("\xff", 1);
    EXPECT_TRUE(b.finish().has_error());
    b.append("c", 3);
    EXPECT_EQ(b.finish().value(), doc("c", 3));
}

TEST(bson_builder, can_be_moved_while_it_is_filled) {
    builder b;
    b.append("a", 1);
    builder moved = std::move(b);
    moved.append("b", 2);
    EXPECT_EQ(moved.finish().value(), doc("a", 1, "b", 2));
    b.append("c", 3); // NOLINT(bugprone-use-after-move): it is an empty builder
    EXPECT_EQ(b.finish().value(), doc("c", 3));
}

TEST(bson_builder, names_the_field_whose_text_is_not_utf8) {
    builder b;
    b.append("good", "x").document("address", [](builder& inside) {
        inside.array("lines", [](array_builder& lines) { lines.append("fine").append("\xc3(").append("\xff"); });
    });
    b.document("later", [](builder& inside) { inside.append("x", 1); });
    auto const e = error_of(b);
    EXPECT_EQ(e.code(), bson::errc::invalid_utf8);
    EXPECT_EQ(e.outcome(), coda::outcome::not_sent);
    EXPECT_EQ(e.message(), "field \"address.lines.1\" is a text that is not UTF-8");
    EXPECT_EQ(e.details<bson::field_error>()->path, "address.lines.1");
}

TEST(bson_builder, refuses_all_kinds_of_bad_utf8) {
    for (auto const text : {"\x80"sv, "a\xc3"sv, "\xe2\x82"sv, "\xf8\x88\x80\x80\x80"sv, "\xed\xa0\x80"sv, "\xc1\xbf"sv,
                            "\xf4\x90\x80\x80"sv, "12345678\xff"sv, "1234567\xff"sv}) {
        builder b;
        b.append("t", text);
        EXPECT_EQ(error_of(b).code(), bson::errc::invalid_utf8);
        b.append("c", bson::code{std::string(text)});
        EXPECT_EQ(error_of(b).code(), bson::errc::invalid_utf8);
        b.append("r", bson::regex{std::string(text), ""});
        EXPECT_EQ(error_of(b).code(), bson::errc::invalid_utf8);
        b.append(text, 1);
        EXPECT_EQ(error_of(b).code(), bson::errc::invalid_utf8);
    }
}

TEST(bson_builder, refuses_zero_bytes_where_a_text_ends_at_one) {
    builder b;
    b.document("a", [](builder& inside) { inside.append("b\0c"sv, 1); });
    auto const key = error_of(b);
    EXPECT_EQ(key.code(), bson::errc::invalid_key);
    EXPECT_EQ(key.message(), "field \"a.b\" has a zero byte in its key");
    b.append("r", bson::regex{std::string("a\0b"sv), ""});
    EXPECT_EQ(error_of(b).code(), bson::errc::invalid_key);
    b.document("x\0y"sv, [](builder& inside) { inside.append("z", 1); });
    EXPECT_EQ(error_of(b).message(), "field \"x\" has a zero byte in its key");
}

TEST(bson_doc, throws_the_error) {
    try {
        doc("ok", 1, "bad", "\xff");
        FAIL();
    } catch (coda::exception const& e) {
        EXPECT_EQ(e.code(), bson::errc::invalid_utf8);
        EXPECT_STREQ(e.what(), "field \"bad\" is a text that is not UTF-8");
    }
    EXPECT_THROW(bson::array("\xff"), coda::exception);
}

TEST(bson_builder, makes_documents_up_to_the_largest_and_no_larger) {
    // Length, type, "t", its zero byte, the text's length and zero byte, the document's zero byte.
    constexpr std::size_t around = 4 + 1 + 2 + 4 + 1 + 1;
    std::string text(bson::max_size - around, 'x');
    builder b;
    b.append("t", text);
    auto const largest = b.finish();
    ASSERT_TRUE(largest.has_value());
    EXPECT_EQ(largest->size(), bson::max_size);
    b.document("d", [&](builder& inside) { inside.append("t", text); });
    auto const e = error_of(b);
    EXPECT_EQ(e.code(), bson::errc::too_large);
    EXPECT_EQ(e.message(), "field \"d.t\" makes the document larger than 16793600 bytes");
    text += 'x';
    b.append("t", text);
    EXPECT_EQ(error_of(b).code(), bson::errc::too_large);
}

TEST(bson_builder, of_many_small_fields_ends_at_the_largest_document) {
    builder b;
    b.array("a", [](array_builder& elements) {
        for (int i = 0; i < 2'000'000; ++i) elements.append(1.0);
    });
    EXPECT_EQ(error_of(b).code(), bson::errc::too_large);
}

void nest(builder& b, std::size_t documents) {
    if (documents > 0) b.document("d", [&](builder& inside) { nest(inside, documents - 1); });
}

TEST(bson_builder, nests_as_deep_as_is_read_and_no_deeper) {
    builder b;
    nest(b, bson::max_depth - 1);
    auto const deepest = b.finish();
    ASSERT_TRUE(deepest.has_value());
    EXPECT_TRUE(bson::view::from_bytes(deepest->view().bytes()).has_value());
    nest(b, bson::max_depth);
    EXPECT_EQ(error_of(b).code(), bson::errc::too_deep);

    auto const one_more = bson::view::from_bytes(doc("d", *deepest).view().bytes());
    EXPECT_EQ(one_more.error().code(), bson::errc::too_deep);
}

TEST(bson_builder, is_sound_when_a_body_throws) {
    builder b;
    b.append("a", 1);
    EXPECT_THROW(b.document("d",
                            [](builder& inside) {
                                inside.append("b", 2);
                                throw std::runtime_error("no more");
                            }),
                 std::runtime_error);
    b.append("c", 3);
    EXPECT_EQ(b.finish().value(), doc("a", 1, "d", doc("b", 2), "c", 3));
}

TEST(bson_builder, is_sound_when_memory_runs_out) {
    for (std::size_t passing = 0;; ++passing) {
        builder b(16);
        coda::test::failing_allocation const failing(passing, coda::test::failing_allocation::then::succeed);
        try {
            b.append("a", 1).document("d", [](builder& inside) { inside.append("b", "some text that is long"); });
            b.append("c", "some more text that is not short");
        } catch (std::bad_alloc const&) {}
        auto const d = b.finish();
        ASSERT_TRUE(d.has_value());
        EXPECT_TRUE(bson::view::from_bytes(d->view().bytes()).has_value());
        if (!failing.happened()) break;
    }
}

} // namespace mongo_bson_builder_test
