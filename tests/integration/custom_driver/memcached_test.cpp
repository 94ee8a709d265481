// SPDX-License-Identifier: BSL-1.0
// What the driver of examples/custom_driver does beyond the contract.
#include "support/eventually.hpp"
#include "support/fd_snapshot.hpp"
#include "support/loops.hpp"
#include "support/memcached_server.hpp"
#include "support/scripted_peer.hpp"

#include <coda/runtime.hpp>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <memcached/client.hpp>
#include <unistd.h>

namespace custom_driver_memcached_test {

using namespace std::chrono_literals;
using coda::as_result;
using coda::outcome;
using coda::task;
using memcached::errc;

class memcached_client : public coda::test::on_every_loop {
protected:
    void SetUp() override { coda::test::require_server("CODA_TEST_MEMCACHED_URI"); }

    memcached::client make() { return {loop(), coda::test::server_variable("CODA_TEST_MEMCACHED_URI")}; }
    static std::string fresh_key() {
        static int last = 0;
        return fmt::format("test:{}:{}", getpid(), ++last);
    }
};

CODA_ON_EVERY_LOOP(memcached_client);

TEST_P(memcached_client, sets_gets_and_deletes_any_bytes) {
    auto cache = make();
    auto const body = [&]() -> task<> {
        using namespace std::string_literals;
        auto const key = fresh_key();
        for (auto const& value : {"a\r\nEND\r\n\0b"s, ""s, std::string(900'000, 'x')}) {
            co_await cache.set(key, value, 60s);
            auto const got = co_await cache.get(key);
            EXPECT_TRUE(got == value);
        }
        bool const there = co_await cache.del(key);
        bool const still_there = co_await cache.del(key);
        auto const gone = co_await cache.get(key);
        EXPECT_TRUE(there);
        EXPECT_FALSE(still_there);
        EXPECT_EQ(gone, std::nullopt);
    };
    run(body());
}

TEST_P(memcached_client, an_expiry_above_thirty_days_is_not_in_the_past) {
    auto cache = make();
    auto const body = [&]() -> task<> {
        auto const key = fresh_key();
        co_await cache.set(key, "here", 24h * 365);
        auto const got = co_await cache.get(key);
        EXPECT_EQ(got, "here");
        auto const ttl = co_await cache.meta("mg", key, "t");
        EXPECT_GT(std::stol(ttl.flags.substr(1)), 31'000'000);
        co_await cache.del(key);
    };
    run(body());
}

TEST_P(memcached_client, counts) {
    auto cache = make();
    auto const body = [&]() -> task<> {
        auto const key = fresh_key();
        auto const missing = co_await cache.incr(key);
        auto const first = co_await cache.incr_or_set(key, 5);
        auto const second = co_await cache.incr_or_set(key, 5, 10);
        auto const third = co_await cache.incr(key, 27);
        EXPECT_EQ(missing, std::nullopt);
        EXPECT_EQ(first, 5u);
        EXPECT_EQ(second, 15u);
        EXPECT_EQ(third, 42u);
        co_await cache.set(key, "no number");
        auto const refused = co_await as_result(cache.incr(key));
        EXPECT_EQ(refused.error().code(), errc::client_error);
        EXPECT_EQ(refused.error().outcome(), outcome::completed);
        co_await cache.del(key);
    };
    run(body());
}

TEST_P(memcached_client, the_servers_refusal_is_typed_and_the_connection_goes_on) {
    auto cache = make();
    auto const body = [&]() -> task<> {
        auto const before = co_await cache.stats();
        auto const refused = co_await as_result(cache.set(fresh_key(), std::string(3 << 20, 'x')));
        EXPECT_EQ(refused.error().code(), errc::value_too_large) << refused.error().message();
        EXPECT_EQ(refused.error().outcome(), outcome::completed);
        auto const* said = refused.error().details<memcached::server_reply>();
        EXPECT_NE(said, nullptr);
        auto const after = co_await cache.stats();
        EXPECT_EQ(before.at("pid"), after.at("pid"));
        EXPECT_EQ(cache.open_connections(), 1u);
    };
    run(body());
}

TEST_P(memcached_client, a_bad_key_is_refused_before_anything_is_sent) {
    memcached::client cache(loop(), "memcached://127.0.0.1:1"); // nobody is asked
    auto const body = [&]() -> task<> {
        for (std::string const& key : std::vector<std::string>{"", "a b", "a\r\nflush_all", std::string(251, 'k')}) {
            auto const refused = co_await as_result(cache.get(key));
            EXPECT_EQ(refused.error().code(), coda::errc::invalid_argument);
            EXPECT_EQ(refused.error().outcome(), outcome::not_sent);
        }
    };
    run(body());
}

// Answers the client's hello, then each command with `reply`.
class memcached_peer : public coda::test::on_every_loop {
protected:
    static coda::test::scripted_peer::script answering(std::string reply) {
        return [reply](coda::test::conversation& with) {
            with.expect("version\r\n");
            with.send("VERSION 1.6.18\r\n");
            with.expect_until("\r\n");
            with.send(reply);
            with.hang();
        };
    }
    static std::string uri_of(coda::test::scripted_peer const& peer) {
        return coda::test::memcached_server::uri_at(peer.where());
    }
};

CODA_ON_EVERY_LOOP(memcached_peer);

TEST_P(memcached_peer, whose_reply_is_malformed_or_to_another_command_loses_the_connection) {
    auto const before = coda::test::sockets_open();
    for (std::string const& reply : std::vector<std::string>{
             "HELLO\r\n", "STORED\r\n", "VALUE other 0 1\r\na\r\nEND\r\n", "VALUE key 0 x\r\n",
             "VALUE key 0 999999999\r\n", "VALUE key 0 1\r\nabc\r\nEND\r\n", std::string(10'000, 'x')}) {
        coda::test::scripted_peer const peer(answering(reply));
        memcached::client cache(loop(), uri_of(peer));
        auto const body = [&]() -> task<> {
            auto const r = co_await as_result(cache.get("key"));
            EXPECT_EQ(r.error().code(), coda::errc::protocol_error) << reply;
            EXPECT_EQ(r.error().outcome(), outcome::unknown);
            EXPECT_EQ(cache.open_connections(), 0u);
        };
        run(body());
    }
    EXPECT_EQ(coda::test::sockets_open(), before);
}

TEST_P(memcached_peer, that_answers_twice_loses_the_connection) {
    coda::test::scripted_peer const peer(answering("END\r\nEND\r\n"));
    memcached::client cache(loop(), uri_of(peer));
    auto const body = [&]() -> task<> {
        auto const first = co_await as_result(cache.get("key"));
        EXPECT_TRUE(first.has_value());
        co_await coda::test::until([&] { return cache.open_connections() == 0; });
    };
    run(body());
}

TEST_P(memcached_peer, that_refuses_a_connection_is_quoted) {
    coda::test::scripted_peer const peer([](coda::test::conversation& with) {
        with.send("ERROR Too many open connections\r\n");
        with.close();
    });
    memcached::client cache(loop(), uri_of(peer));
    auto const body = [&]() -> task<> {
        auto const r = co_await as_result(cache.get("key"));
        EXPECT_EQ(r.error().code(), errc::connect_failed);
        EXPECT_EQ(r.error().outcome(), outcome::not_sent);
        EXPECT_THAT(r.error().message(), testing::HasSubstr("Too many open connections"));
    };
    run(body());
}

TEST_P(memcached_peer, that_ends_takes_its_commands_with_it) {
    coda::test::scripted_peer const peer([](coda::test::conversation& with) {
        with.expect("version\r\n");
        with.send("VERSION 1.6.18\r\n");
        with.expect_until("\r\n");
        with.reset();
    });
    memcached::client cache(loop(), uri_of(peer));
    auto const body = [&]() -> task<> {
        auto const r = co_await as_result(cache.get("key"));
        EXPECT_EQ(r.error().code(), coda::errc::connection_lost);
        EXPECT_EQ(r.error().outcome(), outcome::unknown);
    };
    run(body());
}

} // namespace custom_driver_memcached_test
