// SPDX-License-Identifier: BSL-1.0
#include "conninfo.hpp"

#include <coda/postgres.hpp>
#include <coda/runtime.hpp>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>

namespace postgres_conninfo_test {

using namespace std::chrono_literals;
using coda::pg::detail::conninfo;
using coda::pg::detail::server_address;
using coda::pg::detail::what_is_wrong;
using testing::HasSubstr;
using testing::Not;
using servers = std::vector<server_address>;

// A conninfo meets no PG* variable but those that its test sets.
class a_conninfo : public testing::Test {
protected:
    a_conninfo() {
        for (auto const* name : names) {
            char const* value = std::getenv(name);
            if (value != nullptr) before_.emplace(name, value);
            unsetenv(name);
        }
    }
    ~a_conninfo() override {
        for (auto const* name : names) unsetenv(name);
        for (auto const& [name, value] : before_) setenv(name.c_str(), value.c_str(), 1);
    }

    static servers servers_of(std::string const& text) {
        auto const parsed = conninfo::parse(text);
        EXPECT_TRUE(parsed.has_value()) << text << ": " << parsed.error().message();
        return parsed ? parsed->servers() : servers();
    }
    static std::map<std::string, std::string> parameters_of_parsed(conninfo const& info) {
        auto const all = info.parameters();
        return {all.begin(), all.end()};
    }
    static std::map<std::string, std::string> parameters_of(std::string const& text) {
        return parameters_of_parsed(conninfo::parse(text).value());
    }
    static std::string refused(std::string const& text) {
        auto const parsed = conninfo::parse(text);
        EXPECT_TRUE(parsed.has_error()) << text;
        if (parsed) return {};
        EXPECT_EQ(parsed.error().code(), coda::errc::invalid_argument);
        EXPECT_EQ(parsed.error().outcome(), coda::outcome::not_sent);
        return parsed.error().message();
    }

private:
    static constexpr char const* names[] = {
        "PGHOST",    "PGHOSTADDR", "PGPORT",       "PGUSER",    "PGPASSWORD",        "PGDATABASE",
        "PGSERVICE", "PGSSLMODE",  "PGGSSENCMODE", "PGAPPNAME", "PGCONNECT_TIMEOUT", "PGSERVICEFILE"};
    std::map<std::string, std::string> before_;
};

TEST_F(a_conninfo, takes_a_uri_apart) {
    auto const p =
        parameters_of("postgresql://me:pa%20ss%40@db.example:6432/bank?application_name=a%26b&sslmode=disable");
    EXPECT_EQ(p.at("user"), "me");
    EXPECT_EQ(p.at("password"), "pa ss@");
    EXPECT_EQ(p.at("host"), "db.example");
    EXPECT_EQ(p.at("port"), "6432");
    EXPECT_EQ(p.at("dbname"), "bank");
    EXPECT_EQ(p.at("application_name"), "a&b");
    EXPECT_EQ(p.at("sslmode"), "disable");
    EXPECT_EQ(servers_of("postgres://db/x"), (servers{{"db", "", "5432"}})) << "the short scheme";
}

TEST_F(a_conninfo, takes_keywords_apart) {
    auto const p = parameters_of("host = db port=1 user='a \\' b' dbname=bank password=''");
    EXPECT_EQ(p.at("user"), "a ' b");
    EXPECT_EQ(p.at("dbname"), "bank");
    EXPECT_EQ(servers_of("host = db port=1"), (servers{{"db", "", "1"}}));
}

TEST_F(a_conninfo, may_be_empty) {
    for (auto const* text : {"", "postgresql://", "postgresql:///", "   "})
        EXPECT_EQ(servers_of(text), (servers{{"", "", "5432"}})) << text;
}

TEST_F(a_conninfo, has_several_servers) {
    EXPECT_EQ(servers_of("postgresql://a:1,b,c:3/x"), (servers{{"a", "", "1"}, {"b", "", ""}, {"c", "", "3"}}));
    EXPECT_EQ(servers_of("host=a,b port=7"), (servers{{"a", "", "7"}, {"b", "", "7"}})) << "a shared port";
    EXPECT_EQ(servers_of("host=a,b hostaddr=1.1.1.1, port=1,2"), (servers{{"a", "1.1.1.1", "1"}, {"b", "", "2"}}));
    EXPECT_EQ(servers_of("hostaddr=1.1.1.1,::1 port=5"), (servers{{"", "1.1.1.1", "5"}, {"", "::1", "5"}}));
    EXPECT_EQ(parameters_of("host=a,b port=1,2").at("host"), "a,b");
    EXPECT_EQ(parameters_of("host=a,b port=1,2").at("port"), "1,2");
}

TEST_F(a_conninfo, knows_ipv6_and_unix_sockets) {
    EXPECT_EQ(servers_of("postgresql://[::1]:5433/x"), (servers{{"::1", "", "5433"}}));
    EXPECT_EQ(servers_of("postgresql://%2Ftmp%2Fsocket/x"), (servers{{"/tmp/socket", "", "5432"}}));
    EXPECT_EQ(servers_of("postgresql:///x?host=/tmp/socket&port=9"), (servers{{"/tmp/socket", "", "9"}}));
    EXPECT_EQ(servers_of("host=@abstract port=9"), (servers{{"@abstract", "", "9"}}));
}

TEST_F(a_conninfo, resolves_names_only) {
    for (auto const& local : servers{{"", "", ""},
                                     {"/tmp", "", ""},
                                     {"@x", "", ""},
                                     {"127.0.0.1", "", ""},
                                     {"::1", "", ""},
                                     {"db.example", "10.0.0.1", ""}})
        EXPECT_FALSE(local.needs_resolving()) << local.host;
    for (auto const* name : {"localhost", "db.example", "127.1", "1.2.3.4.5", "::x"})
        EXPECT_TRUE((server_address{name, "", ""}.needs_resolving())) << name;
}

TEST_F(a_conninfo, takes_resolved_servers) {
    auto info = conninfo::parse("postgresql://me@db:1/x").value();
    info.set_servers({{"db", "10.0.0.1", "1"}, {"db", "10.0.0.2", "1"}});
    auto const all = info.parameters();
    std::map<std::string, std::string> const p(all.begin(), all.end());
    EXPECT_EQ(p.at("host"), "db,db");
    EXPECT_EQ(p.at("hostaddr"), "10.0.0.1,10.0.0.2");
    EXPECT_EQ(p.at("port"), "1,1");
    EXPECT_EQ(p.at("user"), "me");
}

TEST_F(a_conninfo, takes_what_is_missing_from_the_environment) {
    setenv("PGHOST", "env.example", 1);
    setenv("PGPORT", "7777", 1);
    EXPECT_EQ(servers_of(""), (servers{{"env.example", "", "7777"}}));
    EXPECT_EQ(servers_of("host=given"), (servers{{"given", "", "7777"}}));
    EXPECT_EQ(servers_of("port=1"), (servers{{"env.example", "", "1"}}));
    setenv("PGHOST", "a,b", 1);
    EXPECT_EQ(servers_of(""), (servers{{"a", "", "7777"}, {"b", "", "7777"}}));
    setenv("PGHOSTADDR", "1.1.1.1,2.2.2.2", 1);
    EXPECT_EQ(servers_of(""), (servers{{"a", "1.1.1.1", "7777"}, {"b", "2.2.2.2", "7777"}}));
    EXPECT_EQ(servers_of("host=given"), (servers{{"given", "", "7777"}})) << "the environment's address is of its host";
    setenv("PGPORT", "70000", 1);
    EXPECT_THAT(refused(""), HasSubstr("port"));
}

TEST_F(a_conninfo, takes_what_is_missing_from_its_service) {
    auto const file = testing::TempDir() + fmt::format("coda_services_{}", getpid());
    std::ofstream(file) << "[two]\nhost=a,b\nport=1,2\nsslmode=require\nconnect_timeout=9\npassword=s3cret\n"
                        << "[wrong]\nsslmode=s3cret\n[odd]\nport=s3cret\n[nested]\nservice=two\n";
    setenv("PGSERVICEFILE", file.c_str(), 1);
    setenv("PGHOST", "env.example", 1);
    EXPECT_EQ(servers_of("service=two"), (servers{{"a", "", "1"}, {"b", "", "2"}}));
    EXPECT_EQ(servers_of("postgresql:///?service=two"), (servers{{"a", "", "1"}, {"b", "", "2"}}));
    EXPECT_EQ(servers_of("service=two host=c port=3"), (servers{{"c", "", "3"}}));
    EXPECT_EQ(conninfo::parse("service=two").value().connect_timeout(), 9s);
    EXPECT_EQ(conninfo::parse("service=two connect_timeout=5").value().connect_timeout(), 5s);
    EXPECT_EQ(parameters_of("service=two").at("service"), "two") << "the rest libpq reads itself";
    EXPECT_EQ(parameters_of("service=two").at("gssencmode"), "disable");
    EXPECT_THAT(refused("service=none"), HasSubstr("service"));
    EXPECT_THAT(refused("service=wrong"), HasSubstr("sslmode must be"));
    for (auto const* bad : {"service=none", "service=wrong", "service=odd", "service=nested"})
        EXPECT_THAT(refused(bad), Not(HasSubstr("s3cret"))) << bad;
    setenv("PGSERVICE", "two", 1);
    EXPECT_EQ(servers_of(""), (servers{{"a", "", "1"}, {"b", "", "2"}}));
    setenv("PGSERVICE", "none", 1);
    EXPECT_THAT(refused(""), HasSubstr("service"));
    std::remove(file.c_str());
}

TEST_F(a_conninfo, uses_no_kerberos_unless_asked) {
    EXPECT_EQ(parameters_of("").at("gssencmode"), "disable");
    EXPECT_EQ(parameters_of("gssencmode=prefer").at("gssencmode"), "prefer");
}

TEST_F(a_conninfo, names_the_malformed_part) {
    EXPECT_THAT(refused("host=a port=0"), HasSubstr("port"));
    EXPECT_THAT(refused("host=a port=65536"), HasSubstr("port"));
    EXPECT_THAT(refused("host=a port=-1"), HasSubstr("port"));
    EXPECT_THAT(refused("host=a port=1x"), HasSubstr("port"));
    EXPECT_THAT(refused("postgresql://a:99999999999999999999/x"), HasSubstr("port"));
    EXPECT_THAT(refused("postgresql://a:1,b:0/x"), HasSubstr("port"));
    EXPECT_THAT(refused("host=a,b,c port=1,2"), HasSubstr("2 ports for 3 hosts"));
    EXPECT_THAT(refused("host=a,b hostaddr=1.1.1.1"), HasSubstr("2 hosts but 1"));
    EXPECT_THAT(refused("host=a colour=blue"), HasSubstr("unknown option \"colour\""));
    EXPECT_THAT(refused("postgresql://me:pw@a/x?colour=blue"), HasSubstr("\"colour\""));
    EXPECT_THAT(refused("postgresql://a/x?sslmode"), HasSubstr("query"));
    EXPECT_THAT(refused("postgresql://a/x?sslmode=a=b"), HasSubstr("query"));
    EXPECT_THAT(refused("postgresql://[::1/x"), HasSubstr("bracket"));
    EXPECT_THAT(refused("postgresql://[]/x"), HasSubstr("IPv6"));
    EXPECT_THAT(refused("postgresql://[::1]x/x"), HasSubstr("character"));
    EXPECT_THAT(refused("postgresql://a%zz/x"), HasSubstr("%"));
    EXPECT_THAT(refused("postgresql://a%0/x"), HasSubstr("%"));
    EXPECT_THAT(refused("postgresql://a%00b/x"), HasSubstr("zero byte"));
    EXPECT_THAT(refused("host=a user"), HasSubstr("name=value"));
    EXPECT_THAT(refused("host='a"), HasSubstr("quote"));
    EXPECT_THAT(refused("http://a/x"), HasSubstr("neither a URI"));
    EXPECT_THAT(refused(std::string("host=a\0b", 8)), HasSubstr("zero byte"));
    EXPECT_THAT(refused("postgresql://me:p@w@a/x"), HasSubstr("%40"));
}

TEST_F(a_conninfo, names_the_option_whose_value_libpq_does_not_know) {
    for (auto const* option : {"sslmode", "channel_binding", "gssencmode", "target_session_attrs",
                               "ssl_min_protocol_version", "ssl_max_protocol_version", "connect_timeout", "keepalives",
                               "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout"}) {
        auto const message = refused(fmt::format("host=a {}=nonsense", option));
        EXPECT_THAT(message, HasSubstr(std::string(option) + " must be"));
        EXPECT_THAT(message, Not(HasSubstr("nonsense")));
    }
    for (auto const* good : {"sslmode=verify-full", "sslmode=''", "ssl_min_protocol_version=tlsv1.2",
                             "target_session_attrs=prefer-standby", "keepalives=0", "keepalives_idle=' +5 '"})
        EXPECT_TRUE(conninfo::parse(std::string("host=a ") + good).has_value()) << good;
    setenv("PGSSLMODE", "nonsense", 1);
    EXPECT_THAT(refused(""), HasSubstr("sslmode must be disable, allow"));
    EXPECT_EQ(parameters_of("sslmode=require").at("sslmode"), "require");
}

TEST_F(a_conninfo, has_the_connect_timeout_that_libpq_would_have) {
    auto const timeout = [](std::string const& value) {
        return conninfo::parse("host=a connect_timeout='" + value + "'").value().connect_timeout();
    };
    EXPECT_EQ(timeout("7"), 7s);
    EXPECT_EQ(timeout(" 7 "), 7s);
    EXPECT_EQ(timeout("1"), 2s) << "no shorter";
    EXPECT_EQ(timeout("2147483647"), 24h) << "no longer than makes sense";
    for (auto const* none : {"0", "-1", ""}) EXPECT_EQ(timeout(none), std::nullopt);
    EXPECT_EQ(conninfo::parse("host=a").value().connect_timeout(), std::nullopt);
    for (auto const* wrong : {"1.5", "1s", "x", "99999999999", "+-1", "1 2"})
        EXPECT_THAT(refused(std::string("host=a connect_timeout='") + wrong + "'"),
                    HasSubstr("connect_timeout must be an integer"));
    setenv("PGCONNECT_TIMEOUT", "9", 1);
    EXPECT_EQ(conninfo::parse("host=a").value().connect_timeout(), 9s);
    EXPECT_EQ(timeout("3"), 3s);
    unsetenv("PGCONNECT_TIMEOUT");
}

TEST_F(a_conninfo, goes_on_after_a_server_that_did_not_answer) {
    auto info = conninfo::parse("host=a,b,c,d").value();
    EXPECT_EQ(info.tries_left(0), 4U);
    EXPECT_EQ(info.tries_left(3), 1U);
    EXPECT_TRUE(info.go_on_after(1)); // a has failed
    EXPECT_EQ(parameters_of_parsed(info).at("host"), "c,d");
    EXPECT_FALSE(info.go_on_after(1));

    auto twice = conninfo::parse("host=a,b,c target_session_attrs=prefer-standby").value();
    EXPECT_EQ(twice.tries_left(0), 6U);
    EXPECT_EQ(twice.tries_left(2), 4U);
    EXPECT_TRUE(twice.go_on_after(1)); // a may do in the second round
    EXPECT_EQ(parameters_of_parsed(twice).at("host"), "a,c");
}

// Wherever a password may stand, and whatever is wrong beside it or in it.
TEST_F(a_conninfo, no_error_repeats_a_password) {
    std::vector<std::string> const malformed{"host=a password=s3cret port=x",
                                             "host=a password=s3cret colour=blue",
                                             "host=a password=my s3cret",
                                             "host=a password=my s3cret port=5",
                                             "host=a password=my s3cret=5",
                                             "host=a password='s3cret",
                                             "password='s3cret\\'",
                                             "password = s3cret blue",
                                             "password s3cret",
                                             "s3cret",
                                             "port=s3cret",
                                             "password=x port=s3cret",
                                             "host=a,b,c port=1,s3cret",
                                             "password='my' s3cret",
                                             "password='my's3cret'",
                                             "colour='s3cret'",
                                             "postgresql://me:s3cret@a:x/db",
                                             "postgresql://me:s3cret@a:99999/db",
                                             "postgresql://me:s3cret@[::1/db",
                                             "postgresql://me:s3cret@[]/db",
                                             "postgresql://me:s3cret@[::1]x/db",
                                             "postgresql://me:s3cret%@a/db",
                                             "postgresql://me:s3cret%zz@a/db",
                                             "postgresql://me:%00s3cret@a/db",
                                             "postgresql://me:s3cret%0@a/db",
                                             "postgresql://me:s3cret@a/db?x",
                                             "postgresql://me:s3cret@a/db?x=y",
                                             "postgresql://me:s3cret@a/db?sslmode=a=b",
                                             "postgresql://me:my/s3cret@a/db",
                                             "postgresql://me:1/s3cret?x@a/db",
                                             "postgresql://me:1/s3cret?s3cret=1@a/db",
                                             "postgresql://me:my@s3cret@a/db",
                                             "postgresql://me:@s3cret@a/db",
                                             "postgresql://me:my@s3cret:x@a/db",
                                             "postgresql://me:1/x?password=my&s3cret",
                                             "postgresql://a/db?password=my&s3cret=1",
                                             "postgresql://a/db?password=s3cret=1",
                                             "postgresql://a/db?password=s3cret%",
                                             "postgresql://a/db?password=s3cret&x=1",
                                             "postgresql://a/db?port=s3cret",
                                             "postgresql://a:s3cret/db",
                                             "postgresql://me:s3cret@a,b:x/db",
                                             "postgres:/me:s3cret@a/db",
                                             "postgresql:me:s3cret@a/db",
                                             "http://me:s3cret@a/db",
                                             "//me:s3cret@a/db",
                                             std::string("password=s3cret\0", 16),
                                             "postgresql://me:my s3cret@a:x/db",
                                             "postgresql://me:s3cret@a:1:2/db",
                                             "postgresql://me:[s3cret@a:b]/db",
                                             "postgresql://[s3cret",
                                             "postgresql://me:[s3cret"};
    coda::asio_loop loop;
    for (auto const& text : malformed) {
        auto const parsed = conninfo::parse(text);
        if (parsed.has_error()) {
            EXPECT_THAT(parsed.error().message(), Not(HasSubstr("s3cret"))) << text;
            EXPECT_FALSE(parsed.error().message().empty());
            try {
                coda::pg::connection const refused(loop, text);
                ADD_FAILURE() << text;
            } catch (coda::exception const& e) {
                EXPECT_THAT(e.what(), Not(HasSubstr("s3cret"))) << text;
            }
            EXPECT_THROW(coda::pg::client(loop, text), coda::exception);
            continue;
        }
        // libpq takes it; then at least no server's name, which errors do repeat, has a part of it.
        for (auto const& s : parsed->servers()) EXPECT_THAT(s.host + s.port, Not(HasSubstr("s3cret"))) << text;
    }
}

// Passwords of letters only look like names of options.
TEST_F(a_conninfo, no_unknown_option_is_named_where_it_may_be_a_password) {
    for (auto const* text : {"password=correct horse=battery", "postgresql://a/db?password=correct&horse=battery",
                             "postgresql://me:1/x?horse=battery@a/db"})
        EXPECT_THAT(refused(text), Not(HasSubstr("horse"))) << text;
}

TEST_F(a_conninfo, translated_messages_are_not_repeated) {
    EXPECT_EQ(what_is_wrong("", "fehlendes »=« nach »s3cret« in der Zeichenkette"), "malformed");
    EXPECT_EQ(what_is_wrong("", ""), "malformed");
}

} // namespace postgres_conninfo_test
