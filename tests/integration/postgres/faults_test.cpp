// SPDX-License-Identifier: BSL-1.0
// A real server behind a network that splits and cuts what is large.
#include "on_postgres.hpp"
#include "support/fault_proxy.hpp"

namespace postgres_faults_test {

using namespace std::chrono_literals;
namespace pg = coda::pg;
using coda::as_result;
using coda::outcome;
using coda::scope;
using coda::task;
using coda::test::cut;
using coda::test::fault_proxy;
using coda::test::gives;

class faults : public coda::test::on_postgres {
protected:
    void SetUp() override {
        on_postgres::SetUp();
        if (!IsSkipped() && !HasFatalFailure()) proxy_.emplace(server().where());
    }
    void TearDown() override {
        proxy_.reset();
        on_postgres::TearDown();
    }
    fault_proxy& proxy() { return *proxy_; }
    std::string uri() { return server().uri_at(proxy_->port()); }

private:
    std::optional<fault_proxy> proxy_;
};
CODA_ON_EVERY_LOOP(faults);

TEST_P(faults, splits_anywhere_change_nothing) {
    for (std::size_t const chunk : {1u, 2u, 3u, 5u, 7u, 11u}) {
        proxy().apply({.to_server = {.chunk = chunk}, .to_client = {.chunk = chunk}});
        auto const body = [&]() -> task<> {
            pg::client db(loop(), uri(), {.connections = 1});
            auto a = as_result(db.query_one<std::string>("select 'a' || $1::text", "b"));
            auto b = as_result(db.query("selekt"));
            auto c = as_result(db.query<std::int32_t>("select generate_series(1, 20)"));
            auto d = as_result(db.query(""));
            auto const [w, x, y, z] = co_await coda::when_all(std::move(a), std::move(b), std::move(c), std::move(d));
            EXPECT_EQ(w.value(), "ab");
            EXPECT_EQ(x.error().code(), pg::sqlstate::syntax_error);
            EXPECT_EQ(y.value().size(), 20u);
            EXPECT_TRUE(z.has_value());
            co_await gives(db.query_one<std::string>("select 'a' || $1::text", "b"), "ab");
        };
        run(body());
    }
}

// Also between the error of one and the end of the group, while those behind it wait to be sent again.
TEST_P(faults, a_group_with_an_error_cut_at_any_byte_of_its_replies_ends_for_everybody) {
    pg::client db(loop(), uri(), {.connections = 1, .first_backoff = 1ms});
    constexpr int callers = 16;
    int ended = 0;
    int lost = 0;
    auto const ask = [&](int i) -> task<> {
        auto const r = co_await as_result(db.reads().query_one<std::int32_t>("select 10 / ($1::int4 - 3)", i));
        ++ended;
        if (i == 3 && r.has_error() && r.error().outcome() == outcome::completed) {
            EXPECT_EQ(r.error().code(), pg::make_sqlstate("22012"));
        } else if (r.has_error()) {
            EXPECT_EQ(r.error().code(), coda::errc::connection_lost) << r.error().message();
            ++lost;
        } else {
            EXPECT_EQ(*r, 10 / (i - 3));
        }
    };
    auto const all = [&](scope& s) -> task<> {
        for (int i = 0; i < callers; ++i) s.spawn(ask(i));
        co_return;
    };
    auto const body = [&]() -> task<> {
        co_await db.connect();
        co_await coda::with_scope(all); // all is prepared
        std::size_t whole = 0;
        for (std::size_t cut_after = 0; lost > 0 || cut_after == 0; cut_after += 7) {
            ended = lost = 0;
            proxy().apply({.to_client = {.cut_after = cut_after, .how = cut::close}});
            co_await coda::with_scope(all);
            EXPECT_EQ(ended, callers) << "after " << cut_after;
            whole = cut_after;
            proxy().heal();
            co_await gives(db.query_one<std::int32_t>("select 1"), 1);
        }
        EXPECT_GT(whole, 100u);
        co_await db.close();
    };
    run(body());
}

TEST_P(faults, a_large_statement_cut_on_its_way_is_unknown_and_the_next_works) {
    pg::client db(loop(), uri(), {.connections = 1});
    std::string const big(5'000'000, 'x');
    for (auto const how : {cut::close, cut::reset}) {
        auto const body = [&]() -> task<> {
            co_await db.connect();
            proxy().apply({.to_server = {.cut_after = 1'000'000, .how = how}});
            auto const r = co_await as_result(db.query_one<std::int32_t>("select length($1::text)", big));
            EXPECT_EQ(r.error().code(), coda::errc::connection_lost);
            EXPECT_EQ(r.error().outcome(), outcome::unknown);
            proxy().heal();
            co_await gives(db.query_one<std::int32_t>("select length($1::text)", big), 5'000'000);
            proxy().apply({.to_client = {.cut_after = 1'000'000, .how = how}});
            auto const back = co_await as_result(db.query_one<std::string>("select repeat('x', 5000000)"));
            EXPECT_EQ(back.error().code(), coda::errc::connection_lost);
            proxy().heal();
        };
        run(body());
    }
}

} // namespace postgres_faults_test
