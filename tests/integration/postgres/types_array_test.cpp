// SPDX-License-Identifier: BSL-1.0
#include "types_test.hpp"

namespace postgres_types_array_test {

namespace pg = coda::pg;

using an_array = coda::test::on_postgres_types;
CODA_ON_EVERY_LOOP(an_array);

template <class T>
using matrix = std::vector<std::vector<T>>;
using ints = std::vector<std::int32_t>;
using maybes = std::vector<std::optional<std::int32_t>>;

TEST_P(an_array, has_nulls_in_every_dimension) {
    auto const null = std::nullopt;
    same("int4[]", maybes{null}, "{NULL}");
    same("int4[]", maybes{null, 1, null, 2, null}, "{NULL,1,NULL,2,NULL}");
    same("int4[]", std::vector<maybes>{{null, 1}, {2, null}, {null, null}}, "{{NULL,1},{2,NULL},{NULL,NULL}}");
    same("int4[]", std::vector<std::vector<maybes>>{{{null}, {1}}, {{2}, {null}}}, "{{{NULL},{1}},{{2},{NULL}}}");
    same("int4[]", std::array<std::array<std::optional<std::int32_t>, 2>, 2>{{{null, 1}, {2, null}}},
         "{{NULL,1},{2,NULL}}");
    using texts = std::vector<std::optional<std::string>>;
    same("text[]", texts{"NULL", null, "null", ""}, R"({"NULL",NULL,"null",""})");
    same("bool[]", std::vector<std::optional<bool>>{true, null, false}, "{t,NULL,f}");
    same("numeric[]", std::vector<std::optional<pg::numeric>>{null, pg::numeric::nan()}, "{NULL,NaN}");
    EXPECT_TRUE(is_refused<ints>("select array[null]::int4[]"));
    EXPECT_TRUE(is_refused<matrix<std::int32_t>>("select '{{1},{NULL}}'::int4[]"));
    // That of a NULL array is another matter.
    EXPECT_EQ(one<std::optional<maybes>>("select null::int4[]"), null);
    EXPECT_EQ(one<std::optional<maybes>>("select array[null]::int4[]"), maybes{null});
}

TEST_P(an_array, has_up_to_six_dimensions) {
    matrix<matrix<matrix<std::int32_t>>> six(2);
    std::int32_t n = 0;
    for (auto& a : six) {
        a.resize(1);
        a[0] = {{{{1, 2, 3}}, {{4, 5, 6}}}};
        a[0][0][0][0][0] = ++n;
    }
    same("int4[]", six, "{{{{{{1,2,3}},{{4,5,6}}}}},{{{{{2,2,3}},{{4,5,6}}}}}}");
    EXPECT_EQ(one<std::string>("select array_dims($1)", six), "[1:2][1:1][1:1][1:2][1:1][1:3]");
    EXPECT_TRUE(is_refused<ints>("select '{{1}}'::int4[]"));
    EXPECT_TRUE(is_refused<matrix<std::int32_t>>("select '{1}'::int4[]"));
    EXPECT_TRUE(is_refused<matrix<std::int32_t>>("select '{{{1}}}'::int4[]"));
    matrix<bool> const bits{{true, false}, {false, true}};
    same("bool[]", bits, "{{t,f},{f,t}}");
    same("text[]", matrix<std::string>{{"a", "b"}, {"{", "\""}}, R"({{a,b},{"{","\""}})");
    std::size_t const rows_of_it = 300;
    matrix<std::int32_t> large(rows_of_it, ints(200));
    for (std::size_t i = 0; i < large.size(); ++i)
        for (std::size_t j = 0; j < 200; ++j) large[i][j] = static_cast<std::int32_t>((i + 1) * (j + 1));
    EXPECT_TRUE(
        one<matrix<std::int32_t>>("select array_agg(a order by a) from (select array_agg(i * j order by j) as a "
                                  "from generate_series(1, 300) i, generate_series(1, 200) j group by i) x") == large);
    EXPECT_EQ(one<std::int32_t>("select ($1::int4[])[300][200]", large), 60'000);
}

TEST_P(an_array, with_subscripts_of_its_own_is_read_as_if_it_began_at_1) {
    for (auto const* text :
         {"{1,2}", "[0:1]={1,2}", "[-5:-4]={1,2}", "[2147483645:2147483646]={1,2}", "[-2147483648:-2147483647]={1,2}"})
        EXPECT_EQ(one<ints>("select $1::int4[]", text), (ints{1, 2})) << text;
    EXPECT_EQ((one<matrix<std::int32_t>>("select '[-1:0][7:8]={{1,2},{3,4}}'::int4[]")),
              (matrix<std::int32_t>{{1, 2}, {3, 4}}));
    EXPECT_EQ(one<std::string>("select array_dims($1)", one<ints>("select '[5:6]={1,2}'::int4[]")), "[1:2]");
}

TEST_P(an_array, without_elements_is_the_same_whatever_its_dimensions) {
    same("int4[]", maybes(), "{}");
    same("text[]", std::vector<std::string>(), "{}");
    same("bool[]", std::vector<bool>(), "{}");
    same("numeric[]", std::vector<pg::numeric>(), "{}");
    same("int4[]", matrix<std::int32_t>(), "{}");
    same("int4[]", std::array<std::int32_t, 0>(), "{}");
    EXPECT_EQ(one<std::string>("select $1::int4[]::text", matrix<std::int32_t>(3)), "{}");
    EXPECT_EQ(one<bool>("select array_ndims($1::int4[]) is null", matrix<std::int32_t>(3)), true);
    EXPECT_EQ(one<ints>("select array_remove(array[1], 1)"), ints());
    std::span<std::int32_t const> const nothing;
    EXPECT_EQ(one<std::string>("select $1::int4[]::text", nothing), "{}");
}

TEST_P(an_array, that_postgres_does_not_have_is_refused_unsent) {
    for (auto const& ragged :
         {matrix<std::int32_t>{{1}, {}}, matrix<std::int32_t>{{}, {1}}, matrix<std::int32_t>{{1, 2}, {3}}}) {
        auto const refused = ran("select $1::int4[]", ragged);
        EXPECT_EQ(refused.error().code(), coda::errc::invalid_argument);
        EXPECT_EQ(refused.error().outcome(), coda::outcome::not_sent);
    }
    std::vector<std::chrono::sys_days> const early{std::chrono::sys_days(std::chrono::days(-3'000'000))};
    EXPECT_EQ(rows("select $1", early).error().code(), coda::errc::invalid_argument);
    EXPECT_EQ(one<std::int32_t>("select 1"), 1);
}

TEST_P(an_array, of_a_fixed_size_takes_no_other) {
    using three = std::array<std::int32_t, 3>;
    EXPECT_EQ(one<three>("select '{1,2,3}'::int4[]"), (three{1, 2, 3}));
    EXPECT_TRUE(is_refused<three>("select '{1,2}'::int4[]"));
    EXPECT_TRUE(is_refused<three>("select '{1,2,3,4}'::int4[]"));
    EXPECT_TRUE(is_refused<three>("select '{}'::int4[]"));
    EXPECT_TRUE(is_refused<three>("select '{1,2,NULL}'::int4[]"));
}

TEST_P(an_array, is_read_as_one_of_wider_elements_and_no_others) {
    EXPECT_EQ(one<std::vector<std::int64_t>>("select '{-1,32767}'::int2[]"), (std::vector<std::int64_t>{-1, 32'767}));
    EXPECT_EQ(one<std::vector<double>>("select '{0.5,NaN}'::float4[]").front(), 0.5);
    EXPECT_EQ(one<std::vector<std::string>>("select '{1.50,NaN}'::numeric[]"),
              (std::vector<std::string>{"1.50", "NaN"}));
    EXPECT_EQ(one<std::vector<std::string>>("select array['{}', '1']::jsonb[]"), (std::vector<std::string>{"{}", "1"}));
    EXPECT_EQ(one<std::vector<std::string>>("select current_schemas(false)"), std::vector<std::string>{"public"});
    EXPECT_TRUE(is_refused<ints>("select '{1}'::int8[]"));
    EXPECT_TRUE(is_refused<ints>("select 1"));
    EXPECT_TRUE(is_refused<std::vector<std::string>>("select '{1}'::int4[]"));
    EXPECT_TRUE(is_refused<std::vector<std::string>>("select '{}'::int4[]")) << "also where it is empty";
    EXPECT_TRUE(is_refused<std::vector<std::byte>>("select '{1}'::int4[]"));
}

} // namespace postgres_types_array_test
