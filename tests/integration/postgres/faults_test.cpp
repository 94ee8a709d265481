// SPDX-License-Identifier: BSL-1.0
// A real server behind a network that splits, cuts, delays and corrupts at exact bytes.
#include "on_postgres.hpp"
#include "support/fault_proxy.hpp"

namespace {

using namespace std::chrono_literals;
namespace pg = coda::pg;
using coda::as_result;
using coda::outcome;
using coda::task;
using coda::test::cut;
using coda::test::direction;
using coda::test::fault_plan;
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

    // Connects and runs a statement. True: it gave the right value; else it ended with an error of these. The deadlines
    // are reached only where bytes are lost.
    task<bool> conversation(pg::connection_options options = {}) {
        pg::connection db(loop(), uri(), options);
        auto const connected = co_await as_result(db.connect());
        if (connected.has_error()) {
            EXPECT_TRUE(is_any_of(connected.error(), {pg::errc::connect_failed, coda::errc::timed_out}))
                << connected.error().message();
            EXPECT_EQ(connected.error().outcome(), outcome::not_sent);
            EXPECT_FALSE(db.usable());
            last_error_ = connected.error().message();
            co_return false;
        }
        auto const r = co_await as_result(db.query_one<std::string>("select 'right ' || $1::text", "value"));
        if (r.has_value()) {
            EXPECT_EQ(*r, "right value");
            co_return true;
        }
        last_error_ = r.error().message();
        EXPECT_TRUE(is_any_of(r.error(), {coda::errc::connection_lost, coda::errc::timed_out})) << last_error_;
        if (r.error().code() == coda::errc::connection_lost) {
            EXPECT_FALSE(db.usable());
        }
        co_return false;
    }

    static bool is_any_of(coda::error const& e, std::initializer_list<coda::error_code> codes) {
        return std::find(codes.begin(), codes.end(), e.code()) != codes.end();
    }

    // The next operation works, on a healthy network.
    void expect_healed() {
        proxy().heal();
        // The server may have hundreds of broken logins to see off first.
        EXPECT_TRUE(run(conversation({.connect_timeout = 60s, .statement_timeout = 60s}))) << last_error_;
    }

    static fault_plan one_way(direction d, coda::test::flow_faults const& f) {
        fault_plan plan;
        (d == direction::to_client ? plan.to_client : plan.to_server) = f;
        return plan;
    }

