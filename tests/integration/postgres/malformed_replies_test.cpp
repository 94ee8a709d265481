// SPDX-License-Identifier: BSL-1.0
// Replies that no real server would send.
#include "support/fd_snapshot.hpp"
#include "support/loops.hpp"
#include "support/scripted_peer.hpp"

#include <coda/postgres.hpp>
#include <coda/runtime.hpp>

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace postgres_malformed_replies_test {

using namespace std::chrono_literals;
using namespace std::string_literals;
namespace pg = coda::pg;
using coda::as_result;
using coda::outcome;
using coda::task;
using coda::test::conversation;

std::string number(std::uint32_t n, int size) {
    std::string b;
    for (int i = size - 1; i >= 0; --i) b += static_cast<char>(n >> (8 * i));
    return b;
}
std::string message(char type, std::string const& body) {
    return type + number(static_cast<std::uint32_t>(body.size() + 4), 4) + body;
}

std::string const ready = message('Z', "I");
std::string const parsed = message('1', "");
std::string const bound = message('2', "");
std::string const complete = message('C', "SELECT 1\0"s);
std::string const column = "c\0"s + number(0, 4) + number(0, 2) + number(pg::type::int4, 4) + number(4, 2) +
                           number(0xffffffff, 4) + number(1, 2);
std::string const described = message('T', number(1, 2) + column);
std::string const row = message('D', number(1, 2) + number(4, 4) + number(42, 4));
std::string const good = parsed + bound + described + row + complete + ready;

// Lets the client log in, and answers each statement with `reply`.
coda::test::scripted_peer::script answering(std::string reply) {
    return [reply](conversation& with) {
        with.expect_match([](std::string_view seen) -> std::optional<std::size_t> {
            if (seen.size() < 4) return std::nullopt;
            std::size_t length = 0;
            for (int i = 0; i < 4; ++i)
                length = length * 256 + static_cast<unsigned char>(seen[static_cast<std::size_t>(i)]);
            return seen.size() < length ? std::nullopt : std::optional(length);
        });
        with.send(message('R', number(0, 4)) + message('K', number(1234, 4) + number(0, 4)) + ready);
        with.expect_until(std::string("S\0\0\0\4", 5));
        with.send(reply);
        with.hang();
    };
}

class a_malformed_reply : public coda::test::on_every_loop {
protected:
    // What a statement on such a server ends with; the connection, if it is still used, serves nobody wrongly.
    coda::result<std::int32_t> outcome_of(std::string const& reply, coda::duration limit = 20s) {
        coda::test::scripted_peer peer(answering(reply));
        pg::connection db(loop(), fmt::format("postgresql://me@127.0.0.1:{}/x?sslmode=disable", peer.port()),
                          {.drain_timeout = 10ms, .send_deadline = false, .statement_cache = 0});
        coda::result<std::int32_t> r = coda::error(coda::errc::closed);
        auto const body = [&]() -> task<> {
            co_await db.connect();
            r = co_await as_result(coda::with_timeout(limit, db.query_one<std::int32_t>("select 42")));
            auto const next = co_await as_result(coda::with_timeout(20ms, db.query_one<std::int32_t>("select 43")));
            EXPECT_TRUE(next.has_error()) << "the script has no reply for it";
        };
        run(body());
        return r;
    }
    void expect_error(char const* what, std::string const& reply, coda::error_code code) {
        auto const r = outcome_of(reply);
        ASSERT_TRUE(r.has_error()) << what;
        EXPECT_EQ(r.error().code(), code) << what << ": " << r.error().message();
        EXPECT_EQ(r.error().outcome(), outcome::unknown) << what;
    }
};
CODA_ON_EVERY_LOOP(a_malformed_reply);

TEST_P(a_malformed_reply, is_not_this_one) { EXPECT_EQ(outcome_of(good).value(), 42); }

TEST_P(a_malformed_reply, is_a_protocol_error_or_a_lost_connection) {
    auto const protocol = coda::errc::protocol_error;
    expect_error("nothing but the end of the Sync", ready, protocol);
    expect_error("a Sync too early", parsed + bound + ready, protocol);
    expect_error("rows twice", parsed + bound + described + row + complete + complete + ready, protocol);
    expect_error("an unknown type of message", message('!', "") + ready, protocol);
    expect_error("an unknown type of message later",
                 parsed + bound + described + row + message('!', "xyz") + complete + ready, protocol);
    expect_error("an error without fields", message('E', "\0"s) + ready, protocol);
    expect_error("an error without an SQLSTATE", message('E', "SERROR\0MBad\0\0"s) + ready, protocol);
}

// libpq's own verdict may be either; never a value, a crash or a hang.
TEST_P(a_malformed_reply, is_never_a_value) {
    std::string const broken[] = {
        parsed + bound + row + complete + ready, // a row before its description
        parsed + bound + described + message('D', number(2, 2) + number(4, 4) + number(42, 4)) + complete + ready,
        parsed + bound + described + message('D', number(1, 2) + number(400, 4) + number(42, 4)) + complete + ready,
        parsed + bound + described + message('D', "") + complete + ready,
        parsed + bound + message('T', number(30'000, 2) + column) + row + complete + ready,
        parsed + bound + message('T', number(0xffff, 2) + column) + row + complete + ready,
        parsed + bound + message('T', number(1, 2) + "no end") + row + complete + ready,
        parsed + bound + 'T' + number(0x7fffffff, 4) + "xxxx", // two gigabytes to come
        parsed + bound + 'T' + number(0xffffffff, 4) + "xxxx", // less than nothing
        parsed + bound + 'D' + number(0, 4) + row + complete + ready,
        parsed + bound + 'C' + number(3, 4) + ready,
        std::string(100, '\0'),
        std::string(100, '\xff'),
        "HTTP/1.1 400 Bad Request\r\n\r\n",
        "E",
        parsed + bound + "T",
        parsed + message('G', "\0\0\0"s) + ready, // COPY, unasked
        parsed + message('W', "\0\0\0"s) + ready,
    };
    for (auto const& reply : broken) {
        auto const r = outcome_of(reply, 100ms); // some announce more than they send
        EXPECT_TRUE(r.has_error()) << ::testing::PrintToString(reply);
        if (r.has_error()) {
            EXPECT_EQ(r.error().outcome(), outcome::unknown) << r.error().message() << ::testing::PrintToString(reply);
        }
    }
}

TEST_P(a_malformed_reply, of_a_wrong_length_for_its_type_is_a_mismatch) {
    for (auto const& value : {""s, "1"s, "123"s, "12345"s, "12345678"s}) {
        auto const odd = message('D', number(1, 2) + number(static_cast<std::uint32_t>(value.size()), 4) + value);
        auto const r = outcome_of(parsed + bound + described + odd + complete + ready);
        ASSERT_TRUE(r.has_error());
        EXPECT_EQ(r.error().code(), coda::errc::type_mismatch);
    }
}

TEST_P(a_malformed_reply, with_an_odd_sqlstate_is_still_a_server_error) {
    auto const r = outcome_of(message('E', "SERROR\0VERROR\0Cabc\0Mhm\0\0"s) + ready);
    ASSERT_TRUE(r.has_error());
    EXPECT_EQ(r.error().code(), pg::make_sqlstate("XX000"));
    EXPECT_EQ(r.error().outcome(), outcome::completed);
    ASSERT_NE(r.error().details<pg::server_error>(), nullptr);
    EXPECT_EQ(r.error().details<pg::server_error>()->code, "abc");
}

// This peer then keeps its end open, which is not waited for.
TEST_P(a_malformed_reply, that_ends_the_session_leaves_the_outcome_open) {
    auto const bye = message('E', "SFATAL\0VFATAL\0C57P01\0Mbye\0\0"s);
    auto const r = outcome_of(parsed + bound + described + row + complete + bye);
    ASSERT_TRUE(r.has_error());
    EXPECT_EQ(r.error().code(), pg::sqlstate::admin_shutdown);
    EXPECT_EQ(r.error().outcome(), outcome::unknown) << "it may have been committed";
}

TEST_P(a_malformed_reply, to_the_login_is_a_failed_connect) {
    for (auto const& reply : {""s, "HTTP/1.1 400 Bad Request\r\n\r\n"s, message('E', "\0"s), std::string(100, '\0'),
                              "R"s + number(0x7fffffff, 4), message('R', number(99, 4)), message('Z', "I"),
                              message('R', number(0, 4)) + message('!', "x")}) {
        auto const before = coda::test::sockets_open();
        {
            coda::test::scripted_peer peer([&](conversation& with) {
                with.expect_bytes(8);
                with.send(reply);
                if (reply.empty()) with.reset();
                with.hang();
            });
            pg::connection db(loop(), fmt::format("postgresql://me:s3cret@127.0.0.1:{}/x?sslmode=disable", peer.port()),
                              {.connect_timeout = 100ms});
            auto const body = [&]() -> task<> {
                auto const r = co_await as_result(db.connect());
                EXPECT_TRUE(r.has_error());
                EXPECT_TRUE(r.error().code() == pg::errc::connect_failed || r.error().code() == coda::errc::timed_out);
                EXPECT_EQ(r.error().outcome(), outcome::not_sent);
                EXPECT_THAT(r.error().message(), testing::Not(testing::HasSubstr("s3cret")));
            };
            run(body());
        }
        EXPECT_EQ(coda::test::sockets_open(), before);
    }
}

} // namespace postgres_malformed_replies_test
