// SPDX-License-Identifier: BSL-1.0
#include "on_redis.hpp"
#include "support/blocking_calls.hpp"
#include "support/cancel_everywhere.hpp"
#include "support/fault_proxy.hpp"
#include "support/played_dns.hpp"
#include "support/scripted_peer.hpp"
#include "support/unreachable_endpoint.hpp"

#include <unistd.h>

namespace redis_connecting_test {

using namespace std::chrono_literals;
using coda::as_result;
using coda::error;
using coda::outcome;
using coda::task;
using coda::redis::connection;
using coda::redis::errc;
using coda::redis::server_error;
using coda::test::conversation;
using coda::test::scripted_peer;
using testing::HasSubstr;
using testing::Not;

class connecting : public coda::test::on_redis {
protected:
    // What connecting to `uri` fails with; no error where it does not.
    error failure(std::string const& uri, coda::redis::connection_options options = {}) {
        connection db(loop(), uri, options);
        error why;
        auto const connect = [&]() -> task<> {
            auto const r = co_await as_result(db.connect());
            EXPECT_TRUE(r.has_error()) << uri;
            if (r.has_error()) why = r.error();
        };
        run(connect());
        EXPECT_EQ(why.outcome(), outcome::not_sent);
        EXPECT_FALSE(db.usable());
        return why;
    }
    std::string asked(connection& db, std::string const& what) {
        std::string answer;
        auto const ask = [&]() -> task<> {
            co_await db.connect();
            answer = co_await db.command<std::string>("CLIENT", what);
            co_await db.close();
        };
        run(ask());
        return answer;
    }
    static std::string at(scripted_peer const& peer, std::string const& more = {}) {
        return fmt::format("redis://{}127.0.0.1:{}", more, peer.port());
    }
};
CODA_ON_EVERY_LOOP(connecting);

TEST_P(connecting, tells_the_server_its_name_and_database) {
    connection db(loop(), server().uri("&db=5"));
    auto const info = asked(db, "INFO");
    EXPECT_THAT(info, HasSubstr(" name=" + server().mark() + " "));
    EXPECT_THAT(info, HasSubstr(" db=5 "));
}

TEST_P(connecting, over_a_unix_socket) {
    connection db(loop(), server().socket_uri());
    EXPECT_THAT(asked(db, "INFO"), HasSubstr("name=" + server().mark()));
}

TEST_P(connecting, with_user_and_password) {
    connection db(loop(), server().password_uri());
    EXPECT_THAT(asked(db, "INFO"), HasSubstr(" user=coda_password "));
}

// Database 0 is where a session begins.
TEST_P(connecting, by_one_who_may_not_select) {
    auto const user = fmt::format("reader_{}", ::getpid());
    server().ask({"ACL", "SETUSER", user, "on", ">secret", "~*", "+get", "+ping", "+reset"});
    auto const uri = [&](int database) {
        return fmt::format("redis://{}:secret@127.0.0.1:{}?db={}", user, server().where().port, database);
    };
    connection db(loop(), uri(0));
    auto const body = [&]() -> task<> {
        co_await db.connect();
        auto const nothing = co_await db.get(fresh_key());
        EXPECT_FALSE(nothing);
        co_await db.reset();
        co_await db.get(fresh_key());
        co_await db.close();
    };
    run(body());
    auto const refused = failure(uri(1));
    EXPECT_EQ(refused.code(), coda::redis::errc::connect_failed);
    EXPECT_THAT(refused.message(), HasSubstr("NOPERM"));
    server().ask({"ACL", "DELUSER", user});
}

TEST_P(connecting, to_a_name) {
    auto const uri = fmt::format("redis://localhost:{}?client_name={}", server().where().port, server().mark());
    connection db(loop(), uri);
    EXPECT_THAT(asked(db, "INFO"), HasSubstr("name=" + server().mark()));
}

TEST_P(connecting, to_a_name_does_not_put_the_loop_to_sleep) {
    coda::test::blocking_calls calls;
    connection db(loop(), fmt::format("redis://localhost:{}", server().where().port));
    connection nobody(loop(), "redis://no-such-host.invalid");
    auto const body = [&]() -> task<> {
        co_await db.connect();
        co_await db.ping();
        co_await db.close();
        auto const unknown = co_await as_result(nobody.connect());
        EXPECT_EQ(unknown.error().code(), coda::errc::name_not_resolved);
    };
    run(body());
    EXPECT_EQ(calls.names(), "");
}

// Each address of a name has its share of the time.
TEST_P(connecting, to_a_name_goes_on_behind_an_address_that_refuses_or_says_nothing) {
    coda::test::fault_proxy proxy(server().where());
    coda::test::played_dns dns;
    dns.add_host("two.coda.test", {"127.0.0.2", "127.0.0.1"});
    auto const uri = fmt::format("redis://two.coda.test:{}?client_name={}", proxy.port(), server().mark());
    auto const connect = [&](coda::duration limit) {
        connection db(loop(), uri, {.connect_timeout = limit});
        EXPECT_THAT(asked(db, "INFO"), HasSubstr("name=" + server().mark()));
    };
    connect(30s);
    auto const mute = coda::test::listen_at("127.0.0.2", proxy.port());
    connect(1s);
}

TEST_P(connecting, to_a_server_that_repeats_a_password_does_not) {
    for (auto const* says : {"-ERR unknown command 'AUTH', with args beginning with: 'me' 's3cret' \r\n",
                             "-ERR unknown command `AUTH`, with args beginning with: `me`, `s3cret`, \r\n",
                             "-DENIED s3cret is no password\r\n"}) {
        scripted_peer const peer([&](conversation& with) {
            with.expect_until("SELECT\r\n$1\r\n0\r\n");
            with.send(says);
            with.hang();
        });
        auto const why = failure(at(peer, "me:s3cret@"));
        EXPECT_EQ(why.code(), errc::connect_failed);
        EXPECT_THAT(why.message(), Not(HasSubstr("s3cret")));
        EXPECT_THAT(why.message(), testing::AnyOf(HasSubstr("unknown command"), HasSubstr("DENIED")));
    }
}

TEST_P(connecting, with_a_wrong_password_is_told_so_by_the_server) {
    auto const uri = fmt::format("redis://coda_password:wr0ng@127.0.0.1:{}", server().where().port);
    auto const why = failure(uri);
    EXPECT_EQ(why.code(), errc::connect_failed);
    ASSERT_NE(why.details<server_error>(), nullptr);
    EXPECT_EQ(why.details<server_error>()->prefix(), "WRONGPASS");
    EXPECT_THAT(why.message(), Not(HasSubstr("wr0ng")));
}

TEST_P(connecting, to_a_database_that_is_not_there) {
    auto const why = failure(server().uri("&db=100000"));
    EXPECT_EQ(why.code(), errc::connect_failed);
    EXPECT_EQ(why.message(), "ERR DB index is out of range");
}

TEST_P(connecting, where_nobody_listens) {
    coda::test::refusing_endpoint const nobody;
    auto const why = failure(fmt::format("redis://127.0.0.1:{}", nobody.where().port));
    EXPECT_EQ(why.code(), errc::connect_failed);
    EXPECT_THAT(why.message(), HasSubstr("refused"));
    EXPECT_EQ(failure("unix:///nowhere/redis.sock").code(), errc::connect_failed);
}

TEST_P(connecting, to_a_name_that_does_not_exist) {
    EXPECT_EQ(failure("redis://nowhere.invalid").code(), coda::errc::name_not_resolved);
}

TEST_P(connecting, is_bounded_where_nobody_answers) {
    coda::test::unreachable_endpoint const silent;
    auto const uri = fmt::format("redis://127.0.0.1:{}", silent.where().port);
    EXPECT_EQ(failure(uri, {.connect_timeout = 20ms}).code(), coda::errc::timed_out);
    scripted_peer const mute([](conversation& with) { with.hang(); });
    EXPECT_EQ(failure(at(mute), {.connect_timeout = 20ms}).code(), coda::errc::timed_out) << "at the login";
}

TEST_P(connecting, to_a_server_that_is_full) {
    // As Redis does it: the error comes unasked, and then the end.
    scripted_peer const full([](conversation& with) { with.send("-ERR max number of clients reached\r\n"); });
    auto const why = failure(at(full));
    EXPECT_EQ(why.code(), errc::connect_failed);
    EXPECT_THAT(why.message(), HasSubstr("ERR max number of clients reached"));
}

TEST_P(connecting, logs_in_in_one_flight) {
    scripted_peer const peer([](conversation& with) {
        with.expect("*3\r\n$4\r\nAUTH\r\n$2\r\nme\r\n$2\r\npw\r\n"
                    "*2\r\n$6\r\nSELECT\r\n$1\r\n3\r\n"
                    "*3\r\n$6\r\nCLIENT\r\n$7\r\nSETNAME\r\n$4\r\ncoda\r\n");
        with.send("+OK\r\n+OK\r\n-NOPERM this user may not\r\n");
        with.expect("*1\r\n$4\r\nPING\r\n");
        with.send("+PONG\r\n");
        with.expect_end();
    });
    connection db(loop(), at(peer, "me:pw@") + "/3");
    auto const body = [&]() -> task<> {
        co_await db.connect();
        co_await db.ping();
        co_await db.close();
    };
    run(body());
    EXPECT_TRUE(peer.wait_until_ended(1));
    EXPECT_THAT(peer.failures(), testing::IsEmpty());
}

TEST_P(connecting, to_what_is_no_redis) {
    scripted_peer const web([](conversation& with) {
        with.expect_bytes(10);
        with.send("HTTP/1.1 400 Bad Request\r\n\r\n");
        with.hang();
    });
    EXPECT_EQ(failure(at(web)).code(), coda::errc::protocol_error);
}

TEST_P(connecting, cancelled_anywhere_leaves_nothing_open) {
    auto const attempt = [&]() -> task<bool> {
        connection db(loop(), server().uri());
        auto const r = co_await as_result(db.connect());
        EXPECT_TRUE(r.has_value() || r.error().outcome() == outcome::not_sent);
        co_return r.has_value();
    };
    EXPECT_GT(run(coda::test::cancel_everywhere(attempt)), 0);
}

TEST_P(connecting, again_after_it_was_lost) {
    connection db(loop(), server().uri());
    auto const body = [&]() -> task<> {
        auto const before = co_await as_result(db.ping());
        EXPECT_EQ(before.error().code(), coda::errc::not_connected);
        co_await db.connect();
        co_await db.connect();
        db.abort();
        EXPECT_FALSE(db.usable());
        auto const closed = co_await as_result(db.ping());
        EXPECT_EQ(closed.error().code(), coda::errc::closed);
        EXPECT_EQ(closed.error().outcome(), outcome::not_sent);
        co_await db.connect();
        co_await db.ping();
    };
    run(body());
}

} // namespace redis_connecting_test
