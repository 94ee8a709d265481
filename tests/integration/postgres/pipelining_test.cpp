// SPDX-License-Identifier: BSL-1.0
// Several statements in one flight: typed results, all or nothing.
#include "on_postgres.hpp"
#include "support/cancel_everywhere.hpp"

#include <boost/describe/class.hpp>

namespace coda_pipelining_test {

struct account {
    std::int32_t id = 0;
    std::string owner;
};
BOOST_DESCRIBE_STRUCT(account, (), (id, owner))

} // namespace coda_pipelining_test

namespace postgres_pipelining_test {

using namespace std::chrono_literals;
namespace pg = coda::pg;
using coda::as_result;
using coda::outcome;
using coda::task;
using coda::test::gives;
using coda_pipelining_test::account;

class pipelining : public coda::test::on_postgres_table {
protected:
    pipelining() : on_postgres_table("id int unique, owner text") {}

    void SetUp() override {
        on_postgres_table::SetUp();
        all_ = "select * from " + table() + " order by id";
    }
    std::string const& all() const { return all_; }

    template <class R>
    static void expect_failed(R const& r, coda::error_code code, std::size_t index, std::size_t stored = 0) {
        ASSERT_TRUE(r.has_error());
        EXPECT_EQ(r.error().code(), code) << r.error().message();
        auto const* details = r.error().template details<pg::batch_error>();
        ASSERT_NE(details, nullptr);
        EXPECT_EQ(details->index, index);
        EXPECT_EQ(details->stored, stored);
    }

private:
    std::string all_;
};
CODA_ON_EVERY_LOOP(pipelining);

TEST_P(pipelining, gives_a_tuple_of_what_each_gives) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        auto const results = co_await db->pipeline(
            pg::execute(insert(), 1, "a"), pg::execute(insert(), 2, std::string("b")), pg::query<account>(all()),
            pg::query_one<std::int64_t>("select count(*) from (" + all() + ") x"),
            pg::query_optional<std::int32_t>("select 1 where false"), pg::query("select 7 as seven"));
        EXPECT_EQ(std::get<0>(results), 1u);
        EXPECT_EQ(std::get<1>(results), 1u);
        EXPECT_EQ(std::get<2>(results).size(), 2u);
        EXPECT_EQ(std::get<2>(results).at(1).owner, "b");
        EXPECT_EQ(std::get<3>(results), 2);
        EXPECT_EQ(std::get<4>(results), std::nullopt);
        EXPECT_EQ(std::get<5>(results).get<std::int32_t>(0, 0).value(), 7);
        EXPECT_EQ(stored(), 2);
        auto const [one] = co_await db->pipeline(pg::query_one<std::int32_t>("select $1::int4", 5));
        EXPECT_EQ(one, 5);
    };
    run(body());
}

TEST_P(pipelining, undoes_all_when_one_fails_and_names_it) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        for (int round = 0; round < 2; ++round) { // not prepared, and prepared
            auto const r = co_await as_result(db->pipeline(pg::execute(insert(), 1, "a"), pg::execute(insert(), 1, "b"),
                                                           pg::execute(insert(), 2, "c"), pg::query<account>(all())));
            expect_failed(r, pg::sqlstate::unique_violation, 1);
            EXPECT_EQ(r.error().outcome(), outcome::completed);
            EXPECT_NE(r.error().details<pg::server_error>(), nullptr);
            EXPECT_EQ(stored(), 0);
        }
        auto const unparsable = co_await as_result(
            db->pipeline(pg::execute(insert(), 1, "a"), pg::query("selekt"), pg::execute(insert(), 2, "b")));
        expect_failed(unparsable, pg::sqlstate::syntax_error, 1);
        EXPECT_EQ(stored(), 0);
        auto const good = co_await db->pipeline(pg::execute(insert(), 1, "a"), pg::execute(insert(), 2, "b"));
        EXPECT_EQ(std::get<1>(good), 1u);
    };
    run(body());
}

