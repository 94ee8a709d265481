// SPDX-License-Identifier: BSL-1.0
// What a statement leaves behind on a connection that others share, though neither its words nor its tag say so.
#include "on_postgres.hpp"

namespace postgres_session_state_test {

namespace pg = coda::pg;
using coda::as_result;
using coda::outcome;
using coda::scope;
using coda::task;
using coda::test::gives;

class state_that_is_left : public coda::test::on_postgres {
protected:
    void SetUp() override {
        on_postgres::SetUp();
        if (IsSkipped() || HasFatalFailure()) return;
        function_ = server().fresh_name();
        server().ask("create function " + function_ +
                     "(name text, value text) returns text language plpgsql as "
                     "$$ begin return set_config(name, value, false); end $$");
    }
    void TearDown() override {
        on_postgres::TearDown();
        if (!function_.empty()) server().ask("drop function " + function_);
    }

    // A query that sets it, by a function: the words do not say so.
    std::string set(std::string const& name, std::string const& value) const {
        return fmt::format("select {}('{}', '{}')", function_, name, value);
    }

    // After each of `statements`, whose error says what they changed, the next finds a session as it was.
    void expect_replaced(std::vector<std::string> const& statements, std::string const& look,
                         std::string const& changed_setting) {
        pg::client db(loop(), server().uri(), {.connections = 1});
        auto const body = [&]() -> task<> {
            auto const before = co_await db.query_one<std::string>(look);
            for (auto const& sql : statements) {
                auto const changed = co_await as_result(db.query(sql));
                EXPECT_TRUE(changed.has_error()) << sql;
                if (!changed.has_error()) continue;
                EXPECT_EQ(changed.error().code(), pg::errc::needs_own_connection) << sql;
                EXPECT_EQ(changed.error().outcome(), outcome::completed) << sql;
                EXPECT_THAT(changed.error().message(), testing::HasSubstr("(" + changed_setting + ")")) << sql;
                co_await gives(db.query_one<std::string>(look), before);
            }
            co_await db.close();
        };
        run(body());
    }

private:
    std::string function_;
};
CODA_ON_EVERY_LOOP(state_that_is_left);

TEST_P(state_that_is_left, of_a_setting_costs_the_connection) {
    expect_replaced({set("TimeZone", "Asia/Tokyo"),
                     "do $$ begin perform set_config('TimeZone', 'Asia/Tokyo', false); end $$",
                     "do $$ begin set timezone = 'Asia/Tokyo'; end $$"},
                    "select current_setting('TimeZone')", "TimeZone");
    expect_replaced({set("DateStyle", "German")}, "select current_setting('DateStyle')", "DateStyle");
    expect_replaced({set("IntervalStyle", "iso_8601")}, "select current_setting('IntervalStyle')", "IntervalStyle");
    expect_replaced({set("client_encoding", "LATIN1")}, "select current_setting('client_encoding')", "client_encoding");
    expect_replaced({set("standard_conforming_strings", "off")},
                    "select current_setting('standard_conforming_strings')", "standard_conforming_strings");
    expect_replaced({set("default_transaction_read_only", "on")},
                    "select current_setting('default_transaction_read_only')", "default_transaction_read_only");
    expect_replaced({set("application_name", "another")}, "select current_setting('application_name')",
                    "application_name");
}

TEST_P(state_that_is_left, of_a_role_costs_the_connection) {
    auto const role = server().fresh_name();
    server().ask("create role " + role);
    expect_replaced({"do $$ begin perform set_config('role', '" + role + "', false); end $$"},
                    "select current_user::text", "is_superuser");
    expect_replaced({set("session_authorization", role)}, "select current_user::text", "session_authorization");
    server().ask("drop role " + role);
}

// What ran behind it ran under its settings: nobody is told that this stands.
TEST_P(state_that_is_left, takes_those_behind_it_with_it_and_not_those_before) {
    pg::client db(loop(), server().uri(), {.connections = 1});
    auto const body = [&](scope& s) -> task<> {
        co_await db.connect();
        auto before = s.spawn(db.query_one<std::int32_t>("select 1"));
        auto change = s.spawn(as_result(db.query(set("TimeZone", "Asia/Tokyo"))));
        auto behind = s.spawn(as_result(db.query_one<std::string>("select current_setting('TimeZone')")));
        co_await gives(before.join(), 1);
        auto const changed = co_await change.join();
        EXPECT_EQ(changed.error().code(), pg::errc::needs_own_connection);
        auto const lost = co_await behind.join();
        EXPECT_EQ(lost.error().code(), coda::errc::connection_lost);
        EXPECT_EQ(lost.error().outcome(), outcome::unknown);
        auto const zone = co_await db.query_one<std::string>("select current_setting('TimeZone')");
        EXPECT_NE(zone, "Asia/Tokyo");
        co_await db.close();
    };
    run(coda::with_scope(body));
}

TEST_P(state_that_is_left, by_a_grouped_read_costs_the_connection) {
    pg::client db(loop(), server().uri(), {.connections = 1});
    auto const ask = [&](int i) -> task<> {
        auto const sql = i == 10 ? set("TimeZone", "Asia/Tokyo") : "select 'x'";
        auto const r = co_await as_result(db.reads().query_one<std::string>(sql));
        if (r.has_error()) EXPECT_EQ(r.error().code(), coda::errc::connection_lost) << r.error().message();
    };
    auto const body = [&]() -> task<> {
        auto const before = co_await db.query_one<std::string>("select current_setting('TimeZone')");
        auto const many = [&](scope& s) -> task<> {
            for (int i = 0; i < 32; ++i) s.spawn(ask(i));
            co_return;
        };
        co_await coda::with_scope(many);
        co_await gives(db.query_one<std::string>("select current_setting('TimeZone')"), before);
        co_await db.close();
    };
    run(body());
}

TEST_P(state_that_is_left, within_the_statement_costs_nothing) {
    pg::client db(loop(), server().uri(), {.connections = 1});
    auto const body = [&]() -> task<> {
        auto const pid = co_await db.query_one<std::int32_t>("select pg_backend_pid()");
        for (int i = 0; i < 3; ++i) {
            co_await gives(db.query_one<std::string>("select set_config('TimeZone', 'Asia/Tokyo', true)"),
                           "Asia/Tokyo");
            co_await db.execute("do $$ begin perform set_config('TimeZone', 'Asia/Tokyo', true); end $$");
            co_await as_result(
                db.query("select 1 / (length(v) - length(v)) from (" + set("TimeZone", "Asia/Tokyo") + ") x(v)"));
        }
        co_await gives(db.query_one<std::int32_t>("select pg_backend_pid()"), pid);
        co_await db.close();
    };
    run(body());
}

// Who has a connection alone may do with it as he likes.
TEST_P(state_that_is_left, on_a_connection_of_ones_own_is_meant) {
    auto db = connected();
    auto const body = [&]() -> task<> {
        co_await db->query("select set_config('TimeZone', 'Asia/Tokyo', false)");
        co_await gives(db->query_one<std::string>("select current_setting('TimeZone')"), "Asia/Tokyo");
        co_await db->reset();
        auto const zone = co_await db->query_one<std::string>("select current_setting('TimeZone')");
        EXPECT_NE(zone, "Asia/Tokyo");
    };
    run(body());
}

} // namespace postgres_session_state_test
