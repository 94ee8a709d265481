// SPDX-License-Identifier: BSL-1.0
// Servers that break the protocol, or go.
#include "on_redis.hpp"
#include "support/fault_proxy.hpp"
#include "support/scripted_peer.hpp"

namespace redis_losing_test {

using namespace std::chrono_literals;
using coda::as_result;
using coda::error;
using coda::outcome;
using coda::scope;
using coda::task;
using coda::redis::connection;
using coda::redis::reply;
using coda::redis::reply_kind;
using coda::test::conversation;
using coda::test::cut;
using coda::test::scripted_peer;
using testing::HasSubstr;

class losing : public coda::test::on_redis {
protected:
    static void log_in(conversation& with) {
        with.expect_until("SETNAME\r\n$4\r\ncoda\r\n");
        with.send("+OK\r\n+OK\r\n");
    }
    // How a command ends that the server answers with `bytes`, and then says nothing more.
    error answered(std::string const& bytes) {
        scripted_peer const peer([&](conversation& with) {
            log_in(with);
            with.expect_until("$3\r\nkey\r\n");
            with.send(bytes);
            with.hang();
        });
        error why;
        connection db(loop(), fmt::format("redis://127.0.0.1:{}", peer.port()));
        auto const body = [&]() -> task<> {
            co_await db.connect();
            auto const r = co_await as_result(db.command<reply>("GET", "key"));
            if (r.has_error()) why = r.error();
        };
        run(body());
        EXPECT_THAT(peer.failures(), testing::IsEmpty());
        return why;
    }
};
CODA_ON_EVERY_LOOP(losing);

TEST_P(losing, to_replies_that_are_none) {
    for (auto const* bytes : {"?x\r\n", "HTTP/1.1 200 OK\r\n", ":12x\r\n", "$x\r\n", "$-2\r\n", "*x\r\n", "*-2\r\n",
                              "*1\r\n?\r\n", "*99999999999\r\n", "\r\n\r\n", "%1\r\n+a\r\n+b\r\n",
                              "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n"}) {
        auto const why = answered(bytes);
        EXPECT_EQ(why.code(), coda::errc::protocol_error) << bytes << ": " << why.message();
        EXPECT_EQ(why.outcome(), outcome::unknown) << bytes;
    }
}

TEST_P(losing, not_to_replies_that_are_only_odd) {
    for (auto const* bytes : {"$-1\r\n", "*-1\r\n", "*0\r\n", "$0\r\n\r\n", "+\r\n", ":-9223372036854775808\r\n"}) {
        auto const why = answered(bytes);
        EXPECT_EQ(why.code(), coda::error_code()) << bytes << ": " << why.message();
    }
}

TEST_P(losing, to_replies_that_nobody_asked_for) {
    for (auto const* bytes : {"+OK\r\n+OK\r\n", ":1\r\n*1\r\n:1\r\n", "$-1\r\n-ERR and this\r\n",
                              "+OK\r\n-ERR half of a", "+OK\r\n$3\r\nab", "+OK\r\n+", "+OK\r\n-", "+OK\r\n*"}) {
        scripted_peer const peer([&](conversation& with) {
            log_in(with);
            with.expect_until("$3\r\nkey\r\n");
            with.send(bytes);
            with.hang();
        });
        connection db(loop(), fmt::format("redis://127.0.0.1:{}", peer.port()));
        auto const body = [&]() -> task<> {
            co_await db.connect();
            auto const r = co_await as_result(db.command<reply>("GET", "key"));
            EXPECT_TRUE(r.has_value()) << r.error().message();
            co_await coda::test::until([&] { return !db.usable(); });
        };
        run(body());
    }
}

TEST_P(losing, while_idle_tells_the_next_why) {
    scripted_peer const peer([&](conversation& with) {
        log_in(with);
        with.send("-ERR going down\r\n");
    });
    connection db(loop(), fmt::format("redis://127.0.0.1:{}", peer.port()));
    auto const body = [&]() -> task<> {
        co_await db.connect();
        co_await coda::test::until([&] { return !db.usable(); });
        auto const r = co_await as_result(db.ping());
        EXPECT_EQ(r.error().code(), coda::errc::connection_lost);
        EXPECT_EQ(r.error().outcome(), outcome::not_sent);
        EXPECT_THAT(r.error().message(), HasSubstr("ERR going down"));
    };
    run(body());
}

// A reply may arrive in any two parts, and end in any place.
TEST_P(losing, at_every_byte_of_the_replies) {
    coda::test::fault_proxy proxy(server().where());
    auto const key = fresh_key();
    auto const commands = [&](connection& db) -> task<bool> {
        auto const set = co_await as_result(db.set(key, "some value"));
        auto const values = co_await as_result(db.mget(key, "missing", key));
        auto const number = co_await as_result(db.command<long>("STRLEN", key));
        auto const lost_or_well = [](auto const& r) {
            EXPECT_TRUE(r.has_value() || r.error().code() == coda::errc::connection_lost) << r.error().message();
        };
        lost_or_well(set);
        lost_or_well(values);
        lost_or_well(number);
        if (values.has_value()) {
            EXPECT_THAT(*values, testing::ElementsAre("some value", std::nullopt, "some value"));
        }
        if (number.has_value()) {
            EXPECT_EQ(*number, 10);
        }
        co_return number.has_value();
    };
    auto const body = [&]() -> task<> {
        bool complete = false;
        for (std::uint64_t bytes = 0; !complete && bytes < 200; ++bytes) {
            connection db(loop(), server().uri_at(proxy.port()));
            co_await db.connect();
            proxy.apply({.to_client = {.cut_after = bytes, .how = bytes % 2 == 0 ? cut::close : cut::reset}});
            complete = co_await commands(db);
            proxy.heal();
            co_await coda::test::until([&] { return complete || !db.usable(); });
        }
        EXPECT_TRUE(complete);
    };
    run(body());
}

// hiredis drops what it has read of a reply that is longer than a kilobyte: also the first byte of a value.
TEST_P(losing, not_to_a_long_reply_in_pieces) {
    coda::test::fault_proxy proxy(server().where());
    connection db(loop(), server().uri_at(proxy.port()));
    auto const script = "local r = {} for i = 1, 400 do r[i] = ({i, 'text', false, {i}, redis.status_reply('OK')})"
                        "[i % 5 + 1] end return r";
    auto const in_pieces_of = [&](std::size_t size) -> task<> {
        proxy.apply({.to_client = {.chunk = size}});
        auto const r = co_await as_result(db.command<reply>("EVAL", script, 0));
        EXPECT_TRUE(r.has_value()) << size << ": " << r.error().message();
        if (r.has_error()) co_return;
        EXPECT_EQ(r->size(), 400u);
        for (std::int64_t i = 1; auto const value : *r) {
            EXPECT_EQ(value.kind(), (std::array{reply_kind::integer, reply_kind::string, reply_kind::nil,
                                                reply_kind::array, reply_kind::status})[std::size_t(i % 5)]);
            if (i % 5 == 0) EXPECT_EQ(value.integer(), i);
            if (i % 5 == 3) EXPECT_EQ(value[0].integer(), i);
            ++i;
        }
    };
    auto const body = [&]() -> task<> {
        co_await db.connect();
        for (std::size_t const size : {1u, 2u, 3u, 7u, 1025u}) co_await in_pieces_of(size);
    };
    run(body());
}

TEST_P(losing, the_server_ends_all_in_flight) {
    auto const db = connected();
    auto const blocked = [&]() -> task<> {
        auto const r = co_await as_result(db->command<reply>("BLPOP", fresh_key(), 0));
        EXPECT_TRUE(r.has_error());
        EXPECT_EQ(r.error().code(), coda::errc::connection_lost);
        EXPECT_EQ(r.error().outcome(), outcome::unknown);
    };
    auto const body = [&](scope& s) -> task<> {
        for (int i = 0; i < 5; ++i) s.spawn(blocked());
        co_await coda::sleep_for(5ms);
        server().kill_all();
    };
    run(coda::with_scope(body));
    EXPECT_FALSE(db->usable());
}

} // namespace redis_losing_test
