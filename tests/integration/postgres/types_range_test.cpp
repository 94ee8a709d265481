// SPDX-License-Identifier: BSL-1.0
#include "types_test.hpp"

#include <limits>

namespace postgres_types_range_test {

namespace pg = coda::pg;
using namespace std::chrono;
using moment = sys_time<microseconds>;
using local = local_time<microseconds>;

// Every range with these bounds or without, against what the server says of it; and all of them as a multirange.
class a_range : public coda::test::on_postgres_types {
protected:
    template <class T>
    struct of {
        char const* range;
        char const* multirange;
        char const* subtype;
        T low, high;
    };

    template <class T>
    static std::vector<pg::range<T>> every_kind(T const& low, T const& high) {
        using bound = typename pg::range<T>::bound;
        std::optional<bound> const lowers[] = {std::nullopt, bound(low, true), bound(low, false)};
        std::optional<bound> const uppers[] = {std::nullopt, bound(high, true), bound(high, false)};
        std::vector<pg::range<T>> all{pg::range<T>()};
        for (auto const& lower : lowers)
            for (auto const& upper : uppers) all.emplace_back(lower, upper);
        return all;
    }

    // What was sent, seen through the server's own functions; and what it gives back is what these say of it.
    template <class T>
    void expect_understood(of<T> const& types, pg::range<T> const& r) {
        auto const sql = fmt::format("select isempty(r), lower_inf(r), upper_inf(r), lower(r), upper(r), lower_inc(r), "
                                     "upper_inc(r), r, "
                                     "case when $5 then 'empty'::{0} else {0}($2::{1}, $3::{1}, $4) end = r, r::text "
                                     "from (select $1::{0} as r) x",
                                     types.range, types.subtype);
        std::optional<T> lower, upper;
        if (r.lower()) lower = r.lower()->value;
        if (r.upper()) upper = r.upper()->value;
        std::string const kind{r.lower() && r.lower()->inclusive ? '[' : '(',
                               r.upper() && r.upper()->inclusive ? ']' : ')'};
        auto const answer = rows(sql, r, lower, upper, kind, r.empty());
        ASSERT_FALSE(answer.has_error()) << types.range << ": " << answer.error().message();
        auto const row = (*answer)[0];
        auto const shown = fmt::format("{} {}", types.range, row[9].template as<std::string>());
        EXPECT_EQ(row[0].template as<bool>(), r.empty()) << shown;
        EXPECT_EQ(row[1].template as<bool>(), !r.empty() && !r.lower()) << shown;
        EXPECT_EQ(row[2].template as<bool>(), !r.empty() && !r.upper()) << shown;
        EXPECT_TRUE(row[8].template as<bool>()) << shown << ": is not what the server makes of the same bounds";
        auto const back = row[7].template as<pg::range<T>>();
        EXPECT_EQ(back.empty(), r.empty()) << shown;
        EXPECT_EQ(back.lower().has_value(), r.lower().has_value()) << shown;
        EXPECT_EQ(back.upper().has_value(), r.upper().has_value()) << shown;
        if (back.lower()) EXPECT_TRUE(back.lower()->value == row[3].template as<T>()) << shown;
        if (back.upper()) EXPECT_TRUE(back.upper()->value == row[4].template as<T>()) << shown;
        if (back.lower()) EXPECT_EQ(back.lower()->inclusive, row[5].template as<bool>()) << shown;
        if (back.upper()) EXPECT_EQ(back.upper()->inclusive, row[6].template as<bool>()) << shown;
    }

    template <class T>
    void expect_every_kind(of<T> const& types) {
        auto const all = every_kind(types.low, types.high);
        for (auto const& r : all) expect_understood(types, r);
        auto const texts =
            rows(fmt::format("select array(select r from unnest($1::{0}[]) r), $1::{0}[], $2::{0}[]", types.range), all,
                 std::vector<std::optional<pg::range<T>>>{all[1], std::nullopt});
        ASSERT_FALSE(texts.has_error()) << texts.error().message();
        auto const back = (*texts)[0][1].template as<std::vector<pg::range<T>>>();
        EXPECT_EQ((*texts)[0][0].template as<std::vector<pg::range<T>>>(), back);
        EXPECT_EQ(back.size(), all.size());
        auto const nulls = (*texts)[0][2].template as<std::vector<std::optional<pg::range<T>>>>();
        EXPECT_TRUE(nulls.at(0) == pg::range<T>::all() && !nulls.at(1));
        expect_multiranges(types);
    }

