// SPDX-License-Identifier: BSL-1.0
#include "on_postgres.hpp"
#include "support/cancel_everywhere.hpp"
#include "support/fault_proxy.hpp"
#include "support/scripted_peer.hpp"
#include "support/unreachable_endpoint.hpp"

#include <fcntl.h>
#include <fmt/ranges.h>
#include <sys/resource.h>

namespace postgres_connecting_test {

using namespace std::chrono_literals;
namespace pg = coda::pg;
using coda::as_result;
using coda::outcome;
using coda::task;
using coda::test::endpoint;
using coda::test::gives;
using coda::test::until;
using testing::HasSubstr;
using testing::Not;

class connecting : public coda::test::on_postgres {
protected:
    // Connects by `uri` and gives the error that this must end with.
    coda::error failure_of(std::string uri, pg::connection_options options = {}) {
        pg::connection db(loop(), std::move(uri), options);
        coda::error e;
        auto const body = [&]() -> task<> {
            auto const r = co_await as_result(db.connect());
            EXPECT_TRUE(r.has_error());
            EXPECT_FALSE(db.usable());
            e = r.error();
        };
        run(body());
        EXPECT_EQ(e.outcome(), outcome::not_sent);
        return e;
    }
    void expect_connects(std::string uri) {
        pg::connection db(loop(), std::move(uri));
        auto const body = [&]() -> task<> {
            co_await db.connect();
            co_await gives(db.query_one<std::int32_t>("select 1"), 1);
        };
        run(body());
    }
    // Several servers, and this one behind them: so often that a machine that is too slow for one share of the time has
    // more of them.
    std::string behind(std::vector<std::uint16_t> ports) {
        ports.resize(20, server().where().port);
        std::string hosts = "127.0.0.1";
        for (std::size_t i = 1; i < ports.size(); ++i) hosts += ",127.0.0.1";
        return fmt::format("host={} port={} user=coda dbname=coda application_name={}", hosts, fmt::join(ports, ","),
                           server().mark());
    }
    static std::string at(endpoint const& e) { return fmt::format("postgresql://me:s3cret@127.0.0.1:{}/x", e.port); }
};
CODA_ON_EVERY_LOOP(connecting);

TEST_P(connecting, works_by_tcp_by_name_by_socket_and_with_a_password) {
    expect_connects(server().uri());
    expect_connects(fmt::format("host=localhost port={} user=coda dbname=coda", server().where().port));
    expect_connects(server().socket_uri());
    expect_connects(coda::test::server_variable("CODA_TEST_POSTGRES_PASSWORD_URI"));
}

TEST_P(connecting, tries_one_server_after_the_other) {
    coda::test::refusing_endpoint nobody;
    auto const port = server().where().port;
    expect_connects(fmt::format("postgresql://coda@127.0.0.1:{},no-such-host.invalid:5,127.0.0.1:{}/coda",
                                nobody.where().port, port));
    expect_connects(fmt::format("host=/no/such/folder,localhost port={} user=coda dbname=coda", port));
}

TEST_P(connecting, tells_what_the_server_rejects) {
    auto const base = fmt::format("127.0.0.1:{}", server().where().port);
    auto const password = failure_of("postgresql://coda_password:s3cret@" + base + "/coda");
    EXPECT_EQ(password.code(), pg::sqlstate::invalid_password);
    EXPECT_EQ(password.outcome(), coda::outcome::not_sent);
    ASSERT_NE(password.details<pg::server_error>(), nullptr);
    EXPECT_EQ(password.details<pg::server_error>()->primary,
              "password authentication failed for user \"coda_password\"");
    EXPECT_THAT(password.message(), HasSubstr(fmt::format("port {}", server().where().port)));
    EXPECT_THAT(password.message(), Not(HasSubstr("s3cret")));
    auto const none = failure_of("postgresql://coda_password@" + base + "/coda?passfile=/no/such/file");
    EXPECT_EQ(none.code(), pg::errc::wrong_settings);
    EXPECT_THAT(none.message(), HasSubstr("no password supplied"));
    auto const database = failure_of("postgresql://coda@" + base + "/no_such_database");
    EXPECT_EQ(database.code(), pg::sqlstate::invalid_catalog_name);
    EXPECT_THAT(database.message(), HasSubstr("\"no_such_database\" does not exist"));
    EXPECT_THAT(database.message(), Not(HasSubstr("\n")));
    auto const attribute = failure_of("postgresql://coda@" + base + "/coda?target_session_attrs=read-only");
    EXPECT_EQ(attribute.code(), pg::errc::connect_failed);
}

TEST_P(connecting, too_often_is_rejected) {
    auto const role = server().fresh_name();
    server().ask("create role " + role + " login connection limit 1");
    auto const uri = fmt::format("postgresql://{}@127.0.0.1:{}/coda?application_name={}", role, server().where().port,
                                 server().mark());
    {
        pg::client db(loop(), uri, {.connections = 2});
        pg::connection second(loop(), uri);
        auto const body = [&]() -> task<> {
            co_await db.connect();
            auto const refused = co_await as_result(second.connect());
            EXPECT_TRUE(refused.has_error());
            EXPECT_EQ(refused.error().code(), pg::sqlstate::too_many_connections);
            EXPECT_THAT(refused.error().message(), HasSubstr("too many connections"));
            // The client would like a second one, too; the first goes on serving all.
            auto const busy = [&](coda::scope& s) -> task<> {
                for (int i = 0; i < 50; ++i) s.spawn(db.query("select pg_sleep(0.002)"));
                co_return;
            };
            co_await coda::with_scope(busy);
            EXPECT_EQ(db.open_connections(), 1u);
        };
        run(body());
    }
    auto const drop = [&]() -> task<> {
        co_await until([&] { return server().connections() == 0; });
        server().ask("drop role " + role);
    };
    run(drop());
}

TEST_P(connecting, where_nobody_listens_is_refused) {
    coda::test::refusing_endpoint nobody;
    auto const e = failure_of(at(nobody.where()));
    EXPECT_EQ(e.code(), pg::errc::connect_failed);
    EXPECT_THAT(e.message(), HasSubstr("refused"));
    EXPECT_THAT(e.message(), Not(HasSubstr("s3cret")));
    auto const socket = failure_of("postgresql://me:s3cret@/x?host=/no/such/folder");
    EXPECT_EQ(socket.code(), pg::errc::connect_failed);
    EXPECT_THAT(socket.message(), Not(HasSubstr("s3cret")));
}

TEST_P(connecting, by_a_name_that_does_not_exist_says_so) {
    auto const e = failure_of("postgresql://me:s3cret@no-such-host.invalid/x");
    EXPECT_EQ(e.code(), coda::errc::name_not_resolved);
    EXPECT_THAT(e.message(), HasSubstr("no-such-host.invalid"));
    EXPECT_THAT(e.message(), Not(HasSubstr("s3cret")));
}

TEST_P(connecting, is_bounded_where_nobody_answers) {
    coda::test::unreachable_endpoint nobody;
    coda::test::scripted_peer silent([](coda::test::conversation& with) { with.hang(); });
    for (auto const& where : {nobody.where(), silent.where()}) {
        auto const e = failure_of(at(where), {.connect_timeout = 50ms});
        EXPECT_EQ(e.code(), coda::errc::timed_out) << e.message();
    }
}

TEST_P(connecting, goes_on_to_the_next_where_one_does_not_answer) {
    coda::test::unreachable_endpoint nobody;
    coda::test::scripted_peer silent([](coda::test::conversation& with) { with.hang(); });
    auto const uri = behind({nobody.where().port, silent.port()});
    pg::connection db(loop(), uri, {.connect_timeout = 6s});
    pg::client many(loop(), uri, {.connections = 1, .connection = {.connect_timeout = 6s}});
    auto const body = [&]() -> task<> {
        co_await db.connect();
        co_await gives(db.query_one<std::int32_t>("select 1"), 1);
        co_await gives(many.query_one<std::int32_t>("select 1"), 1);
        co_await many.close();
    };
    run(body());
}

TEST_P(connecting, shares_the_time_that_its_caller_has_among_the_servers) {
    coda::test::scripted_peer silent([](coda::test::conversation& with) { with.hang(); });
    coda::test::scripted_peer half([](coda::test::conversation& with) {
        with.expect_bytes(8); // the request for TLS
        with.send("N");
        with.hang();
    });
    pg::connection db(loop(), behind({silent.port(), half.port()}), {.connect_timeout = 24h});
    auto const body = [&]() -> task<> {
        co_await coda::with_timeout(6s, db.connect());
        co_await gives(db.query_one<std::int32_t>("select 1"), 1);
    };
    run(body());
    EXPECT_TRUE(silent.wait_until_accepted(1)) << "they came first";
    EXPECT_TRUE(half.wait_until_accepted(1));
}

TEST_P(connecting, goes_over_all_servers_again_where_a_standby_is_preferred) {
    coda::test::unreachable_endpoint nobody;
    std::string hosts, ports;
    for (int i = 0; i < 9; ++i) {
        hosts += "127.0.0.1,";
        ports += fmt::format("{},", server().where().port);
    }
    auto const uri = fmt::format("host={}127.0.0.1 port={}{} user=coda dbname=coda target_session_attrs=prefer-standby",
                                 hosts, ports, nobody.where().port);
    pg::connection db(loop(), uri, {.connect_timeout = 6s});
    auto const body = [&]() -> task<> { co_await db.connect(); };
    run(body());
}

TEST_P(connecting, waits_for_one_server_no_longer_than_the_connection_string_says) {
    coda::test::unreachable_endpoint nobody;
    auto const began = std::chrono::steady_clock::now();
    auto const e = failure_of(at(nobody.where()) + "?connect_timeout=1", {.connect_timeout = 1h});
    EXPECT_EQ(e.code(), coda::errc::timed_out) << e.message();
    EXPECT_GE(std::chrono::steady_clock::now() - began, 2s) << "as libpq has it";
}

TEST_P(connecting, is_bounded_by_the_context) {
    coda::test::unreachable_endpoint nobody;
    pg::connection db(loop(), at(nobody.where()));
    pg::client many(loop(), at(nobody.where()));
    auto const body = [&]() -> task<> {
        for (auto const limit : {-1ns, 0ns, coda::duration(30ms)}) {
            auto const one = co_await as_result(coda::with_timeout(limit, db.connect()));
            EXPECT_EQ(one.error().code(), coda::errc::timed_out);
            auto const shared = co_await as_result(coda::with_timeout(limit, many.query("select 1")));
            EXPECT_EQ(shared.error().code(), coda::errc::timed_out);
            EXPECT_EQ(shared.error().outcome(), outcome::not_sent);
        }
    };
    run(body());
}

TEST_P(connecting, may_be_cancelled_anywhere) {
    auto const uri = fmt::format("host=localhost port={} user=coda dbname=coda application_name={}",
                                 server().where().port, server().mark());
    auto const before = coda::test::sockets_open();
    auto const attempt = [&]() -> task<bool> {
        pg::connection db(loop(), uri);
        auto const r = co_await as_result(db.connect());
        if (r.has_value()) {
            auto const shielded = co_await coda::shield(db.query_one<std::int32_t>("select 1"));
            EXPECT_EQ(shielded, 1);
            co_return true;
        }
        EXPECT_EQ(r.error().code(), coda::errc::cancelled);
        EXPECT_EQ(r.error().outcome(), outcome::not_sent);
        EXPECT_EQ(coda::test::sockets_open(), before);
        co_return false;
    };
    EXPECT_GT(run(coda::test::cancel_everywhere(attempt)), 0);
}

TEST_P(connecting, twice_at_once_makes_one_connection) {
    pg::connection db(loop(), server().uri());
    auto const body = [&]() -> task<> {
        co_await coda::when_all(db.connect(), db.connect(), db.connect());
        auto const pid = db.backend_pid();
        EXPECT_NE(pid, 0);
        co_await db.connect();
        EXPECT_EQ(db.backend_pid(), pid) << "connected already";
        co_await until([&] { return server().connections() == 1; });
    };
    run(body());
}

TEST_P(connecting, of_a_client_fails_for_those_who_wait_and_is_tried_again_by_the_next) {
    coda::test::fault_proxy proxy(server().where());
    proxy.refuse();
    pg::client db(loop(), server().uri_at(proxy.port()));
    auto const body = [&]() -> task<> {
        for (int round = 0; round < 3; ++round) {
            auto a = as_result(db.query_one<std::int32_t>("select 1"));
            auto b = as_result(db.query_one<std::int32_t>("select 2"));
            auto c = as_result(db.connect());
            auto const [x, y, z] = co_await coda::when_all(std::move(a), std::move(b), std::move(c));
            EXPECT_EQ(x.error().code(), pg::errc::connect_failed);
            EXPECT_EQ(x.error().outcome(), outcome::not_sent);
            EXPECT_EQ(y.error().code(), pg::errc::connect_failed);
            EXPECT_EQ(z.error().code(), pg::errc::connect_failed);
        }
        proxy.accept_again();
        co_await gives(db.query_one<std::int32_t>("select 3"), 3);
        co_await db.close();
    };
    run(body());
}

// All descriptors of this process, until it ends.
class all_descriptors {
public:
    all_descriptors() {
        getrlimit(RLIMIT_NOFILE, &before_);
        rlimit few = before_;
        few.rlim_cur = 128;
        setrlimit(RLIMIT_NOFILE, &few);
        while (true) {
            coda::test::unique_fd fd(open("/dev/null", O_RDONLY | O_CLOEXEC));
            if (!fd) break;
            taken_.push_back(std::move(fd));
        }
    }
    ~all_descriptors() { setrlimit(RLIMIT_NOFILE, &before_); }

