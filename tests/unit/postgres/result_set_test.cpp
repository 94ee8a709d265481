// SPDX-License-Identifier: BSL-1.0
#include "made_result.hpp"

#include <coda/postgres.hpp>

#include <boost/describe/class.hpp>
#include <gmock/gmock.h>

namespace coda_result_set_test {

struct account {
    std::int64_t id = 0;
    std::string owner;
    std::optional<std::int32_t> limit;
};
BOOST_DESCRIBE_STRUCT(account, (), (id, owner, limit))

struct named {
    std::string name;
};
BOOST_DESCRIBE_STRUCT(named, (), (name))
struct numbered : named {
    std::int32_t number = 0;
};
BOOST_DESCRIBE_STRUCT(numbered, (named), (number))

} // namespace coda_result_set_test

namespace postgres_result_set_test {

namespace pg = coda::pg;
using coda_result_set_test::account;
using coda_result_set_test::numbered;
using testing::HasSubstr;

using coda::test::column;
using coda::test::made_result;
using coda::test::on_wire;
using value = std::optional<std::string>;

value int8(std::int64_t v) { return on_wire(v); }
value int4(std::int32_t v) { return on_wire(v); }

std::vector<column> const account_columns{
    {"limit", pg::type::int4}, {"id", pg::type::int8}, {"note", pg::type::text}, {"owner", pg::type::text}};

template <class R>
void expect_failure(R const& r, coda::error_code code, std::string const& said) {
    ASSERT_TRUE(r.has_error());
    EXPECT_EQ(r.error().code(), code) << r.error().message();
    EXPECT_EQ(r.error().outcome(), coda::outcome::completed);
    EXPECT_THAT(r.error().message(), HasSubstr(said));
}

TEST(result_set, that_is_empty_has_nothing) {
    pg::result_set const none;
    EXPECT_EQ(none.size(), 0u);
    EXPECT_EQ(none.columns(), 0u);
    EXPECT_EQ(none.affected(), 0u);
    EXPECT_EQ(none.column_name(0), "");
    EXPECT_EQ(none.column_type(0), 0u);
    EXPECT_TRUE(none.column("x").has_error());
    EXPECT_TRUE(none.get<std::int32_t>(0, 0).has_error());
}

TEST(result_set, is_read_dynamically) {
    auto const r = made_result(account_columns, {{int4(5), int8(7), std::nullopt, "me"}});
    EXPECT_EQ(r.size(), 1u);
    EXPECT_EQ(r.columns(), 4u);
    EXPECT_EQ(r.column("owner").value(), 3u);
    EXPECT_EQ(r.column_type(1), pg::type::int8);
    EXPECT_EQ(r.get<std::int64_t>(0, 1).value(), 7);
    EXPECT_EQ(r.get<std::int64_t>(0, 0).value(), 5) << "widened";
    EXPECT_EQ(r.get<std::optional<std::string>>(0, 2).value(), std::nullopt);
    EXPECT_EQ(r.raw(0, 2), std::nullopt);
    EXPECT_EQ(r.raw(0, 3)->size(), 2u);
    expect_failure(r.get<std::string>(0, 2), pg::errc::unexpected_null, "\"note\"");
    expect_failure(r.get<std::string>(0, 1), coda::errc::type_mismatch, "asked for text, the server sent bigint");
    expect_failure(r.get<std::int16_t>(0, 0), coda::errc::type_mismatch, "\"limit\"");
    expect_failure(r.get<std::string>(0, 4), pg::errc::no_such_column, "column [4]");
    expect_failure(r.get<std::string>(1, 0), pg::errc::no_rows, "");
    expect_failure(r.column("Owner"), pg::errc::no_such_column, "\"Owner\"");
}

TEST(result_set, a_value_of_no_bytes_is_not_null) {
    auto const r = made_result({{"a", pg::type::text}}, {{""}});
    EXPECT_EQ(r.get<std::optional<std::string>>(0, 0).value(), "");
}

TEST(result_set, a_value_of_a_wrong_length_is_a_mismatch) {
    auto const r = made_result({{"a", pg::type::int4}}, {{"123"}});
    expect_failure(r.get<std::int32_t>(0, 0), coda::errc::type_mismatch, "\"a\"");
}

TEST(read_rows, finds_the_members_of_a_struct_by_name) {
    auto const r = made_result(account_columns, {{int4(5), int8(7), "x", "me"}, {std::nullopt, int8(8), "y", "you"}});
    auto const rows = pg::detail::read_rows<account>(r).value();
    ASSERT_EQ(rows.size(), 2u);
    EXPECT_EQ(rows[0].id, 7);
    EXPECT_EQ(rows[0].owner, "me");
    EXPECT_EQ(rows[0].limit, 5);
    EXPECT_EQ(rows[1].limit, std::nullopt);
}

TEST(read_rows, finds_inherited_members) {
    auto const r = made_result({{"number", pg::type::int4}, {"name", pg::type::text}}, {{int4(3), "three"}});
    auto const rows = pg::detail::read_rows<numbered>(r).value();
    EXPECT_EQ(rows.at(0).number, 3);
    EXPECT_EQ(rows.at(0).name, "three");
}

TEST(read_rows, names_the_missing_column_even_without_rows) {
    expect_failure(pg::detail::read_rows<account>(made_result({{"id", pg::type::int8}}, {})), pg::errc::no_such_column,
                   "\"owner\"");
}

TEST(read_rows, a_null_in_a_member_that_has_none_is_an_error) {
    auto const r = made_result(account_columns, {{int4(5), int8(7), "x", std::nullopt}});
    expect_failure(pg::detail::read_rows<account>(r), pg::errc::unexpected_null, "\"owner\"");
}

TEST(read_rows, reads_tuples_by_place) {
    auto const r =
        made_result({{"a", pg::type::int8}, {"b", pg::type::text}}, {{int8(1), "one"}, {int8(2), std::nullopt}});
    using row = std::tuple<std::int64_t, std::optional<std::string>>;
    EXPECT_EQ(pg::detail::read_rows<row>(r).value(), (std::vector<row>{{1, "one"}, {2, std::nullopt}}));
}

TEST(read_rows, the_number_of_columns_must_be_that_of_the_tuple) {
    auto const r = made_result({{"a", pg::type::int8}, {"b", pg::type::int8}}, {{int8(1), int8(2)}});
    using three = std::tuple<std::int64_t, std::int64_t, std::int64_t>;
    expect_failure(pg::detail::read_rows<three>(r), pg::errc::no_such_column, "3 columns, the result has 2");
    expect_failure(pg::detail::read_rows<std::tuple<std::int64_t>>(r), coda::errc::type_mismatch,
                   "1 columns, the result has 2");
    expect_failure(pg::detail::read_rows<std::int64_t>(r), coda::errc::type_mismatch, "the result has 2");
    expect_failure(pg::detail::read_rows<std::int64_t>(made_result({}, {})), pg::errc::no_such_column,
                   "the result has 0");
}

TEST(read_rows, reads_the_only_column) {
    auto const r = made_result({{"a", pg::type::int8}}, {{int8(1)}, {int8(2)}});
    EXPECT_EQ(pg::detail::read_rows<std::int64_t>(r).value(), (std::vector<std::int64_t>{1, 2}));
}

TEST(read_optional_row, is_one_or_none) {
    std::vector<column> const a{{"a", pg::type::int8}};
    EXPECT_EQ(pg::detail::read_optional_row<std::int64_t>(made_result(a, {})).value(), std::nullopt);
    EXPECT_EQ(pg::detail::read_optional_row<std::int64_t>(made_result(a, {{int8(1)}})).value(), 1);
    expect_failure(pg::detail::read_optional_row<std::int64_t>(made_result(a, {{int8(1)}, {int8(2)}})),
                   pg::errc::several_rows, "");
    EXPECT_FALSE(pg::detail::read_optional_row<std::optional<std::int64_t>>(made_result(a, {{std::nullopt}}))
                     .value()
                     ->has_value());
}

TEST(one_row, is_neither_none_nor_several) {
    std::vector<column> const a{{"a", pg::type::int8}};
    pg::detail::one_row<std::int64_t> const one;
    EXPECT_EQ(one(made_result(a, {{int8(1)}})).value(), 1);
    expect_failure(one(made_result(a, {})), pg::errc::no_rows, "no row");
    expect_failure(one(made_result(a, {{int8(1)}, {int8(2)}})), pg::errc::several_rows, "more than one");
}

} // namespace postgres_result_set_test
