// SPDX-License-Identifier: BSL-1.0
#include "types_test.hpp"

#include <boost/uuid/uuid_io.hpp>

namespace postgres_types_text_test {

namespace pg = coda::pg;
using testing::HasSubstr;

using a_text = coda::test::on_postgres_types;
CODA_ON_EVERY_LOOP(a_text);

std::string utf8(char32_t c) {
    auto const tail = [&](int shift) { return static_cast<char>(0x80 | (c >> shift & 0x3f)); };
    if (c < 0x80) return {static_cast<char>(c)};
    if (c < 0x800) return {static_cast<char>(0xc0 | c >> 6), tail(0)};
    if (c < 0x10000) return {static_cast<char>(0xe0 | c >> 12), tail(6), tail(0)};
    return {static_cast<char>(0xf0 | c >> 18), tail(12), tail(6), tail(0)};
}

TEST_P(a_text, is_the_same_in_every_character) {
    std::string all;
    for (char32_t c = 1; c < 0x10000; ++c)
        if (c < 0xd800 || c > 0xdfff) all += utf8(c);
    for (char32_t const c : std::initializer_list<char32_t>{0x10000, 0x1f600, 0x10ffff}) all += utf8(c);
    std::string const sql = "select string_agg(chr(c), '' order by c) from (select generate_series(1, 65535) as c "
                            "union values (65536), (128512), (1114111)) as n where c not between 55296 and 57343";
    EXPECT_TRUE(one<std::string>(sql) == all);
    EXPECT_TRUE(one<bool>("select $1 = (" + sql + ")", all));
    EXPECT_EQ(one<std::int32_t>("select length($1::text)", all), 65'535 - 2'048 + 3);
}

TEST_P(a_text, of_any_length_is_the_same) {
    for (std::size_t const size : std::initializer_list<std::size_t>{0, 1, 7, 8, 126, 127, 128, 2'000, 8'191, 8'192,
                                                                     16'384, 65'536, 3'000'000}) {
        std::string const text(size, 'x');
        auto const back = rows("select $1::text, length($1), repeat('x', $2)", text, static_cast<std::int32_t>(size));
        EXPECT_TRUE(back.value()[0][0].as<std::string>() == text) << size;
        EXPECT_EQ((*back)[0][1].as<std::int64_t>(), size);
        EXPECT_TRUE((*back)[0][2].as<std::string_view>() == text) << size;
    }
}

TEST_P(a_text, of_every_type_of_texts_is_the_same) {
    for (auto const* type : {"text", "varchar", "varchar(20)", "name", "bpchar"})
        for (std::string const text : {"", "a", "\xc3\xa4\xe2\x82\xac", "'\"\\,{}() NULL", "\t\r\n\x01\x7f"})
            same(type, text, text);
    same("char(4)", std::string("abcd"), "abcd");
    same("text", std::string(" a  "), " a  ");
    same("varchar", std::string(" a  "), " a  ");
    for (auto const* text : {"<a/>", "<a b=\"c\">\xc3\xa4</a>", "text", "<!-- --><a/>", "<a/><b/>"})
        same("xml", std::string(text), text);
    for (auto const* text : {"1", "null", "\"\\u00e4\\n\"", "[1,  2]", "{\"a\":1, \"a\":2}", "1e400", "\"\\u0000\""})
        same("json", std::string(text), text);
    for (auto const* text : {"1", "null", "\"\xc3\xa4\\n\"", "[1, 2]", "{\"a\": 2}", "0.10"})
        same("jsonb", std::string(text), text);
}

TEST_P(a_text, is_filled_or_cut_off_where_the_type_says_so) {
    EXPECT_EQ(one<std::string>("select $1::char(4)", "ab"), "ab  ");
    EXPECT_EQ(one<std::string>("select $1::char", "\xc3\xa4xyz"), "\xc3\xa4");
    EXPECT_EQ(one<std::string>("select $1::char(3)", "a  "), "a  ");
    EXPECT_TRUE(one<bool>("select $1::char(9) = 'ab'", "ab     "));
    EXPECT_EQ(one<std::string>("select $1::varchar(3)", "abcd"), "abc");
    EXPECT_EQ(one<std::vector<std::string>>("select $1::char(2)[]", std::vector<std::string>{"", "a"}),
              (std::vector<std::string>{"  ", "a "}));
    std::string const name(63, 'n');
    EXPECT_EQ(one<std::string>("select $1::name", name), name);
    EXPECT_EQ(one<std::string>("select $1::name", name + "nn"), name);
    EXPECT_EQ(one<std::string>("select $1::name", std::string(62, 'n') + "\xc3\xa4"), std::string(62, 'n'));
    EXPECT_EQ(rows("create temporary table cut (t varchar(3))").has_error(), false);
    EXPECT_EQ(rows("insert into cut values ($1)", "abcd").error().code(), pg::make_sqlstate("22001"));
}

TEST_P(a_text, that_is_none_is_an_error) {
    using namespace std::string_literals;
    for (auto const* text : {"\xff", "\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80"})
        EXPECT_EQ(rows("select $1::text", text).error().code(), pg::make_sqlstate("22021")) << text;
    for (auto const& zero : {"\0"s, "a\0b"s, "a\0"s}) {
        auto const refused = ran("select $1::text", zero);
        EXPECT_EQ(refused.error().code(), coda::errc::invalid_argument);
        EXPECT_EQ(refused.error().outcome(), coda::outcome::not_sent);
    }
    std::vector<std::string> const inside{"a", "\0"s};
    EXPECT_EQ(ran("select $1::text[]", inside).error().code(), coda::errc::invalid_argument);
    EXPECT_EQ(rows("select $1::json", "{").error().code(), pg::make_sqlstate("22P02"));
    EXPECT_EQ(rows("select $1::jsonb", "\"\\u0000\"").error().code(), pg::make_sqlstate("22P05"));
    EXPECT_EQ(rows("select $1::xml", "<a>").error().code(), pg::make_sqlstate("2200N"));
    EXPECT_EQ(one<std::int32_t>("select 1"), 1);
}

TEST_P(a_text, of_another_type_in_its_text_form_is_a_parameter_too) {
    EXPECT_EQ(one<std::string>("select $1::polygon::text", "((0,0),(1,1))"), "((0,0),(1,1))");
    EXPECT_EQ(one<std::string>("select $1::tsvector::text", "a b"), "'a' 'b'");
    EXPECT_EQ(one<std::string>("select $1::money::numeric::text", "1.50"), "1.50");
    EXPECT_TRUE(is_refused<std::string>("select '1.50'::money"));
    EXPECT_TRUE(is_refused<std::string>("select 1"));
    EXPECT_TRUE(is_refused<std::string>("select '\\x01'::bytea"));
    auto const kept = rows("select 1.5").value();
    EXPECT_EQ(kept[0][0].try_as<std::string_view>().error().code(), coda::errc::type_mismatch) << "no text to point to";
}

// The one byte of the catalogues. 0, which the server shows as nothing, is a value like any other.
TEST_P(a_text, of_one_byte_is_the_same) {
    for (char c = 1; c < 127; ++c) same("\"char\"", c, std::string(1, c));
    same("\"char\"", '\0', "");
    std::vector<char> all(256);
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<char>(i);
    EXPECT_EQ(one<std::vector<char>>("select $1", all), all);
    EXPECT_EQ(one<std::vector<char>>("select array_agg((i - 128)::int4::\"char\" order by (i + 128) % 256) "
                                     "from generate_series(0, 255) i"),
              all);
    EXPECT_EQ(one<std::string>("select 'x'::\"char\""), "x");
    EXPECT_EQ(one<std::string>("select ''::\"char\""), "");
}

TEST_P(a_text, of_bytes_is_the_same) {
    std::vector<std::byte> all(256);
    std::string hex = "\\x";
    for (std::size_t i = 0; i < all.size(); ++i) {
        all[i] = static_cast<std::byte>(i);
        hex += fmt::format("{:02x}", i);
    }
    same("bytea", all, hex);
    same("bytea", std::vector<std::byte>(), "\\x");
    for (std::size_t const size : std::initializer_list<std::size_t>{1, 127, 128, 8'192, 1'000'000}) {
        std::vector<std::byte> const block(size, std::byte{0});
        EXPECT_EQ(one<std::int64_t>("select length($1::bytea)", block), size);
        EXPECT_TRUE(one<std::vector<std::byte>>("select decode(repeat('00', $1), 'hex')",
                                                static_cast<std::int32_t>(size)) == block);
        pg::bytes const view = block;
        EXPECT_TRUE(one<bool>("select $1 = decode(repeat('00', $2), 'hex')", view, static_cast<std::int32_t>(size)));
    }
    EXPECT_TRUE(is_refused<std::vector<std::byte>>("select 'x'::text"));
}

TEST_P(a_text, of_a_uuid_is_the_same) {
    using boost::uuids::uuid;
    same("uuid", uuid{}, "00000000-0000-0000-0000-000000000000");
    uuid most;
    std::ranges::fill(most, std::uint8_t{0xff});
    same("uuid", most, "ffffffff-ffff-ffff-ffff-ffffffffffff");
    auto const many = rows("select id, id::text from (select gen_random_uuid() as id from generate_series(1, 100)) u");
    ASSERT_EQ(many.value().size(), 100u);
    for (auto const row : *many) same("uuid", row[0].as<uuid>(), to_string(row[0].as<uuid>()));
    for (auto const row : *many) EXPECT_EQ(to_string(row[0].as<uuid>()), row[1].as<std::string>());
    EXPECT_EQ(rows("select $1::uuid", "f0f1").error().code(), pg::make_sqlstate("22P02"));
}

} // namespace postgres_types_text_test
