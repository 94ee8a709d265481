// SPDX-License-Identifier: BSL-1.0
#include "on_mongo.hpp"
#include "support/cancel_everywhere.hpp"
#include "support/played_dns.hpp"
#include "support/played_mongo.hpp"
#include "support/unreachable_endpoint.hpp"

#include <openssl/err.h>

namespace mongo_connecting_test {

using namespace std::chrono_literals;
namespace bson = coda::bson;
namespace mongo = coda::mongo;
using bson::doc;
using coda::as_result;
using coda::outcome;
using coda::task;
using coda::test::conversation;
using coda::test::endpoint;
using coda::test::gives;
using coda::test::mongo_message;
using coda::test::played_mongo;
using coda::test::scripted_peer;
using coda::test::until;
using testing::HasSubstr;
using testing::Not;

class mongo_connecting : public coda::test::on_mongo {
protected:
    // Connects by `uri` and gives the error that this must end with.
    coda::error failure_of(std::string uri, mongo::connection_options options = {}) {
        mongo::connection db(loop(), std::move(uri), options);
        coda::error e;
        auto const body = [&]() -> task<> {
            auto const r = co_await as_result(db.connect());
            EXPECT_TRUE(r.has_error());
            EXPECT_FALSE(db.usable());
            e = r.error();
        };
        run(body());
        EXPECT_EQ(e.outcome(), outcome::not_sent);
        EXPECT_THAT(e.message(), Not(HasSubstr("s3cret")));
        EXPECT_EQ(ERR_peek_error(), 0u) << "others on this thread would take OpenSSL's error for theirs";
        return e;
    }
    void expect_connects(std::string uri, mongo::connection_options options = {}) {
        mongo::connection db(loop(), std::move(uri), options);
        auto const body = [&]() -> task<> {
            co_await db.connect();
            EXPECT_TRUE(db.usable());
            co_await db.ping();
            co_await db.close();
            EXPECT_FALSE(db.usable());
        };
        run(body());
    }
    static std::string at(endpoint const& e) { return fmt::format("mongodb://127.0.0.1:{}/", e.port); }
    static std::string with_password(endpoint const& e) {
        return fmt::format("mongodb://me:s3cret@127.0.0.1:{}/", e.port);
    }
};
CODA_ON_EVERY_LOOP(mongo_connecting);

TEST_P(mongo_connecting, works_by_address_and_by_name) {
    expect_connects(server().uri());
    expect_connects(fmt::format("mongodb://localhost:{}/?appname=coda", server().where().port));
}

// Several hosts are a replica set or the routers of a cluster: libmongoc leaves out single servers among them.
TEST_P(mongo_connecting, tries_one_server_after_the_other) {
    coda::test::refusing_endpoint nobody;
    coda::test::unreachable_endpoint silent;
    scripted_peer router([](conversation& with) {
        while (true) {
            auto const asked = coda::test::read_message(with);
            with.send(coda::test::reply_to(asked, coda::test::router_hello(asked)));
        }
    });
    auto const hosts = [](auto... ports) {
        std::string all;
        ((all += fmt::format("{}127.0.0.1:{}", all.empty() ? "" : ",", ports)), ...);
        return all;
    };
    expect_connects(fmt::format("mongodb://{}/", hosts(nobody.where().port, router.port())));
    expect_connects(fmt::format("mongodb://{}/", hosts(router.port(), nobody.where().port)));
    expect_connects(fmt::format("mongodb://no-such-host.invalid:5,{}/", hosts(router.port())));
    expect_connects(fmt::format("mongodb://{}/?connectTimeoutMS=200", hosts(silent.where().port, router.port())));
    // Each has its share of the time, also where nothing is said of it.
    expect_connects(fmt::format("mongodb://{}/", hosts(silent.where().port, router.port())), {.connect_timeout = 2s});
    EXPECT_TRUE(router.wait_until_ended(5)) << "connections are left";
}

TEST_P(mongo_connecting, where_nobody_listens_is_refused) {
    coda::test::refusing_endpoint nobody;
    for (auto const& uri : {at(nobody.where()), with_password(nobody.where())}) {
        auto const e = failure_of(uri);
        EXPECT_EQ(e.code(), mongo::errc::connect_failed);
        EXPECT_THAT(e.message(), HasSubstr("refused"));
    }
    auto const socket = failure_of("mongodb://me:s3cret@%2Fno%2Fsuch%2Ffolder%2Fx.sock/");
    EXPECT_EQ(socket.code(), mongo::errc::connect_failed);
}

TEST_P(mongo_connecting, by_a_name_that_does_not_exist_says_so) {
    auto const e = failure_of("mongodb://me:s3cret@no-such-host.invalid/x");
    EXPECT_EQ(e.code(), coda::errc::name_not_resolved);
    EXPECT_THAT(e.message(), HasSubstr("no-such-host.invalid"));
}

TEST_P(mongo_connecting, by_servers_that_no_dns_names_says_so) {
    auto const e = failure_of("mongodb+srv://me:s3cret@db.no-such-host.invalid/x");
    EXPECT_EQ(e.code(), coda::errc::name_not_resolved) << e.message();
}

// The DNS names the servers and the replica set that they are; they are reached by these names. What the connection
// string says comes before what the DNS says.
TEST_P(mongo_connecting, by_servers_that_the_dns_names_works) {
    std::string hosts[2];
    auto const member = [&](int place) {
        return [&hosts, place](mongo_message const&) {
            return coda::test::hello_of("ismaster", place == 1, "secondary", place == 0, "setName", "r0", "hosts",
                                        bson::array(hosts[0], hosts[1]), "me", hosts[place]);
        };
    };
    auto const ok = [](mongo_message const&) { return doc("ok", 1.0); };
    played_mongo const first(member(0), ok);
    played_mongo const second(member(1), ok);
    hosts[0] = fmt::format("a.coda.test:{}", first.port());
    hosts[1] = fmt::format("b.coda.test:{}", second.port());
    coda::test::played_dns dns;
    dns.add_server("db.coda.test", "a.coda.test", first.port());
    dns.add_server("db.coda.test", "b.coda.test", second.port());
    dns.set_options("db.coda.test", "replicaSet=r0");
    mongo::connection db(loop(), "mongodb+srv://db.coda.test/?tls=false&appname=by_dns");
    auto const body = [&]() -> task<> {
        co_await db.connect();
        co_await db.command("x", doc("insert", "y"));
        co_await db.close();
    };
    run(body());
    EXPECT_EQ(second.asked("insert"), 1) << "the primary";
    EXPECT_EQ(first.asked("insert"), 0);
    EXPECT_EQ(second.last("hello").try_get<std::string>("client.application.name").value(), "by_dns");
    dns.set_options("db.coda.test", "replicaSet=another");
    auto const e = failure_of("mongodb+srv://me:s3cret@db.coda.test/?tls=false");
    EXPECT_EQ(e.code(), mongo::errc::connect_failed) << e.message();
}

TEST_P(mongo_connecting, is_bounded_where_nobody_answers) {
    coda::test::unreachable_endpoint nobody;
    scripted_peer silent([](conversation& with) { with.hang(); });
    for (auto const& where : {nobody.where(), silent.where()}) {
        auto const e = failure_of(with_password(where), {.connect_timeout = 50ms});
        EXPECT_EQ(e.code(), coda::errc::timed_out) << e.message();
        auto const tls = failure_of(with_password(where) + "?tls=true", {.connect_timeout = 50ms});
        EXPECT_EQ(tls.code(), coda::errc::timed_out) << "a TLS handshake without an answer: " << tls.message();
    }
}

TEST_P(mongo_connecting, is_bounded_by_the_uri) {
    coda::test::unreachable_endpoint nobody;
    auto const e = failure_of(with_password(nobody.where()) + "?connectTimeoutMS=30");
    EXPECT_TRUE(e.code() == coda::errc::timed_out || e.code() == mongo::errc::connect_failed) << e.message();
}

TEST_P(mongo_connecting, is_bounded_by_the_context) {
    coda::test::unreachable_endpoint nobody;
    mongo::connection db(loop(), at(nobody.where()));
    mongo::client many(loop(), at(nobody.where()));
    auto const body = [&]() -> task<> {
        for (auto const limit : {-1ns, 0ns, coda::duration(30ms)}) {
            auto const one = co_await as_result(coda::with_timeout(limit, db.connect()));
            expect_error(one, coda::errc::timed_out, outcome::not_sent);
            auto const shared = co_await as_result(coda::with_timeout(limit, many.ping()));
            expect_error(shared, coda::errc::timed_out, outcome::not_sent);
        }
    };
    run(body());
}

TEST_P(mongo_connecting, with_tls_works_where_the_certificate_is_right) {
    auto const uri = coda::test::server_variable("CODA_TEST_MONGO_TLS_URI");
    if (uri.empty()) GTEST_SKIP() << "NOT TESTED: no server with TLS";
    expect_connects(uri);
    coda::test::mongo_server const encrypted(uri);
    expect_connects(std::string(uri).replace(uri.find("127.0.0.1"), 9, "localhost"));
}

TEST_P(mongo_connecting, with_tls_fails_where_the_certificate_is_not) {
    auto const uri = coda::test::server_variable("CODA_TEST_MONGO_TLS_URI");
    if (uri.empty()) GTEST_SKIP() << "NOT TESTED: no server with TLS";
    auto const login = [](std::string text) { return text.replace(text.find("//"), 2, "//me:s3cret@"); };
    auto const unknown_authority = failure_of(login(uri.substr(0, uri.find("&tlsCAFile"))));
    EXPECT_EQ(unknown_authority.code(), mongo::errc::connect_failed) << unknown_authority.message();
    // Another address of the loopback, which the certificate does not name.
    auto const wrong_host = failure_of(login(std::string(uri).replace(uri.find("127.0.0.1"), 9, "127.0.0.2")));
    EXPECT_EQ(wrong_host.code(), mongo::errc::connect_failed) << wrong_host.message();
    auto const no_file = failure_of(login(uri.substr(0, uri.find("tlsCAFile"))) + "tlsCAFile=/no/such/file");
    EXPECT_EQ(no_file.code(), mongo::errc::connect_failed) << no_file.message();
    for (auto const* says : {"", "HTTP/1.1 400 Bad Request\r\n\r\n", "\x15\x03\x03"}) {
        scripted_peer plain([says](conversation& with) {
            with.expect_bytes(5);
            with.send(says);
        });
        auto const e = failure_of(with_password(plain.where()) + "?tls=true", {.connect_timeout = 20s});
        EXPECT_TRUE(e.code() == mongo::errc::connect_failed || e.code() == coda::errc::connection_lost) << e.message();
    }
}

TEST_P(mongo_connecting, works_again_after_the_connection_was_lost) {
    auto const db = connected();
    auto const body = [&]() -> task<> {
        for (int i = 0; i < 3; ++i) {
            co_await db->ping();
            proxy().apply({.to_client = {.cut_after = 0}});
            auto const lost = co_await as_result(db->ping());
            expect_error(lost, coda::errc::connection_lost, outcome::unknown);
            EXPECT_FALSE(db->usable());
            auto const refused = co_await as_result(db->ping());
            expect_error(refused, coda::errc::connection_lost, outcome::not_sent);
            proxy().heal();
            co_await db->connect();
        }
        co_await db->ping();
    };
    run(body());
    EXPECT_EQ(proxy().stats().accepted, 4u);
}

TEST_P(mongo_connecting, once_closed_while_idle_is_noticed) {
    auto const db = connected();
    auto const body = [&]() -> task<> {
        proxy().cut_now(coda::test::cut::close);
        co_await until([&] { return !db->usable(); }, "an idle connection that ends is noticed");
        auto const refused = co_await as_result(db->ping());
        expect_error(refused, coda::errc::connection_lost, outcome::not_sent);
        co_await db->connect();
        co_await db->ping();
    };
    run(body());
}

TEST_P(mongo_connecting, of_a_client_is_replaced_where_it_was_closed_while_idle) {
    auto const db = client();
    auto const body = [&]() -> task<> {
        for (int i = 0; i < 3; ++i) {
            proxy().cut_now(coda::test::cut::reset);
            co_await until([&] { return proxy().stats().open == 0; });
            co_await coda::sleep_for(1ms); // the loop has looked at the socket
            co_await db->ping();
        }
    };
    run(body());
}

TEST_P(mongo_connecting, twice_at_once_leaves_one_connection) {
    mongo::connection db(loop(), uri());
    auto const body = [&]() -> task<> {
        co_await coda::when_all(db.connect(), db.connect(), db.connect());
        EXPECT_TRUE(db.usable());
        co_await db.ping();
        co_await until([&] { return proxy().stats().open == 1; });
    };
    run(body());
}

TEST_P(mongo_connecting, not_yet_is_an_error_of_its_own) {
    mongo::connection db(loop(), uri());
    auto const body = [&]() -> task<> {
        auto const r = co_await as_result(db.ping());
        expect_error(r, coda::errc::not_connected, outcome::not_sent);
        co_await db.close();
    };
    run(body());
}

TEST_P(mongo_connecting, fails_where_the_server_rejects_the_client) {
    // Each is the answer to whatever is asked.
    std::tuple<char const*, mongo::errc, bson::document> const hellos[] = {
        {"too old", mongo::errc::connect_failed,
         doc("ismaster", true, "minWireVersion", 0, "maxWireVersion", 1, "ok", 1)},
        {"too new", mongo::errc::connect_failed,
         doc("ismaster", true, "minWireVersion", 900, "maxWireVersion", 999, "ok", 1)},
        {"nothing that answers a login", mongo::errc::authentication_failed, coda::test::hello_reply()},
        {"an error", mongo::errc::authentication_failed, doc("ok", 0, "errmsg", "go away", "code", 13)},
        {"nothing at all", mongo::errc::connect_failed, bson::document()},
    };
    for (auto const& [what, code, hello] : hellos) {
        scripted_peer peer([&hello](conversation& with) {
            while (true) with.send(coda::test::reply_to(coda::test::read_message(with), hello));
        });
        auto const e = failure_of(with_password(peer.where()), {.connect_timeout = 20s});
        EXPECT_EQ(e.code(), code) << what << ": " << e.message();
    }
}

TEST_P(mongo_connecting, may_be_cancelled_anywhere) {
    auto const before = coda::test::sockets_open();
    auto const address = fmt::format("mongodb://localhost:{}/", server().where().port);
    auto const attempt = [&]() -> task<bool> {
        mongo::connection db(loop(), address);
        auto const r = co_await as_result(db.connect());
        if (r.has_value()) {
            co_await coda::shield(db.ping());
            co_return true;
        }
        expect_error(r, coda::errc::cancelled, outcome::not_sent);
        EXPECT_EQ(coda::test::sockets_open(), before);
        co_return false;
    };
    EXPECT_GT(run(coda::test::cancel_everywhere(attempt)), 0);
}

TEST_P(mongo_connecting, of_a_client_fails_and_is_tried_again_by_the_next) {
    mongo::client db(loop(), uri());
    proxy().refuse();
    auto const body = [&]() -> task<> {
        for (int round = 0; round < 3; ++round) {
            auto const r = co_await as_result(coda::with_timeout(20s, db.ping()));
            EXPECT_TRUE(r.has_error());
            EXPECT_EQ(r.error().outcome(), outcome::not_sent);
        }
        proxy().accept_again();
        co_await db.ping();
        co_await db.close();
        auto const closed = co_await as_result(db.ping());
        expect_error(closed, coda::errc::closed, outcome::not_sent);
    };
    run(body());
}

} // namespace mongo_connecting_test