TEST_P(pipelining, that_cannot_be_sent_sends_nothing) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        std::string const zero("a\0b", 3);
        auto const r = co_await as_result(db->pipeline(pg::execute(insert(), 1, "a"), pg::execute(insert(), 2, zero)));
        expect_failed(r, coda::errc::invalid_argument, 1);
        EXPECT_EQ(r.error().outcome(), outcome::not_sent);
        EXPECT_FALSE(db->needs_reset());
    };
    run(body());
}

TEST_P(pipelining, whose_rows_cannot_be_read_has_run_all_the_same) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        auto const r = co_await as_result(
            db->pipeline(pg::execute(insert(), 1, "a"), pg::query_one<std::int32_t>("select 1 where false")));
        expect_failed(r, pg::errc::no_rows, 1, 2);
        EXPECT_EQ(stored(), 1);
    };
    run(body());
}

TEST_P(pipelining, on_a_client_leaves_the_others_alone) {
    pg::client db(loop(), server().uri(), {.connections = 1});
    auto const body = [&]() -> task<> {
        auto good = as_result(db.pipeline(pg::execute(insert(), 1, "a"), pg::query<account>(all())));
        auto bad = as_result(db.pipeline(pg::execute(insert(), 2, "b"), pg::query("selekt")));
        auto before = as_result(db.query_one<std::int32_t>("select 1"));
        auto after = as_result(db.query_one<std::int32_t>("select 2"));
        auto const [x, a, b, y] =
            co_await coda::when_all(std::move(before), std::move(good), std::move(bad), std::move(after));
        EXPECT_EQ(x.value(), 1);
        EXPECT_EQ(std::get<1>(a.value()).size(), 1u);
        expect_failed(b, pg::sqlstate::syntax_error, 1);
        EXPECT_EQ(y.value(), 2);
        EXPECT_EQ(stored(), 1);
        auto const refused = co_await as_result(db.pipeline(pg::query("select 1"), pg::execute("begin")));
        expect_failed(refused, pg::errc::needs_own_connection, 1);
        EXPECT_EQ(db.open_connections(), 1u);
        co_await db.close();
    };
    run(body());
}

TEST_P(pipelining, works_whatever_is_prepared) {
    for (std::size_t const cache : {0u, 1u, 2u, 100u}) {
        auto db = connected({.statement_cache = cache});
        auto const body = [&]() -> task<> {
            for (int i = 0; i < 5; ++i) {
                auto const [a, b, c, d] = co_await db->pipeline(
                    pg::query_one<std::int32_t>("select 1"), pg::query_one<std::int32_t>("select 2"),
                    pg::query_one<std::int32_t>("select 1"), pg::query_one<std::int32_t>("select 3"));
                EXPECT_EQ(a + 10 * b + 100 * c + 1000 * d, 3121);
                co_await gives(db->query_one<std::int32_t>("select 4"), 4);
            }
        };
        run(body());
    }
}

TEST_P(pipelining, cancelled_anywhere_tells_the_truth) {
    auto db = connected({.cancel_after = 0ms});
    auto const pid = db->backend_pid();
    int id = 0;
    auto const attempt = [&]() -> task<bool> {
        int const mine = id += 2;
        auto const r = co_await as_result(db->pipeline(
            pg::execute(insert(), mine, "a"), pg::execute(insert(), mine + 1, "b"), pg::query<account>(all())));
        auto const there = co_await coda::shield(db->query_one<std::int64_t>(
            "select count(*) from (" + all() + ") x where id between $1 and $2", mine, mine + 1));
        if (r.has_value()) {
            EXPECT_EQ(there, 2);
            co_return true;
        }
        EXPECT_EQ(r.error().code(), coda::errc::cancelled) << r.error().message();
        EXPECT_TRUE(there == 0 || (there == 2 && r.error().outcome() == outcome::unknown)) << there;
        co_return false;
    };
    EXPECT_GT(run(coda::test::cancel_everywhere(attempt)), 0);
    EXPECT_EQ(db->backend_pid(), pid) << "and the connection has gone through all of it";
}

} // namespace postgres_pipelining_test