    // Gives back so many.
    void leave(std::size_t n) { taken_.resize(taken_.size() - n); }

private:
    rlimit before_{};
    std::vector<coda::test::unique_fd> taken_;
};

TEST_P(connecting, without_a_descriptor_to_have_fails_and_works_again_with_one) {
    auto const uri = server().uri();
    // With none, with one for the socket but none for whatever watches it, and so on.
    for (std::size_t spare = 0; spare < 4; ++spare) {
        pg::client db(loop(), uri);
        auto const body = [&]() -> task<> {
            {
                all_descriptors held;
                held.leave(spare);
                auto const r = co_await as_result(db.query_one<std::int32_t>("select 1"));
                if (spare == 0) EXPECT_TRUE(r.has_error());
                if (r.has_error()) EXPECT_EQ(r.error().outcome(), outcome::not_sent);
            }
            co_await gives(db.query_one<std::int32_t>("select 2"), 2);
        };
        run(body());
    }
}

TEST_P(connecting, of_a_client_goes_on_when_those_who_waited_have_left) {
    pg::client db(loop(), server().uri());
    auto const body = [&]() -> task<> {
        auto const r = co_await as_result(coda::with_timeout(1ns, db.query_one<std::int32_t>("select 1")));
        EXPECT_EQ(r.error().code(), coda::errc::timed_out);
        EXPECT_EQ(r.error().outcome(), outcome::not_sent);
        co_await until([&] { return db.open_connections() == 1; });
    };
    run(body());
}

} // namespace postgres_connecting_test
