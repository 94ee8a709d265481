// SPDX-License-Identifier: BSL-1.0
// Connecting by TLS, to a server with certificates of the test's own.
#include "on_postgres.hpp"
#include "support/cancel_everywhere.hpp"
#include "support/certificates.hpp"
#include "support/environment.hpp"
#include "support/own_postgres.hpp"
#include "support/tls_relay.hpp"

#include <fcntl.h>

namespace postgres_connecting_tls_test {

using namespace std::chrono_literals;
namespace pg = coda::pg;
using coda::as_result;
using coda::outcome;
using coda::task;
using coda::test::certificate_authority;
using coda::test::environment;
using coda::test::gives;
using testing::HasSubstr;
using testing::Not;

class connecting_by_tls : public coda::test::on_postgres {
protected:
    // Starts a server that takes nothing but TLS, with this certificate of the authority.
    void start(std::string const& certificate) {
        auto& own = server_.emplace();
        own.put("server.crt", authority_.content(certificate + ".pem"));
        own.put("server.key", authority_.content(certificate + ".key"));
        own.put("authority.crt", authority_.content("authority.pem"));
        own.put_rules("hostssl all bearer 127.0.0.1/32 cert\n"
                      "hostssl all coda_password 127.0.0.1/32 scram-sha-256\n"
                      "hostnossl all all 127.0.0.1/32 reject\n");
        own.start({"ssl=on", "ssl_ca_file=authority.crt"});
        coda::test::postgres_session(own.uri()).ask("create role bearer login");
    }
    void start_for_localhost() {
        authority_.sign("server", "localhost", "DNS:localhost,IP:127.0.0.1");
        start("server");
    }

    // Another user and host than usual, and more parameters.
    std::string uri(std::string const& user, std::string const& host, std::string const& more) const {
        return fmt::format("postgresql://{}@{}:{}/coda?{}", user, host, server_->port(), more);
    }
    std::string trusting(std::string_view mode) const {
        return fmt::format("sslmode={}&sslrootcert={}", mode, authority_.path("authority.pem"));
    }
    std::string showing(std::string_view certificate) const {
        return fmt::format("&sslcert={}&sslkey={}", authority_.path(fmt::format("{}.pem", certificate)),
                           authority_.path(fmt::format("{}.key", certificate)));
    }

    // Whether it connects, and by TLS; else why not.
    coda::result<bool> encrypted(std::string const& by) {
        pg::connection db(loop(), by);
        coda::result<bool> how(false);
        auto const body = [&]() -> task<> {
            auto const made = co_await as_result(db.connect());
            if (made.has_error())
                how = made.error();
            else
                how = co_await db.query_one<bool>("select ssl from pg_stat_ssl where pid = pg_backend_pid()");
            co_await db.close();
        };
        run(body());
        return how;
    }
    void expect_encrypted(std::string const& by) {
        auto const how = encrypted(by);
        ASSERT_TRUE(how.has_value()) << by << ": " << how.error().message();
        EXPECT_TRUE(*how) << by;
    }
    coda::error refused(std::string const& by) {
        auto const how = encrypted(by);
        EXPECT_TRUE(how.has_error()) << by;
        if (how.has_value()) return {};
        EXPECT_EQ(how.error().outcome(), outcome::not_sent);
        EXPECT_THAT(how.error().message(), Not(HasSubstr("horse")));
        return how.error();
    }

