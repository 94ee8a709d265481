// SPDX-License-Identifier: BSL-1.0
// Which server a connection string leads to: several hosts, what they are, and where the string's missing parts come
// from.
#include "on_postgres.hpp"
#include "support/own_postgres.hpp"

#include <fstream>
#include <map>
#include <random>

namespace postgres_connecting_hosts_test {

using namespace std::chrono_literals;
namespace pg = coda::pg;
using coda::as_result;
using coda::outcome;
using coda::task;
using coda::test::gives;
using coda::test::own_postgres;
using testing::HasSubstr;
using testing::Not;

// Sets a variable of the environment until it goes.
class environment {
public:
    environment(char const* name, std::string const& value) : name_(name) {
        if (char const* const before = std::getenv(name)) before_ = before;
        setenv(name, value.c_str(), 1);
    }
    ~environment() { before_ ? setenv(name_, before_->c_str(), 1) : unsetenv(name_); }
    environment(environment const&) = delete;
    environment& operator=(environment const&) = delete;

private:
    char const* name_;
    std::optional<std::string> before_;
};

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

} // namespace postgres_connecting_hosts_test
