// SPDX-License-Identifier: BSL-1.0
// Rows that stay on the server until they are asked for.
#include "on_postgres.hpp"

namespace postgres_cursor_test {

namespace pg = coda::pg;
using coda::as_result;
using coda::outcome;
using coda::task;
using coda::test::gives;

using a_cursor = coda::test::on_postgres;
CODA_ON_EVERY_LOOP(a_cursor);

TEST_P(a_cursor, gives_its_rows_in_as_many_as_are_asked_for) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        co_await db->execute("begin");
        using row = std::tuple<std::int32_t, std::string>;
        auto rows = co_await db->open_cursor<row>("select i, $1 || i from generate_series(1, $2::int4) i", "n", 25);
        std::vector<std::size_t> sizes;
        int last = 0;
        for (auto some = co_await rows.fetch(10); !some.empty(); some = co_await rows.fetch(10)) {
            sizes.push_back(some.size());
            for (auto const& [i, name] : some) {
                EXPECT_EQ(i, ++last);
                EXPECT_EQ(name, fmt::format("n{}", i));
            }
            co_await gives(db->query_one<std::int32_t>("select 5"), 5, "others run between");
        }
        EXPECT_EQ(sizes, (std::vector<std::size_t>{10, 10, 5}));
        co_await rows.close();
        co_await gives(db->query_one<std::int64_t>("select count(*) from pg_cursors where name like 'coda%'"), 0);
        co_await db->execute("commit");
    };
    run(body());
}

TEST_P(a_cursor, is_one_of_several) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        co_await db->execute("begin");
        auto a = co_await db->open_cursor<std::int32_t>("select generate_series(1, 3)");
        auto b = co_await db->open_cursor<std::int32_t>("select generate_series(11, 13)");
        for (int i = 1; i <= 3; ++i) {
            auto const x = co_await a.fetch(1);
            auto const y = co_await b.fetch(1);
            EXPECT_EQ(x, std::vector{i});
            EXPECT_EQ(y, std::vector{i + 10});
        }
        co_await db->execute("rollback");
    };
    run(body());
}

TEST_P(a_cursor, is_not_prepared) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        co_await db->execute("begin");
        for (int i = 0; i < 3; ++i) {
            auto rows = co_await db->open_cursor<std::int32_t>("select 1");
            co_await rows.fetch(5);
            co_await rows.close();
        }
        co_await db->execute("commit");
        co_await gives(
            db->query_one<std::int64_t>("select count(*) from pg_prepared_statements where statement like '%cursor_%'"
                                        " and statement not like '%pg_prepared%'"),
            0);
    };
    run(body());
}

TEST_P(a_cursor, needs_a_transaction_block) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        auto const outside = co_await as_result(db->open_cursor<std::int32_t>("select 1"));
        EXPECT_EQ(outside.error().code(), pg::make_sqlstate("25P01")) << outside.error().message();
        co_await db->execute("begin");
        auto rows = co_await db->open_cursor<std::int32_t>("select 1");
        auto const none = co_await as_result(rows.fetch(0));
        EXPECT_EQ(none.error().code(), coda::errc::invalid_argument);
        EXPECT_EQ(none.error().outcome(), outcome::not_sent);
        co_await db->execute("commit");
        auto const behind = co_await as_result(rows.fetch(1));
        EXPECT_EQ(behind.error().code(), pg::make_sqlstate("34000")) << behind.error().message();
    };
    run(body());
}

} // namespace postgres_cursor_test