    certificate_authority authority_;
    std::optional<coda::test::own_postgres> server_;
};
CODA_ON_EVERY_LOOP(connecting_by_tls);

// Not in plain text instead.
TEST_P(connecting_by_tls, fails_where_the_server_has_none_and_it_is_asked_for) {
    coda::test::own_postgres plain;
    plain.start();
    auto const there = fmt::format("postgresql://coda@127.0.0.1:{}/coda?", plain.port());
    for (auto const* mode : {"require", "verify-ca", "verify-full"}) {
        auto const why = refused(there + trusting(mode));
        EXPECT_EQ(why.code(), pg::errc::wrong_settings) << mode << ": " << why.message();
        EXPECT_EQ(why.outcome(), outcome::not_sent);
    }
    auto const either = encrypted(there + "sslmode=prefer");
    EXPECT_FALSE(either.value());
}

TEST_P(connecting_by_tls, works_in_every_mode_where_all_is_right) {
    start_for_localhost();
    for (auto const* mode : {"allow", "prefer", "require", "verify-ca", "verify-full"})
        for (auto const* host : {"localhost", "127.0.0.1"}) expect_encrypted(uri("coda", host, trusting(mode)));
    expect_encrypted(uri("coda", "localhost", "sslmode=require")); // nobody asked who it is
    expect_encrypted(uri("coda", "localhost", trusting("verify-full") + "&ssl_min_protocol_version=TLSv1.3"));
    expect_encrypted(fmt::format("host=localhost hostaddr=127.0.0.1 port={} user=coda dbname=coda sslmode=verify-full "
                                 "sslrootcert={}",
                                 server_->port(), authority_.path("authority.pem")));
    auto const without = refused(uri("coda", "127.0.0.1", "sslmode=disable"));
    EXPECT_EQ(without.code(), pg::make_sqlstate("28000"));
}

TEST_P(connecting_by_tls, to_a_server_of_another_name_is_refused_by_verify_full_alone) {
    authority_.sign("server", "other.example", "DNS:other.example");
    start("server");
    expect_encrypted(uri("coda", "localhost", trusting("verify-ca")));
    auto const e = refused(uri("coda", "localhost", trusting("verify-full")));
    EXPECT_EQ(e.code(), pg::errc::wrong_settings);
    EXPECT_THAT(e.message(), HasSubstr("other.example"));
    EXPECT_THAT(e.message(), HasSubstr("localhost"));
}

TEST_P(connecting_by_tls, to_a_server_of_an_unknown_authority_is_refused) {
    start_for_localhost();
    certificate_authority const another;
    for (auto const* mode : {"verify-ca", "verify-full"}) {
        auto const by = fmt::format("sslmode={}&sslrootcert={}", mode, another.path("authority.pem"));
        auto const e = refused(uri("coda", "localhost", by));
        EXPECT_EQ(e.code(), pg::errc::wrong_settings);
        EXPECT_THAT(e.message(), HasSubstr("certificate verify failed"));
    }
    auto const none = refused(uri("coda", "localhost", "sslmode=verify-full&sslrootcert=/no/such/file"));
    EXPECT_THAT(none.message(), HasSubstr("/no/such/file"));
}

TEST_P(connecting_by_tls, to_a_server_whose_certificate_has_expired_is_refused) {
    authority_.sign("server", "localhost", "DNS:localhost", -1);
    start("server");
    auto const e = refused(uri("coda", "localhost", trusting("verify-full")));
    EXPECT_EQ(e.code(), pg::errc::wrong_settings);
    EXPECT_THAT(e.message(), HasSubstr("certificate verify failed"));
}

TEST_P(connecting_by_tls, shows_the_certificate_that_the_server_asks_for) {
    start_for_localhost();
    authority_.sign("bearer", "bearer");
    authority_.sign("another", "another");
    authority_.sign("expired", "bearer", {}, -1);
    auto const as_bearer = [&](std::string const& more) {
        return uri("bearer", "localhost", trusting("verify-full") + more);
    };
    expect_encrypted(as_bearer(showing("bearer")));
    EXPECT_EQ(refused(as_bearer("&sslcert=/no/such/file")).code(), pg::make_sqlstate("28000")) << "none";
    EXPECT_EQ(refused(as_bearer(showing("another"))).code(), pg::make_sqlstate("28000")) << "somebody else's";
    auto const expired = refused(as_bearer(showing("expired")));
    EXPECT_EQ(expired.code(), pg::errc::wrong_settings);
    EXPECT_THAT(expired.message(), HasSubstr("expired"));
    certificate_authority const unknown;
    unknown.sign("bearer", "bearer");
    auto const forged = refused(
        as_bearer(fmt::format("&sslcert={}&sslkey={}", unknown.path("bearer.pem"), unknown.path("bearer.key"))));
    EXPECT_EQ(forged.code(), pg::errc::wrong_settings);
    EXPECT_THAT(forged.message(), HasSubstr("unknown ca"));
}

TEST_P(connecting_by_tls, shows_a_certificate_whose_key_has_a_password) {
    start_for_localhost();
    authority_.sign("bearer", "bearer");
    authority_.encrypt("bearer", "battery staple");
    auto const with = [&](std::string const& password) {
        return uri("bearer", "localhost", trusting("verify-full") + showing("bearer") + "&sslpassword=" + password);
    };
    expect_encrypted(with("battery%20staple"));
    auto const wrong = refused(with("another%20staple"));
    EXPECT_EQ(wrong.code(), pg::errc::wrong_settings);
    EXPECT_THAT(wrong.message(), HasSubstr("could not load private key file"));
    EXPECT_THAT(wrong.message(), HasSubstr(authority_.path("bearer.key")));
    EXPECT_THAT(wrong.message(), Not(HasSubstr("staple")));
}

// Whoever is asked for it at a terminal holds up the loop until he answers. In a process of its own, which has no
// terminal: there OpenSSL would ask on its standard error.
TEST_P(connecting_by_tls, asks_nobody_for_the_password_of_a_key) {
    start_for_localhost();
    authority_.sign("bearer", "bearer");
    authority_.encrypt("bearer", "battery staple");
    auto const by = uri("bearer", "127.0.0.1", trusting("verify-full") + showing("bearer"));
    auto const fails = [&] {
        ::setsid();
        ::dup2(coda::test::unique_fd(::open("/dev/null", O_RDONLY | O_CLOEXEC)).get(), STDIN_FILENO);
        auto const own = coda::test::make_loop(GetParam());
        pg::connection db(*own, by);
        auto const body = [&]() -> task<bool> {
            auto const made = co_await as_result(db.connect());
            if (!made.has_error() || made.error().code() != pg::errc::wrong_settings) co_return false;
            co_return made.error().message().find("could not load private key file") != std::string::npos;
        };
        ::_exit(own->run(body()) ? 0 : 1);
    };
    EXPECT_EXIT(fails(), testing::ExitedWithCode(0), Not(HasSubstr("Enter PEM pass phrase")));
}

TEST_P(connecting_by_tls, to_a_server_whose_certificate_was_revoked_is_refused) {
    start_for_localhost();
    authority_.sign("another", "another");
    authority_.revoke("another");
    auto const by = [&](std::string_view mode) {
        return uri("coda", "localhost", trusting(mode) + "&sslcrl=" + authority_.path("authority.crl"));
    };
    expect_encrypted(by("verify-full"));
    authority_.revoke("server");
    for (auto const* mode : {"verify-ca", "verify-full"}) {
        auto const e = refused(by(mode));
        EXPECT_EQ(e.code(), pg::errc::wrong_settings) << mode;
        EXPECT_THAT(e.message(), HasSubstr("certificate verify failed"));
    }
    expect_encrypted(uri("coda", "localhost", trusting("verify-full"))); // nobody asked
    environment const list("PGSSLCRL", authority_.path("authority.crl"));
    EXPECT_EQ(refused(uri("coda", "localhost", trusting("verify-full"))).code(), pg::errc::wrong_settings);
}

TEST_P(connecting_by_tls, is_what_the_environment_says_where_the_uri_does_not) {
    coda::test::own_postgres plain;
    plain.start();
    start_for_localhost();
    certificate_authority const another;
    auto const by = fmt::format("postgresql://coda@localhost:{}/coda", server_->port());
    {
        environment const mode("PGSSLMODE", "verify-full");
        EXPECT_EQ(refused(fmt::format("postgresql://coda@127.0.0.1:{}/coda", plain.port())).code(),
                  pg::errc::wrong_settings);
        environment const trusted("PGSSLROOTCERT", authority_.path("authority.pem"));
        expect_encrypted(by);
        environment const not_trusted("PGSSLROOTCERT", another.path("authority.pem"));
        EXPECT_THAT(refused(by).message(), HasSubstr("certificate verify failed"));
        expect_encrypted(by + "?sslrootcert=" + authority_.path("authority.pem"));
    }
    environment const off("PGSSLMODE", "disable");
    EXPECT_EQ(refused(by).code(), pg::make_sqlstate("28000"));
    expect_encrypted(by + "?sslmode=require");
}

TEST_P(connecting_by_tls, binds_the_login_to_the_channel) {
    start_for_localhost();
    auto const with = [&](std::string const& password, std::string const& more) {
        return uri("coda_password:" + password, "localhost", more);
    };
    expect_encrypted(with("correct%20horse", trusting("verify-full") + "&channel_binding=require"));
    auto const wrong = refused(with("wrong%20horse", trusting("verify-full") + "&channel_binding=require"));
    EXPECT_EQ(wrong.code(), pg::sqlstate::invalid_password);
    auto const unbound = refused(coda::test::server_variable("CODA_TEST_POSTGRES_PASSWORD_URI") +
                                 "?sslmode=disable&channel_binding=require");
    EXPECT_EQ(unbound.code(), pg::errc::wrong_settings);
    EXPECT_THAT(unbound.message(), HasSubstr("channel binding"));
}

TEST_P(connecting_by_tls, may_be_cancelled_anywhere) {
    start_for_localhost();
    auto const by = uri("coda", "localhost", trusting("verify-full"));
    auto const before = coda::test::sockets_open();
    auto const attempt = [&]() -> task<bool> {
        pg::connection db(loop(), by);
        auto const r = co_await as_result(db.connect());
        if (r.has_value()) co_return true;
        EXPECT_EQ(r.error().code(), coda::errc::cancelled);
        EXPECT_EQ(r.error().outcome(), outcome::not_sent);
        EXPECT_EQ(coda::test::sockets_open(), before);
        co_return false;
    };
    EXPECT_GT(run(coda::test::cancel_everywhere(attempt)), 0);
}

// Bytes wait in the TLS library that the socket does not tell of.
TEST_P(connecting_by_tls, carries_large_results_and_parameters) {
    start_for_localhost();
    pg::connection db(loop(), uri("coda", "localhost", trusting("verify-full")));
    auto const body = [&]() -> task<> {
        co_await db.connect();
        for (std::size_t const size : {1u, 16'383u, 16'384u, 16'385u, 1'000'000u, 20'000'000u}) {
            std::string const text(size, 'x');
            auto const back = co_await db.query_one<std::string>("select $1::text", text);
            EXPECT_TRUE(back == text) << size;
        }
        auto const rows = co_await db.query<std::int32_t>("select generate_series(1, 100000)");
        EXPECT_EQ(rows.size(), 100'000u);
        co_await db.close();
    };
    run(body());
}

// PostgreSQL's records have 8 KB, for which libpq always has room; those of a proxy are larger, and what is left of one
// in OpenSSL makes no socket readable.
TEST_P(connecting_by_tls, takes_records_larger_than_libpq_has_room_for) {
    authority_.sign("server", "localhost", "DNS:localhost,IP:127.0.0.1");
    coda::test::tls_relay const tls(authority_.path("server.pem"), authority_.path("server.key"), server().where(),
                                    coda::test::tls_relay::begins::as_postgres);
    auto const plain = server().uri();
    auto const credentials = plain.substr(0, plain.find('@') + 1);
    pg::connection db(loop(), fmt::format("{}127.0.0.1:{}{}&{}", credentials, tls.port(),
                                          plain.substr(plain.rfind('/')), trusting("verify-full")));
    auto const body = [&]() -> task<> {
        co_await db.connect();
        // While its buffer has 16 KB: a row of which it has the beginning leaves no room for a whole record.
        for (int count = 5; count < 150; ++count) {
            auto const all =
                co_await db.query<std::string>("select repeat('x', 3000) from generate_series(1, $1)", count);
            EXPECT_EQ(all.size(), static_cast<std::size_t>(count));
        }
        std::int64_t sum = 0;
        auto rows = db.stream<std::string>("select repeat('x', 1000) from generate_series(1, 2000)");
        while (auto r = co_await rows.next()) sum += static_cast<std::int64_t>(r->size());
        EXPECT_EQ(sum, 2'000'000);
        co_await db.close();
    };
    run(body());
}

// The request goes by a connection of its own.
TEST_P(connecting_by_tls, cancels_on_the_server_too) {
    start_for_localhost();
    pg::connection db(loop(), uri("coda", "localhost", trusting("verify-full")));
    coda::test::postgres_session look(server_->uri());
    auto const running = [&] {
        return look.count(
            "select count(*) from pg_stat_activity where state = 'active' and query like '%pg_sleep(3600)' "
            "and pid <> pg_backend_pid()");
    };
    auto const body = [&](coda::scope& s) -> task<> {
        co_await db.connect();
        auto slow = s.spawn(db.execute("select pg_sleep(3600)"));
        co_await coda::test::until([&] { return running() == 1; });
        co_await gives(slow.cancel(), outcome::unknown);
        co_await coda::test::until([&] { return running() == 0; });
        co_await gives(db.query_one<std::int32_t>("select 1"), 1);
        co_await db.close();
    };
    run(coda::with_scope(body));
}

} // namespace postgres_connecting_tls_test
