// SPDX-License-Identifier: BSL-1.0
#include "support/allocations.hpp"

#include <coda/postgres/parameters.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace coda_parameters_test {

// One of the program's own that has no binary form.
struct colour {
    char name = 'r';
};

} // namespace coda_parameters_test

template <>
struct coda::pg::codec<coda_parameters_test::colour> {
    static constexpr oid type = type::any;
    static constexpr bool binary = false;
    static void encode(coda_parameters_test::colour value, encoder& to) { to.append_integer(value.name); }
};

namespace postgres_parameters_test {

namespace pg = coda::pg;
namespace detail = coda::pg::detail;
using testing::HasSubstr;

template <class... Args>
auto made_from(Args&&... args) {
    return detail::parameters_for<Args...>(std::in_place, std::forward<Args>(args)...);
}

template <class Arg>
using kept = typename detail::kept<Arg>::type;

TEST(parameters, of_lvalues_are_referred_to_and_of_rvalues_are_kept) {
    static_assert(std::is_same_v<kept<std::string&>, detail::terminated_text>);
    static_assert(std::is_same_v<kept<std::string const&>, detail::terminated_text>);
    static_assert(std::is_same_v<kept<std::string>, std::string>);
    static_assert(std::is_same_v<kept<std::string const>, std::string>);
    static_assert(std::is_same_v<kept<char const(&)[4]>, detail::terminated_text>);
    static_assert(std::is_same_v<kept<char const*>, detail::terminated_text>);
    static_assert(std::is_same_v<kept<std::string_view&>, std::string>, "it may not end with a zero byte");
    static_assert(std::is_same_v<kept<std::string_view>, std::string>);
    static_assert(std::is_same_v<kept<std::vector<std::byte>&>, pg::bytes>);
    static_assert(std::is_same_v<kept<std::vector<std::byte>>, std::vector<std::byte>>);
    static_assert(std::is_same_v<kept<std::vector<int>&>, detail::referred<std::vector<int>>>);
    static_assert(std::is_same_v<kept<std::vector<int> const&>, detail::referred<std::vector<int>>>);
    static_assert(std::is_same_v<kept<std::vector<int>>, std::vector<int>>);
    static_assert(std::is_same_v<kept<int&>, int>);
    static_assert(std::is_same_v<kept<std::optional<std::string>&>, std::optional<std::string>>);

    std::string const mine = "a text that is too long for the object itself";
    auto referred = made_from(mine);
    EXPECT_EQ(referred.encode("x")->values[0], mine.data());
    auto own = made_from(std::string(mine));
    EXPECT_NE(own.encode("x")->values[0], mine.data());
    EXPECT_EQ(own.encode("x")->values[0], mine);
    std::vector<std::byte> const block(100);
    auto referred_block = made_from(block);
    EXPECT_EQ(static_cast<void const*>(referred_block.encode("x")->values[0]), block.data());
}

TEST(parameters, are_laid_out_as_libpq_wants_them) {
    auto p = made_from(std::int32_t{7}, "text", std::optional<std::int64_t>(), true, std::string_view("cut here", 3));
    auto const s = p.encode("select").value();
    EXPECT_EQ(s.sql, "select");
    EXPECT_THAT(s.types,
                testing::ElementsAre(pg::type::int4, pg::type::any, pg::type::int8, pg::type::boolean, pg::type::any));
    EXPECT_THAT(std::span(s.lengths, 5), testing::ElementsAre(4, 4, 0, 1, 3));
    EXPECT_THAT(std::span(s.formats, 5), testing::ElementsAre(1, 0, 0, 1, 0));
    EXPECT_EQ(std::string_view(s.values[0], 4), std::string_view("\0\0\0\7", 4));
    EXPECT_STREQ(s.values[1], "text");
    EXPECT_EQ(s.values[2], nullptr);
    EXPECT_STREQ(s.values[4], "cut") << "ends where the view ends";
}

// libpq takes a text up to its zero byte.
TEST(parameters, a_view_ends_where_it_ends) {
    std::string const line = "first,second";
    auto const view = std::string_view(line).substr(0, 5);
    auto p = made_from(view, std::optional(view), std::optional<std::string_view>(), std::optional(view.substr(5)));
    auto const s = p.encode("").value();
    EXPECT_STREQ(s.values[0], "first");
    EXPECT_STREQ(s.values[1], "first");
    EXPECT_EQ(s.lengths[1], 5);
    EXPECT_EQ(s.values[2], nullptr);
    EXPECT_STREQ(s.values[3], "");
    auto bad = made_from(std::optional(std::string_view("a\0b", 3)));
    EXPECT_TRUE(bad.encode("").has_error());
}

std::string_view value_at(detail::statement_view const& s, std::size_t i) {
    return {s.values[i], static_cast<std::size_t>(s.lengths[i])};
}

// The first ones were written before it was known how much the later ones need.
TEST(parameters, of_any_size_and_kind_stand_where_libpq_is_told) {
    std::vector<std::int32_t> const many(1000, 7);
    std::string const text = "referred to";
    auto p = made_from(std::int16_t{1}, many, text, true, std::vector<std::string>{"a"}, std::optional<bool>(),
                       pg::interval{.days = 2}, std::vector<std::string>());
    auto const s = p.encode("x").value();
    EXPECT_THAT(std::span(s.lengths, 8), testing::ElementsAre(2, 8020, 11, 1, 25, 0, 16, 12));
    EXPECT_THAT(std::span(s.formats, 8), testing::ElementsAre(1, 1, 0, 1, 1, 0, 1, 1));
    EXPECT_THAT(s.types, testing::ElementsAre(pg::type::int2, 1007, pg::type::any, pg::type::boolean, 1009,
                                              pg::type::boolean, pg::type::interval, 1009));
    EXPECT_EQ(value_at(s, 0), std::string_view("\0\1", 2));
    EXPECT_EQ(value_at(s, 1).substr(8012), std::string_view("\0\0\0\4\0\0\0\7", 8));
    EXPECT_EQ(s.values[2], text.data());
    EXPECT_EQ(value_at(s, 3), "\1");
    EXPECT_EQ(value_at(s, 4).back(), 'a');
    EXPECT_EQ(s.values[5], nullptr);
    EXPECT_EQ(value_at(s, 6), std::string_view("\0\0\0\0\0\0\0\0\0\0\0\2\0\0\0\0", 16));
    EXPECT_EQ(value_at(s, 7).substr(0, 4), std::string_view("\0\0\0\0", 4)) << "no dimensions";
}

TEST(parameters, of_a_type_that_is_written_as_text_end_with_a_zero_byte) {
    using coda_parameters_test::colour;
    auto p = made_from(colour{'r'}, std::int16_t{0x4142}, colour{'g'}, true);
    auto const s = p.encode("x").value();
    EXPECT_STREQ(s.values[0], "r");
    EXPECT_EQ(value_at(s, 1), "AB");
    EXPECT_STREQ(s.values[2], "g");
    EXPECT_EQ(value_at(s, 3), "\1");
    EXPECT_EQ(s.lengths[0], 1);
}

TEST(parameters, a_few_small_ones_take_nothing_from_the_heap) {
    using namespace std::chrono;
    auto p = made_from(1, std::int64_t{2}, 0.5, true, "text", std::optional<std::int16_t>(3), boost::uuids::uuid{},
                       sys_days(2020y / 1 / 1), pg::interval{}, pg::numeric(123456789), pg::inet{});
    auto const before = coda::test::allocations();
    auto const s = p.encode("x");
    EXPECT_EQ(coda::test::allocations() - before, 0u);
    EXPECT_TRUE(s.has_value());
}

TEST(parameters, may_be_none) {
    auto p = made_from();
    EXPECT_TRUE(p.encode("select 1")->types.empty());
}

TEST(parameters, empty_is_not_null) {
    std::vector<std::byte> const nothing;
    auto p = made_from("", std::string(), nothing, std::vector<std::byte>(), pg::bytes(), std::string_view(),
                       std::optional<std::string>(""));
    auto const s = p.encode("x").value();
    for (std::size_t i = 0; i < s.types.size(); ++i) {
        EXPECT_NE(s.values[i], nullptr) << i;
        EXPECT_EQ(s.lengths[i], 0) << i;
    }
}

TEST(parameters, null_pointers_and_empty_optionals_are_null) {
    char const* const none = nullptr;
    auto p = made_from(none, nullptr, std::optional<std::string>(), std::optional<bool>());
    auto const s = p.encode("x").value();
    for (std::size_t i = 0; i < s.types.size(); ++i) EXPECT_EQ(s.values[i], nullptr) << i;
}

TEST(parameters, a_text_with_a_zero_byte_is_refused_by_its_number) {
    std::string const bad("a\0b", 3);
    auto refused = [](auto p) {
        auto const r = p.encode("x");
        EXPECT_TRUE(r.has_error());
        EXPECT_EQ(r.error().code(), coda::errc::invalid_argument);
        EXPECT_EQ(r.error().outcome(), coda::outcome::not_sent);
        EXPECT_THAT(r.error().message(), HasSubstr("$2"));
    };
    refused(made_from(1, bad));
    refused(made_from(1, std::string(bad)));
    refused(made_from(1, std::string_view(bad), "fine"));
    refused(made_from(1, std::optional<std::string>(bad)));
    refused(made_from(1, std::string("\0", 1)));
    refused(made_from(1, std::vector<std::string>{"fine", bad}));
    refused(made_from(1, std::tuple(1, bad)));
}

TEST(parameters, that_postgres_has_no_value_for_are_refused_with_the_reason) {
    using namespace std::chrono;
    auto refused = [](char const* why, auto p) {
        auto const r = p.encode("x");
        ASSERT_TRUE(r.has_error()) << why;
        EXPECT_EQ(r.error().code(), coda::errc::invalid_argument);
        EXPECT_EQ(r.error().outcome(), coda::outcome::not_sent);
        EXPECT_THAT(r.error().message(), HasSubstr("parameter $2 is "));
        EXPECT_THAT(r.error().message(), HasSubstr(why));
    };
    refused("a date that PostgreSQL does not have", made_from(1, sys_days(-4714y / 11 / 23)));
    refused("a date that no calendar has", made_from(1, 2021y / 2 / 29));
    refused("not all equally long", made_from(1, std::vector<std::vector<int>>{{1}, {2, 3}}));
    refused("not all equally long", made_from(1, std::optional(std::vector<std::vector<int>>{{1}, {2, 3}})));
}

TEST(parameters, a_block_of_bytes_may_have_zero_bytes) {
    auto p = made_from(std::vector<std::byte>(3));
    EXPECT_EQ(p.encode("x")->lengths[0], 3);
}

TEST(parameters, a_statement_with_a_zero_byte_is_refused) {
    auto p = made_from(1);
    auto const r = p.encode(std::string_view("select 1\0; drop table x", 23));
    ASSERT_TRUE(r.has_error());
    EXPECT_EQ(r.error().code(), coda::errc::invalid_argument);
}

// Nothing of that size is touched: a block of bytes is not looked into.
TEST(parameters, more_than_a_gigabyte_in_all_is_refused) {
    std::byte const one{};
    std::size_t total = 0;
    pg::encoder const sound;
    EXPECT_TRUE(detail::check_parameter(0, sound, detail::largest_message / 2, total).has_value());
    EXPECT_TRUE(detail::check_parameter(1, sound, detail::largest_message / 2, total).has_value());
    auto const r = detail::check_parameter(2, sound, detail::largest_message / 2, total);
    ASSERT_TRUE(r.has_error());
    EXPECT_EQ(r.error().code(), coda::errc::invalid_argument);
    EXPECT_THAT(r.error().message(), HasSubstr("$3"));
    std::size_t none = 0;
    EXPECT_TRUE(detail::check_parameter(0, sound, detail::largest_message + 1, none).has_error());
    pg::encoder large;
    std::size_t const volatile size = detail::largest_message + 1; // or g++ warns of what is not done
    large.append(pg::bytes(&one, size));
    EXPECT_NE(large.refused(), nullptr);
    EXPECT_TRUE(detail::check_sql(std::string_view(reinterpret_cast<char const*>(&one), detail::largest_message + 1))
                    .has_error());
}

} // namespace postgres_parameters_test
