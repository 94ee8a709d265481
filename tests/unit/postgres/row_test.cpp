// SPDX-License-Identifier: BSL-1.0
#include "made_result.hpp"
#include "support/allocations.hpp"

#include <boost/describe/class.hpp>
#include <gmock/gmock.h>

namespace coda_row_test {

struct seen {
    std::string_view owner;
};
BOOST_DESCRIBE_STRUCT(seen, (), (owner))

struct pair {
    std::int32_t a = 0;
    std::optional<std::string_view> b;
};
BOOST_DESCRIBE_STRUCT(pair, (), (a, b))

} // namespace coda_row_test

namespace postgres_row_test {

namespace pg = coda::pg;
using coda::test::made_result;
using coda::test::on_wire;
using coda_row_test::seen;
using testing::ElementsAre;
using testing::HasSubstr;

pg::result_set two_rows() {
    return made_result({{"id", pg::type::int8}, {"owner", pg::type::text}, {"note", pg::type::text}},
                       {{on_wire(std::int64_t{1}), "ada", std::nullopt}, {on_wire(std::int64_t{2}), "bob", "x"}});
}

template <class F>
void expect_throw(F f, coda::error_code code, std::string const& said) {
    try {
        f();
        FAIL() << said;
    } catch (coda::exception const& e) {
        EXPECT_EQ(e.code(), code) << e.what();
        EXPECT_THAT(e.what(), HasSubstr(said));
        EXPECT_EQ(e.error().outcome(), coda::outcome::completed);
    }
}

TEST(row_view, is_read_by_name_and_by_place) {
    auto const rows = two_rows();
    auto const row = rows[1];
    EXPECT_EQ(row.size(), 3u);
    EXPECT_EQ(row["id"].as<std::int64_t>(), 2);
    EXPECT_EQ(row[0].as<std::int64_t>(), 2);
    EXPECT_EQ(row["owner"].as<std::string>(), "bob");
    EXPECT_EQ(row["owner"].name(), "owner");
    EXPECT_EQ(row["owner"].type(), pg::type::text);
    EXPECT_FALSE(row["note"].is_null());
    EXPECT_TRUE(rows[0]["note"].is_null());
    EXPECT_EQ(rows[0]["note"].as<std::optional<std::string>>(), std::nullopt);
    EXPECT_EQ(rows[0][2].raw(), std::nullopt);
    EXPECT_EQ(row[2].raw()->size(), 1u);
}

TEST(row_view, says_what_is_wrong) {
    auto const rows = two_rows();
    using text = std::string;
    expect_throw([&] { rows[0]["Owner"].as<text>(); }, pg::errc::no_such_column, "no column \"Owner\"");
    expect_throw([&] { rows[0][3].as<text>(); }, pg::errc::no_such_column, "column [3] was asked for, of 3");
    expect_throw([&] { rows[2][0].as<text>(); }, pg::errc::no_rows, "row [2] was asked for, of 2");
    expect_throw([&] { rows[2].as<seen>(); }, pg::errc::no_rows, "row [2]");
    expect_throw([&] { rows[0]["note"].as<text>(); }, pg::errc::unexpected_null, "\"note\" is NULL");
    expect_throw([&] { rows[0]["owner"].as<std::int32_t>(); }, coda::errc::type_mismatch,
                 "column \"owner\": asked for integer, the server sent text");
    expect_throw([&] { rows[0]["x"].is_null(); }, pg::errc::no_such_column, "\"x\"");
    expect_throw([&] { rows[5][0].raw(); }, pg::errc::no_rows, "row [5]");
    EXPECT_EQ(rows[0]["x"].type(), 0u);
    EXPECT_EQ(rows[0]["x"].name(), "");
    EXPECT_TRUE(rows[0]["x"].try_as<text>().has_error());
}

TEST(row_view, and_its_result_can_be_gone_through) {
    auto const rows = two_rows();
    std::vector<std::string> owners, names;
    for (pg::row_view const row : rows) owners.push_back(row["owner"].as<std::string>());
    for (pg::field_view const field : rows[0]) names.emplace_back(field.name());
    EXPECT_THAT(owners, ElementsAre("ada", "bob"));
    EXPECT_THAT(names, ElementsAre("id", "owner", "note"));
    for (pg::row_view const row : pg::result_set()) FAIL() << row.size();
    for (pg::row_view const row : two_rows()) EXPECT_EQ(row.size(), 3u); // the loop keeps it
}

TEST(row_view, gives_structs_and_tuples_with_views) {
    auto const rows = two_rows();
    EXPECT_EQ(rows[1].as<seen>().owner, "bob");
    using row = std::tuple<std::int64_t, std::string_view, std::optional<std::string_view>>;
    EXPECT_EQ(rows[0].as<row>(), row(1, "ada", std::nullopt));
    auto const all = rows.as<seen>();
    EXPECT_EQ(all.at(0).owner, "ada");
    EXPECT_EQ(two_rows().try_as<std::tuple<std::int64_t>>().error().code(), coda::errc::type_mismatch);
    expect_throw([&] { rows.as<coda_row_test::pair>(); }, pg::errc::no_such_column, "\"a\"");
}

// The address sanitizer sees a view of what is gone.
TEST(views, stay_valid_when_their_result_is_moved) {
    auto rows = two_rows();
    auto const row = rows[1];
    auto const owner = row["owner"].as<std::string_view>();
    auto const all = rows.as<seen>();
    auto const block = made_result({{"b", pg::type::bytea}}, {{"123"}});
    auto const inside = block[0][0].as<pg::bytes>();
    pg::result_set const moved = std::move(rows);
    EXPECT_EQ(rows.size(), 0u); // NOLINT: that is how it is left
    EXPECT_EQ(owner, "bob");
    EXPECT_EQ(all.at(0).owner, "ada");
    EXPECT_EQ(row["id"].as<std::int64_t>(), 2);
    EXPECT_EQ(inside.size(), 3u);
    EXPECT_EQ(static_cast<void const*>(inside.data()), block.raw(0, 0)->data()) << "nothing was copied";
}

TEST(result_set, that_is_assigned_to_gives_up_what_it_had) {
    auto rows = two_rows();
    rows = made_result({{"a", pg::type::text}}, {{"x"}});
    EXPECT_EQ(rows.size(), 1u);
    rows = pg::result_set();
    EXPECT_EQ(rows.size(), 0u);
}

template <class Rows>
concept has_rows = requires(Rows&& rows) { std::forward<Rows>(rows)[0]; };
template <class Rows>
concept can_be_gone_through = requires(Rows&& rows) { std::forward<Rows>(rows).begin(); };
template <class Rows>
concept has_bytes = requires(Rows&& rows) { std::forward<Rows>(rows).raw(0, 0); };

TEST(result_set, that_nobody_keeps_has_no_rows_to_view) {
    static_assert(has_rows<pg::result_set&> && can_be_gone_through<pg::result_set&> && has_bytes<pg::result_set&>);
    static_assert(!has_rows<pg::result_set>);
    static_assert(!can_be_gone_through<pg::result_set>, "but by a range-for, which keeps it");
    static_assert(!has_bytes<pg::result_set>);
    EXPECT_EQ(two_rows().get<std::int64_t>(0, 0).value(), 1);
    EXPECT_EQ(made_result({{"a", pg::type::text}}, {{"x"}}).as<std::string>(), std::vector<std::string>{"x"});
}

static_assert(pg::detail::holds_views<std::string_view>);
static_assert(pg::detail::holds_views<std::optional<pg::bytes>>);
static_assert(pg::detail::holds_views<seen>);
static_assert(pg::detail::holds_views<coda_row_test::pair>);
static_assert(pg::detail::holds_views<std::vector<std::vector<std::string_view>>>);
static_assert(pg::detail::holds_views<std::tuple<int, pg::range<std::optional<std::string_view>>>>);
static_assert(pg::detail::holds_views<pg::unchecked<std::string_view>>);
static_assert(!pg::detail::holds_views<std::tuple<int, std::string, std::vector<std::byte>>>);

TEST(read_rows, checks_types_even_without_rows) {
    auto const none = made_result({{"a", pg::type::text}}, {});
    auto const r = pg::detail::read_rows<std::int32_t>(none);
    ASSERT_TRUE(r.has_error());
    EXPECT_EQ(r.error().code(), coda::errc::type_mismatch);
}

TEST(read_rows, tells_a_wrong_type_from_a_value_that_has_no_such_form) {
    auto const said = [](pg::result_set const& of) {
        return pg::detail::read_rows<std::vector<std::int64_t>>(of).error().message();
    };
    EXPECT_THAT(said(made_result({{"a", 1009}}, {{on_wire(std::vector<std::string>{"x"})}})),
                HasSubstr("asked for bigint[], the server sent text[]; cast it"));
    EXPECT_THAT(said(made_result({{"a", 1007}}, {{on_wire(std::vector<std::optional<std::int32_t>>{std::nullopt})}})),
                HasSubstr("asked for bigint[], the server sent integer[], whose value has no such form"));
}

TEST(read_rows, takes_nothing_from_the_heap_but_what_the_rows_own) {
    std::vector<std::vector<std::optional<std::string>>> values(100, {on_wire(std::int32_t{1}), "a short one"});
    auto const rows = made_result({{"a", pg::type::int4}, {"b", pg::type::text}}, values);
    auto const before = coda::test::allocations();
    auto const read = rows.as<std::tuple<std::int32_t, std::string>>();
    EXPECT_EQ(coda::test::allocations() - before, 1u) << "the vector itself";
    EXPECT_EQ(read.size(), 100u);
}

} // namespace postgres_row_test
