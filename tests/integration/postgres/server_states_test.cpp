// SPDX-License-Identifier: BSL-1.0
// Servers that do not take connections now, or take them away: what the caller is told, and that it can be tried again.
#include "on_postgres.hpp"
#include "support/own_postgres.hpp"

#include <coda/retry.hpp>

namespace postgres_server_states_test {

using namespace std::chrono_literals;
namespace pg = coda::pg;
using coda::as_result;
using coda::error_class;
using coda::outcome;
using coda::scope;
using coda::task;
using coda::test::gives;
using coda::test::own_postgres;
using coda::test::until;
using testing::HasSubstr;

class a_server : public coda::test::on_postgres {
protected:
    coda::error failure_of(std::string uri) {
        pg::connection db(loop(), std::move(uri));
        coda::error e;
        auto const body = [&]() -> task<> {
            auto const r = co_await as_result(db.connect());
            EXPECT_TRUE(r.has_error());
            if (r.has_error()) e = r.error();
        };
        run(body());
        EXPECT_EQ(e.outcome(), outcome::not_sent);
        return e;
    }
};
CODA_ON_EVERY_LOOP(a_server);

// A standby that takes no queries is starting up for as long as it is a standby.
TEST_P(a_server, that_is_starting_up_says_so_and_is_tried_again) {
    own_postgres primary;
    primary.start();
    own_postgres starting;
    starting.copy(primary);
    starting.start({"hot_standby=off"});
    auto const e = failure_of(starting.uri());
    EXPECT_EQ(e.code(), pg::sqlstate::cannot_connect_now);
    EXPECT_EQ(e.kind(), error_class::transient);

    pg::client db(loop(), starting.uri(), {.connections = 1});
    int attempts = 0;
    auto const body = [&]() -> task<> {
        auto const ask = [&]() -> task<std::int32_t> {
            // As soon as it was refused, and not before.
            if (++attempts == 3) starting.promote();
            co_return co_await db.query_one<std::int32_t>("select 1");
        };
        auto policy = coda::retry_policy::transient();
        policy.max_attempts = 1000;
        co_await gives(coda::with_timeout(20s, coda::retry(policy, ask)), 1);
        EXPECT_GE(attempts, 3);
        co_await db.close();
    };
    run(body());
}

TEST_P(a_server, that_is_shutting_down_says_so) {
    own_postgres own;
    own.start();
    pg::connection db(loop(), own.uri());
    pg::connection second(loop(), own.uri());
    auto const body = [&](scope& s) -> task<> {
        co_await db.connect();
        own.signal(SIGTERM); // waits for db
        co_await until([&] {
            auto const by = own.uri();
            return PQping(by.c_str()) == PQPING_REJECT;
        });
        auto const refused = co_await as_result(second.connect());
        EXPECT_EQ(refused.error().code(), pg::sqlstate::cannot_connect_now);
        EXPECT_THAT(refused.error().message(), HasSubstr("shutting down"));
        EXPECT_EQ(refused.error().outcome(), outcome::not_sent);
        co_await gives(db.query_one<std::int32_t>("select 1"), 1, "who was there goes on");

        auto slow = s.spawn(as_result(db.query("select pg_sleep(3600)")));
        co_await coda::yield();
        own.signal(SIGINT); // does not wait
        auto const ended = co_await slow.join();
        EXPECT_EQ(ended.error().code(), pg::sqlstate::admin_shutdown);
        EXPECT_EQ(ended.error().outcome(), outcome::unknown);
        EXPECT_EQ(ended.error().kind(), error_class::connection_lost);
        EXPECT_FALSE(db.usable());
        own.join();
    };
    run(coda::with_scope(body));
    EXPECT_EQ(failure_of(own.uri()).code(), pg::errc::connect_failed);
}

TEST_P(a_server, with_too_many_connections_says_so) {
    own_postgres own;
    own.start({"max_connections=4", "superuser_reserved_connections=0", "max_wal_senders=0"});
    std::vector<std::unique_ptr<pg::connection>> all;
    auto const body = [&]() -> task<> {
        for (int i = 0; i < 4; ++i) {
            all.push_back(std::make_unique<pg::connection>(loop(), own.uri()));
            co_await all.back()->connect();
        }
        pg::connection one_more(loop(), own.uri());
        auto const refused = co_await as_result(one_more.connect());
        EXPECT_EQ(refused.error().code(), pg::sqlstate::too_many_connections);
        EXPECT_EQ(refused.error().outcome(), outcome::not_sent);
        EXPECT_EQ(refused.error().kind(), error_class::throttled);
        co_await all.back()->close();
        // The server takes a moment to notice.
        bool connected = false;
        while (!connected) {
            auto const again = co_await as_result(one_more.connect());
            connected = again.has_value();
            if (!connected) EXPECT_EQ(again.error().code(), pg::sqlstate::too_many_connections);
        }
        co_await gives(one_more.query_one<std::int32_t>("select 1"), 1);
        co_await one_more.close();
    };
    run(body());
}

// What it can have it uses for all.
TEST_P(a_server, with_too_few_connections_for_a_client_serves_it_all_the_same) {
    own_postgres own;
    own.start({"max_connections=3", "superuser_reserved_connections=0", "max_wal_senders=0"});
    pg::client db(loop(), own.uri(), {.connections = 8});
    auto const body = [&]() -> task<> {
        co_await db.connect();
        auto const many = [&](scope& s) -> task<> {
            for (int i = 0; i < 200; ++i) s.spawn(db.query("select pg_sleep(0.001)"));
            co_return;
        };
        co_await coda::with_scope(many);
        EXPECT_LE(db.open_connections(), 3u);
        co_await db.close();
    };
    run(body());
}

} // namespace postgres_server_states_test
