// SPDX-License-Identifier: BSL-1.0
// Which server a connection string leads to: several hosts, what they are, and where the string's missing parts come
// from.
#include "on_postgres.hpp"
#include "support/environment.hpp"
#include "support/own_postgres.hpp"

#include <coda/retry.hpp>

#include <fstream>
#include <map>
#include <random>

namespace postgres_connecting_hosts_test {

using namespace std::chrono_literals;
namespace pg = coda::pg;
using coda::as_result;
using coda::outcome;
using coda::scope;
using coda::task;
using coda::test::environment;
using coda::test::gives;
using coda::test::own_postgres;
using coda::test::postgres_session;
using coda::test::until;
using testing::HasSubstr;
using testing::Not;

class the_server : public coda::test::on_postgres {
protected:
    // The port that connecting leads to, or why it leads nowhere.
    coda::result<int> port_by(std::string const& text, pg::connection_options options = {}) {
        pg::connection db(loop(), text, options);
        coda::result<int> port(0);
        auto const body = [&]() -> task<> {
            auto const made = co_await as_result(db.connect());
            if (made.has_error())
                port = made.error();
            else
                port = co_await db.query_one<std::int32_t>("select inet_server_port()");
            co_await db.close();
        };
        run(body());
        return port;
    }
    template <class T>
    T ask(std::string const& text, std::string const& sql) {
        pg::connection db(loop(), text);
        T value{};
        auto const body = [&]() -> task<> {
            co_await db.connect();
            value = co_await db.query_one<T>(sql);
            co_await db.close();
        };
        run(body());
        return value;
    }
    static std::string both(std::uint16_t first, std::uint16_t second, std::string_view more) {
        return fmt::format("postgresql://coda@127.0.0.1:{},127.0.0.1:{}/coda?{}", first, second, more);
    }
};
CODA_ON_EVERY_LOOP(the_server);

TEST_P(the_server, is_the_one_that_target_session_attrs_asks_for) {
    own_postgres primary;
    primary.start();
    own_postgres standby;
    standby.copy(primary);
    standby.start();
    int const p = primary.port();
    int const s = standby.port();
    std::map<std::string, std::array<int, 2>> const expected{
        // where the primary comes first, and where the standby does
        {"any", {p, s}},     {"read-write", {p, p}}, {"read-only", {s, s}},
        {"primary", {p, p}}, {"standby", {s, s}},    {"prefer-standby", {s, s}}};
    for (auto const& [attrs, ports] : expected) {
        auto const asks = "target_session_attrs=" + attrs;
        EXPECT_EQ(port_by(both(primary.port(), standby.port(), asks)).value(), ports[0]) << attrs;
        EXPECT_EQ(port_by(both(standby.port(), primary.port(), asks)).value(), ports[1]) << attrs;
    }
    standby.signal(SIGINT);
    standby.join();
    EXPECT_EQ(port_by(both(standby.port(), primary.port(), "target_session_attrs=prefer-standby")).value(), p)
        << "better than none";
    for (auto const* attrs : {"standby", "read-only"}) {
        auto const none = port_by(both(primary.port(), standby.port(), fmt::format("target_session_attrs={}", attrs)));
        EXPECT_EQ(none.error().code(), pg::errc::connect_failed) << attrs;
        EXPECT_EQ(none.error().outcome(), outcome::not_sent);
    }
}

TEST_P(the_server, that_only_reads_by_default_is_no_read_write_one) {
    auto const uri = server().uri("&options=-c%20default_transaction_read_only%3Don");
    EXPECT_EQ(port_by(uri + "&target_session_attrs=read-only").value(), server().where().port);
    EXPECT_EQ(port_by(uri + "&target_session_attrs=primary").value(), server().where().port);
    EXPECT_EQ(port_by(uri + "&target_session_attrs=read-write").error().code(), pg::errc::connect_failed);
    EXPECT_EQ(port_by(server().uri("&target_session_attrs=read-only")).error().code(), pg::errc::connect_failed);
}

TEST_P(the_server, is_one_of_many_by_chance_where_that_is_asked_for) {
    own_postgres another;
    another.start();
    auto const uri = both(server().where().port, another.port(), {});
    auto const drawn = [&](std::uint64_t seed) {
        std::mt19937_64 random(seed);
        std::vector<int> ports;
        for (int i = 0; i < 20; ++i)
            ports.push_back(port_by(uri, {.hosts = pg::host_order::random, .random = random}).value());
        return ports;
    };
    auto const ports = drawn(7);
    EXPECT_EQ(drawn(7), ports) << "by what the generator says, and nothing else";
    EXPECT_THAT(ports, testing::Contains(server().where().port).Times(testing::AllOf(testing::Gt(2), testing::Lt(18))));
    for (int i = 0; i < 3; ++i) EXPECT_EQ(port_by(uri).value(), server().where().port) << "as given";
    another.signal(SIGINT);
    another.join();
    for (auto const port : drawn(7)) EXPECT_EQ(port, server().where().port) << "the other is tried";
}

TEST_P(the_server, is_found_by_the_environment) {
    auto const port = server().where().port;
    environment const host("PGHOST", "127.0.0.1");
    environment const at("PGPORT", std::to_string(port));
    environment const user("PGUSER", "coda");
    environment const database("PGDATABASE", "coda");
    environment const name("PGAPPNAME", server().mark());
    environment const options("PGOPTIONS", "-c statement_timeout=4321ms");
    environment const zone("PGTZ", "Asia/Tokyo");
    EXPECT_EQ(port_by("").value(), port);
    EXPECT_EQ(ask<std::string>("", "select current_setting('statement_timeout')"), "4321ms");
    EXPECT_EQ(ask<std::string>("", "select current_setting('TimeZone')"), "Asia/Tokyo");
    EXPECT_EQ(ask<std::string>("", "select current_setting('application_name')"), server().mark());
    EXPECT_EQ(ask<std::string>("application_name=other", "select current_setting('application_name')"), "other");
}

TEST_P(the_server, is_found_by_a_service) {
    own_postgres const place; // for its folder
    auto const file = place.folder() + "/services";
    auto const port = server().where().port;
    std::ofstream(file) << "[mine]\nhost=localhost\nport=" << port << "\nuser=coda\ndbname=coda\n"
                        << "application_name=" << server().mark() << "\n[elsewhere]\nhost=no-such-host.invalid\n";
    environment const services("PGSERVICEFILE", file);
    EXPECT_EQ(port_by("service=mine").value(), port);
    EXPECT_EQ(port_by("postgresql:///?service=mine").value(), port);
    EXPECT_EQ(port_by("host=127.0.0.1 service=elsewhere user=coda dbname=coda port=" + std::to_string(port)).value(),
              port)
        << "what the text says comes first";
    EXPECT_EQ(ask<std::string>("service=mine", "select current_setting('application_name')"), server().mark());
    EXPECT_EQ(port_by("service=elsewhere").error().code(), coda::errc::name_not_resolved) << "off the loop";
    EXPECT_THROW(pg::connection(loop(), "service=none"), coda::exception);
    environment const chosen("PGSERVICE", "mine");
    EXPECT_EQ(port_by("").value(), port);
}

TEST_P(the_server, is_told_by_the_environment_what_a_uri_leaves_out) {
    auto const uri = fmt::format("postgresql://127.0.0.1:{}", server().where().port);
    environment const user("PGUSER", "coda_password");
    environment const password("PGPASSWORD", "correct horse");
    environment const database("PGDATABASE", "coda");
    environment const name("PGAPPNAME", server().mark());
    environment const options("PGOPTIONS", "-c work_mem=1234kB");
    auto const sql = "select concat_ws(' ', current_user, current_database(), current_setting('application_name'), "
                     "current_setting('work_mem'))";
    auto const expected = fmt::format("coda_password coda {} 1234kB", server().mark());
    EXPECT_EQ(ask<std::string>(uri, sql), expected);
    pg::client db(loop(), uri);
    auto const body = [&]() -> task<> {
        co_await gives(db.query_one<std::string>(sql), expected);
        co_await db.close();
    };
    run(body());
    EXPECT_EQ(ask<std::string>(uri + "/?options=-c%20work_mem%3D64kB", "select current_setting('work_mem')"), "64kB")
        << "what the URI says comes first";
}

TEST_P(the_server, gets_the_password_of_the_environment) {
    auto const port = server().where().port;
    auto const by = [&](std::string_view who) {
        return fmt::format("postgresql://{}@127.0.0.1:{}/coda?application_name={}", who, port, server().mark());
    };
    {
        environment const right("PGPASSWORD", "correct horse");
        EXPECT_EQ(port_by(by("coda_password")).value(), port);
    }
    environment const wrong("PGPASSWORD", "wrong horse");
    auto const refused = port_by(by("coda_password"));
    EXPECT_EQ(refused.error().code(), pg::sqlstate::invalid_password);
    EXPECT_EQ(refused.error().outcome(), outcome::not_sent);
    EXPECT_THAT(refused.error().message(), Not(HasSubstr("horse")));
    EXPECT_EQ(port_by(by("coda_password:correct%20horse")).value(), port) << "what the URI says comes first";
}

TEST_P(the_server, gets_the_password_of_the_passfile_that_the_environment_names) {
    own_postgres const place;
    auto const file = place.folder() + "/passwords";
    auto const port = server().where().port;
    std::ofstream(file) << "127.0.0.1:" << port << ":coda:coda_password:correct horse\n";
    ::chmod(file.c_str(), 0600);
    auto const uri =
        fmt::format("postgresql://coda_password@127.0.0.1:{}/coda?application_name={}", port, server().mark());
    environment const passfile("PGPASSFILE", file);
    EXPECT_EQ(port_by(uri).value(), port);
    EXPECT_EQ(port_by(uri + "&passfile=/no/such/file").error().code(), pg::errc::wrong_settings);
    environment const wrong("PGPASSWORD", "wrong horse");
    EXPECT_EQ(port_by(uri).error().code(), pg::sqlstate::invalid_password) << "a password comes before the file";
}

// By the name in the connection string, though it was resolved before.
TEST_P(the_server, gets_the_password_of_the_passfile) {
    own_postgres const place;
    auto const file = place.folder() + "/passwords";
    auto const port = server().where().port;
    std::ofstream(file) << "127.0.0.1:*:*:*:wrong one\nlocalhost:" << port << ":coda:coda_password:correct horse\n";
    ::chmod(file.c_str(), 0600);
    auto const by = [&](std::string_view host) {
        return fmt::format("host={} port={} user=coda_password dbname=coda passfile={} application_name={}", host, port,
                           file, server().mark());
    };
    EXPECT_EQ(port_by(by("localhost")).value(), port);
    auto const wrong = port_by(by("127.0.0.1"));
    EXPECT_EQ(wrong.error().code(), pg::sqlstate::invalid_password);
    EXPECT_THAT(wrong.error().message(), Not(HasSubstr("wrong one")));
}

TEST_P(the_server, is_asked_for_settings_on_connecting) {
    auto const uri =
        server().uri("&options=-c%20search_path%3Dpg_catalog%20-c%20work_mem%3D1234kB&client_encoding=LATIN1");
    EXPECT_EQ(ask<std::string>(uri, "select current_setting('search_path')"), "pg_catalog");
    EXPECT_EQ(ask<std::string>(uri, "select current_setting('work_mem')"), "1234kB");
    EXPECT_EQ(ask<std::string>(uri, "select current_setting('client_encoding')"), "LATIN1");
    EXPECT_EQ(ask<std::string>(uri, "select current_setting('application_name')"), server().mark());
    auto const unknown = port_by(server().uri("&options=-c%20no_such_setting%3D1"));
    EXPECT_EQ(unknown.error().code(), pg::make_sqlstate("42704"));
}

// They are what reset() goes back to.
TEST_P(the_server, keeps_those_settings_after_a_reset) {
    pg::connection db(loop(), server().uri("&options=-c%20work_mem%3D1234kB"));
    auto const body = [&]() -> task<> {
        co_await db.connect();
        co_await db.execute("set work_mem = '4MB'");
        co_await db.reset();
        co_await gives(db.query_one<std::string>("select current_setting('work_mem')"), "1234kB");
        co_await db.close();
    };
    run(body());
}

// Of a client, whose connections each find a server of their own.
class the_servers : public the_server {
protected:
    std::string marked(std::uint16_t first, std::uint16_t second, std::string_view more = {}) {
        return both(first, second, fmt::format("application_name={}{}", server().mark(), more));
    }
    // Has a client open all of its connections.
    static task<> open_all(pg::client& db, std::size_t connections) {
        bool enough = false;
        auto const asks = [&]() -> task<> {
            while (!enough) co_await db.query("select 1");
        };
        auto const all = [&](scope& s) -> task<> {
            for (std::size_t i = 0; i < 4 * connections; ++i) s.spawn(asks());
            co_await until([&] { return db.open_connections() == connections; });
            enough = true;
        };
        co_await coda::with_scope(all);
    }
    // How many connections with this test's mark this server has.
    long connections_of(own_postgres const& one) {
        return postgres_session(one.uri()).count(
            fmt::format("select count(*) from pg_stat_activity where application_name = '{}'", server().mark()));
    }
};
CODA_ON_EVERY_LOOP(the_servers);

TEST_P(the_servers, of_a_client_are_all_of_them_by_chance_and_the_others_where_one_is_down) {
    own_postgres another;
    another.start();
    std::mt19937_64 random(7);
    pg::connection_options const by_chance{.hosts = pg::host_order::random, .random = random};
    pg::client db(loop(), marked(another.port(), server().where().port), {.connections = 16, .connection = by_chance});
    auto const body = [&]() -> task<> {
        co_await open_all(db, 16);
        auto const here = server().connections();
        EXPECT_GT(here, 2);
        EXPECT_LT(here, 14);
        EXPECT_EQ(connections_of(another), 16 - here);
        another.signal(SIGINT);
        another.join();
        co_await until([&] { return db.open_connections() == static_cast<std::size_t>(here); });
        co_await open_all(db, 16);
        EXPECT_EQ(server().connections(), 16);
        co_await db.close();
    };
    run(body());
}

TEST_P(the_servers, of_a_client_are_the_first_alone_where_chance_is_not_asked_for) {
    own_postgres another;
    another.start();
    pg::client db(loop(), marked(another.port(), server().where().port), {.connections = 8});
    auto const body = [&]() -> task<> {
        co_await open_all(db, 8);
        EXPECT_EQ(connections_of(another), 8);
        EXPECT_EQ(server().connections(), 0);
        co_await db.close();
    };
    run(body());
}

// As libpq has it from 16 on; before that it knows no such word.
TEST_P(the_servers, of_a_client_are_spread_by_the_connection_string_where_libpq_can) {
    own_postgres another;
    another.start();
    auto const uri = marked(another.port(), server().where().port, "&load_balance_hosts=random");
    if (PQlibVersion() < 160'000) {
        EXPECT_THROW(pg::client(loop(), uri), coda::exception);
        return;
    }
    std::mt19937_64 random(7);
    pg::connection_options const seeded{.random = random};
    pg::client db(loop(), uri, {.connections = 16, .connection = seeded});
    auto const body = [&]() -> task<> {
        co_await open_all(db, 16);
        EXPECT_GT(server().connections(), 0);
        EXPECT_GT(connections_of(another), 0);
        co_await db.close();
    };
    run(body());
}

TEST_P(the_servers, of_a_client_that_writes_are_those_that_are_not_read_only) {
    own_postgres reading;
    reading.start({"default_transaction_read_only=on"});
    std::mt19937_64 random(7);
    pg::connection_options const by_chance{.hosts = pg::host_order::random, .random = random};
    pg::client db(loop(), marked(reading.port(), server().where().port, "&target_session_attrs=read-write"),
                  {.connections = 8, .connection = by_chance});
    auto const body = [&]() -> task<> {
        co_await open_all(db, 8);
        EXPECT_EQ(server().connections(), 8);
        EXPECT_EQ(connections_of(reading), 0);
        co_await db.close();
    };
    run(body());
}

TEST_P(the_servers, of_a_client_that_writes_are_the_new_primary_when_the_old_one_has_gone) {
    own_postgres primary;
    primary.start();
    own_postgres standby;
    standby.copy(primary);
    standby.start();
    std::mt19937_64 random(7);
    pg::connection_options const by_chance{.hosts = pg::host_order::random, .random = random};
    pg::client db(loop(), marked(standby.port(), primary.port(), "&target_session_attrs=read-write"),
                  {.connections = 4, .connection = by_chance});
    auto const writes = [&]() -> task<std::int32_t> {
        auto const port = co_await db.query_one<std::int32_t>("select inet_server_port() from lo_create(0)");
        co_return port;
    };
    auto const body = [&]() -> task<> {
        co_await open_all(db, 4);
        EXPECT_EQ(connections_of(primary), 4);
        EXPECT_EQ(connections_of(standby), 0);
        co_await gives(writes(), primary.port());
        primary.signal(SIGINT);
        primary.join();
        co_await until([&] { return db.open_connections() == 0; });
        auto const none = co_await as_result(writes());
        EXPECT_EQ(none.error().code(), pg::errc::connect_failed) << "the standby is none yet";
        EXPECT_EQ(none.error().outcome(), outcome::not_sent);
        standby.promote();
        auto policy = coda::retry_policy::transient();
        policy.max_attempts = 1000;
        co_await gives(coda::with_timeout(20s, coda::retry(policy, writes)), standby.port());
        co_await db.close();
    };
    run(body());
}

} // namespace postgres_connecting_hosts_test