    // What overlaps or touches comes back as one, and what is empty not at all.
    template <class T>
    void expect_multiranges(of<T> const& types) {
        using ranges = pg::multirange<T>;
        using one_range = pg::range<T>;
        auto const below = one_range::before(types.low), above = one_range::from(types.high);
        auto const sql =
            fmt::format("select $1::{0}, $1::{0}::text, {0}({1}(null, $2::{2}), {1}($3::{2}, null))::text, "
                        "$1::{0} = {0}({1}(null, $2), {1}($3, null)), isempty($4::{0}), $4::{0}, "
                        "array[$1::{0}, null]",
                        types.multirange, types.range, types.subtype);
        ranges const both{{above, below, one_range()}}, apart{{below, above}};
        auto const answer = rows(sql, both, types.low, types.high, ranges());
        ASSERT_FALSE(answer.has_error()) << types.multirange << ": " << answer.error().message();
        auto const row = (*answer)[0];
        EXPECT_TRUE(row[0].template as<ranges>() == apart) << types.multirange;
        EXPECT_EQ(row[1].template as<std::string>(), row[2].template as<std::string>());
        EXPECT_TRUE(row[3].template as<bool>()) << types.multirange;
        EXPECT_TRUE(row[4].template as<bool>()) << types.multirange;
        EXPECT_TRUE(row[5].template as<ranges>() == ranges()) << types.multirange;
        auto const several = row[6].template as<std::vector<std::optional<ranges>>>();
        EXPECT_TRUE(several.size() == 2 && several[0] == apart && !several[1]) << types.multirange;
        auto const touching = rows(fmt::format("select $1::{0}", types.multirange),
                                   ranges{{one_range::from(types.low), one_range::before(types.low)}});
        EXPECT_TRUE(touching.value()[0][0].template as<ranges>() == ranges{{one_range::all()}}) << types.multirange;
    }
};
CODA_ON_EVERY_LOOP(a_range);

TEST_P(a_range, of_whole_numbers_is_the_same_on_the_server) {
    expect_every_kind<std::int32_t>({"int4range", "int4multirange", "int4", -7, 9});
    expect_every_kind<std::int64_t>({"int8range", "int8multirange", "int8", -(1L << 40), 1L << 40});
    using ints = pg::range<std::int32_t>;
    using i32 = std::numeric_limits<std::int32_t>;
    same("int4range", ints::from_to(i32::min(), i32::max()), "[-2147483648,2147483647)");
    // [.., max] would be written as [.., max + 1).
    EXPECT_EQ(rows("select $1", ints::closed(0, i32::max())).error().code(), pg::make_sqlstate("22003"));
    EXPECT_EQ(one<ints>("select $1", ints::from_to(3, 3)), ints()) << "is empty";
}

TEST_P(a_range, of_decimals_is_the_same_on_the_server) {
    auto const at = [](char const* text) { return pg::numeric::parse(text).value(); };
    expect_every_kind<pg::numeric>({"numrange", "nummultirange", "numeric", at("-1.50"), at("1e30")});
    using numbers = pg::range<pg::numeric>;
    same("numrange", numbers::closed(-pg::numeric::infinity(), pg::numeric::nan()), "[-Infinity,NaN]");
    same("numrange", numbers::from_to(at("0.10"), at("0.100001")), "[0.10,0.100001)");
    same("numrange", numbers::closed(1, 1), "[1,1]");
}

TEST_P(a_range, of_days_is_the_same_on_the_server) {
    auto const low = sys_days(-4713y / 11 / 24), high = sys_days(days(10957 + 2'145'031'947));
    expect_every_kind<sys_days>({"daterange", "datemultirange", "date", low, high});
    expect_every_kind<year_month_day>({"daterange", "datemultirange", "date", 2024y / 2 / 29, 2024y / 3 / 2});
    using dates = pg::range<sys_days>;
    same("daterange", dates::from_to(sys_days::min(), sys_days::max()), "[-infinity,infinity)");
    same("daterange", dates::from(low), "[\"4714-11-24 BC\",)");
    same("daterange", dates::closed(low, sys_days::max()), "[\"4714-11-24 BC\",infinity]");
    EXPECT_TRUE(is_refused<pg::range<year_month_day>>("select daterange(null, 'infinity')"));
}

TEST_P(a_range, of_times_is_the_same_on_the_server) {
    local const low(local_days(-4713y / 11 / 24)), high(local::max() - microseconds(1));
    expect_every_kind<local>({"tsrange", "tsmultirange", "timestamp", low, high});
    moment const first(sys_days(-4713y / 11 / 24)), last(moment::max() - microseconds(1));
    expect_every_kind<moment>({"tstzrange", "tstzmultirange", "timestamptz", first, last});
    same("tsrange", pg::range<local>::from_to(local::min(), local::max()), "[-infinity,infinity)");
    same("tsrange", pg::range<local>::closed(low, low), R"(["4714-11-24 00:00:00 BC","4714-11-24 00:00:00 BC"])");
    EXPECT_TRUE(is_refused<pg::range<local>>("select tsrange('294276-12-31', null)")) << "beyond the C++ type";
    EXPECT_TRUE(is_refused<pg::range<moment>>("select '[2024-01-01,)'::tsrange"));
}

TEST_P(a_range, of_ones_own_is_the_same_on_the_server) {
    auto const schema = server().fresh_name();
    server().ask(fmt::format(
        "create schema {0}; create domain {0}.small as int2;"
        "create type {0}.floats as range (subtype = float8, multirange_type_name = {0}.many);"
        "create type {0}.texts as range (subtype = text, collation = \"C\", multirange_type_name = {0}.multitexts);"
        "create type {0}.addresses as range (subtype = inet);"
        "create type {0}.hours as range (subtype = time);"
        "create type {0}.spans as range (subtype = interval)",
        schema));
    ran("set search_path to " + schema).value();
    expect_every_kind<double>({"floats", "many", "float8", -0.5, std::numeric_limits<double>::infinity()});
    expect_every_kind<std::string>({"texts", "multitexts", "text", "", "a \"b\", c"});
    same("texts", pg::range<std::string>::closed("", "\xc3\xa4"), "[\"\",\xc3\xa4]");
    expect_every_kind<pg::inet>({"addresses", "addresses_multirange", "inet", pg::inet::parse("10.0.0.1").value(),
                                 pg::inet::parse("::1/64").value()});
    expect_every_kind<pg::time_of_day>({"hours", "hours_multirange", "time", {}, {hours(24)}});
    expect_every_kind<pg::interval>({"spans", "spans_multirange", "interval", {.days = 1}, {.months = 1, .days = 1}});
    server().ask("drop schema " + schema + " cascade");
}

TEST_P(a_range, of_other_values_or_in_disorder_is_an_error) {
    using ints = pg::range<std::int32_t>;
    EXPECT_TRUE(is_refused<ints>("select '[1,2)'::int8range"));
    EXPECT_TRUE(is_refused<ints>("select '[1,2)'::numrange"));
    EXPECT_TRUE(is_refused<ints>("select 1"));
    EXPECT_TRUE(is_refused<ints>("select '[1,2)'::text"));
    EXPECT_TRUE(is_refused<pg::multirange<std::int32_t>>("select '{[1,2)}'::int8multirange"));
    EXPECT_EQ(one<pg::range<std::int64_t>>("select '[1,2)'::int4range"), pg::range<std::int64_t>::from_to(1, 2));
    auto const reversed = pg::multirange<pg::numeric>{{pg::range<pg::numeric>::from_to(2, 1)}};
    EXPECT_EQ(rows("select $1", reversed).error().code(), pg::make_sqlstate("22000"));
    auto const far = pg::range<sys_days>::from(sys_days(-4713y / 11 / 23));
    EXPECT_EQ(rows("select $1", far).error().code(), coda::errc::invalid_argument);
    auto const maybe = one<std::optional<ints>>("select null::int4range");
    EXPECT_EQ(maybe, std::nullopt);
    EXPECT_EQ(got<ints>("select null::int4range").error().code(), pg::errc::unexpected_null);
}

} // namespace postgres_types_range_test