    // Cuts the conversation after 0, 1, 2 ... bytes that way, until it is through before the cut.
    void cut_at_every_byte(direction d, cut how) {
        int failed = 0;
        for (std::uint64_t n = 0;; ++n) {
            proxy().apply_to_new(one_way(d, {.cut_after = n, .how = how}));
            if (run(conversation({.connect_timeout = 20s}))) break;
            ++failed;
            ASSERT_LT(n, 10'000u);
        }
        EXPECT_GT(failed, 100);
        expect_healed();
    }

private:
    std::optional<fault_proxy> proxy_;
    std::string last_error_;
};
CODA_ON_EVERY_LOOP(faults);

TEST_P(faults, splits_anywhere_change_nothing) {
    for (std::size_t const chunk : {1u, 2u, 3u, 5u, 7u, 11u}) {
        proxy().apply({.to_server = {.chunk = chunk}, .to_client = {.chunk = chunk}});
        EXPECT_TRUE(run(conversation()));
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

TEST_P(faults, a_close_at_any_byte_of_the_servers_is_a_typed_error) {
    cut_at_every_byte(direction::to_client, cut::close);
}
TEST_P(faults, a_reset_at_any_byte_of_the_servers_is_a_typed_error) {
    cut_at_every_byte(direction::to_client, cut::reset);
}
TEST_P(faults, a_close_at_any_byte_of_ours_is_a_typed_error) { cut_at_every_byte(direction::to_server, cut::close); }
TEST_P(faults, a_reset_at_any_byte_of_ours_is_a_typed_error) { cut_at_every_byte(direction::to_server, cut::reset); }

TEST_P(faults, half_open_and_silent_connections_are_given_up_in_bounded_time) {
    pg::connection_options const options{.connect_timeout = 50ms, .statement_timeout = 50ms, .drain_timeout = 20ms};
    for (std::uint64_t const n : {0u, 1u, 9u, 50u, 200u}) {
        for (auto const& f : {coda::test::flow_faults{.cut_after = n, .how = cut::half_open},
                              coda::test::flow_faults{.stall_after = n}}) {
            proxy().apply_to_new(one_way(direction::to_client, f));
            EXPECT_FALSE(run(conversation(options)));
            proxy().apply_to_new(one_way(direction::to_server, f));
            run(conversation(options)); // some of these are too far to be met
        }
    }
    proxy().apply_to_new(fault_plan::never_answer());
    EXPECT_FALSE(run(conversation(options)));
    proxy().apply_to_new({.accept = coda::test::on_accept::close});
    EXPECT_FALSE(run(conversation()));
    proxy().apply_to_new({.accept = coda::test::on_accept::reset});
    EXPECT_FALSE(run(conversation()));
    expect_healed();
}

TEST_P(faults, a_slow_network_is_only_slow) {
    proxy().apply(fault_plan::latency(4ms));
    EXPECT_TRUE(run(conversation()));
    proxy().apply({.to_server = {.bytes_per_second = 200'000}, .to_client = {.bytes_per_second = 200'000}});
    auto const body = [&]() -> task<> {
        pg::connection db(loop(), uri());
        co_await db.connect();
        std::string const big(20'000, 'x');
        co_await gives(db.query_one<std::string>("select $1::text", big), big);
    };
    run(body());
}

// What comes after a corrupted reply is right or an error, too: never another's rows.
TEST_P(faults, a_corrupt_byte_anywhere_in_a_reply_is_an_error_or_a_value) {
    pg::client_options const options{
        .connections = 1, .connection = {.connect_timeout = 20s, .statement_timeout = 20s, .drain_timeout = 10ms}};
    for (auto const mask : std::initializer_list<unsigned char>{0xff, 0x01}) {
        int damaged = 0;
        for (std::uint64_t n = 0; n < 110; ++n) {
            auto const body = [&]() -> task<> {
                pg::client db(loop(), uri(), options);
                co_await db.connect();
                proxy().apply({.to_client = {.corrupt_at = n, .corrupt_mask = mask}});
                auto const r = co_await as_result(
                    coda::with_timeout(40ms, db.query_one<std::string>("select 'right ' || $1::text", "value")));
                damaged += r.has_error() || *r != "right value";
                auto const second = co_await as_result(
                    coda::with_timeout(40ms, db.query_one<std::string>("select 'another ' || $1::text", "one")));
                if (second.has_value()) {
                    EXPECT_TRUE(*second == "another one" || r.has_value()) << n;
                }
                proxy().heal();
                coda::result<std::string> last = coda::error(coda::errc::closed);
                for (int i = 0; i < 20 && last.has_error(); ++i) // those that were queued behind the damage end first
                    last = co_await as_result(db.query_one<std::string>("select 'last'"));
                EXPECT_TRUE(last.has_value() && *last == "last") << n;
            };
            run(body());
        }
        EXPECT_GT(damaged, 30);
    }
}

TEST_P(faults, a_corrupt_byte_anywhere_in_the_login_is_an_error_or_nothing) {
    pg::connection_options const options{.connect_timeout = 40ms, .statement_timeout = 40ms, .drain_timeout = 10ms};
    int failed = 0;
    for (std::uint64_t n = 0; n < 420; n += 1) {
        proxy().apply_to_new({.to_client = {.corrupt_at = n}});
        auto const body = [&]() -> task<> {
            pg::connection db(loop(), uri(), options);
            auto const r = co_await as_result(db.connect());
            failed += r.has_error();
            if (r.has_error()) {
                EXPECT_EQ(r.error().outcome(), outcome::not_sent);
            }
            auto const q = co_await as_result(db.query_one<std::int32_t>("select 1"));
            EXPECT_TRUE(q.has_error() || *q == 1 || r.has_value());
        };
        run(body());
    }
    EXPECT_GT(failed, 10);
    expect_healed();
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

} // namespace
