// SPDX-License-Identifier: BSL-1.0
// What comes while a large statement cannot be sent whole: libpq takes it in where it sends.
#include "support/loops.hpp"
#include "support/scripted_peer.hpp"

#include <coda/postgres.hpp>
#include <coda/runtime.hpp>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <atomic>

namespace postgres_short_writes_test {

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
std::string const affected_7 =
    message('1', "") + message('2', "") + message('n', "") + message('C', "UPDATE 7\0"s) + ready;
std::string const shut_down = message('E', "SFATAL\0VFATAL\0C57P01\0Mgoing down\0\0"s);

// One statement is in flight; then a large one is sent, of which the server takes nothing before the first is answered.
class a_short_write : public coda::test::on_every_loop {
protected:
    ~a_short_write() override { told_ = true; }

    // Answers the first statement with `reply`, and waits until the client has seen it.
    coda::test::scripted_peer::script answering(std::string reply, bool then_close) {
        return [this, reply, then_close](conversation& with) {
            with.expect_match([](std::string_view seen) -> std::optional<std::size_t> {
                if (seen.size() < 4) return std::nullopt;
                std::size_t size = 0;
                for (std::size_t i = 0; i < 4; ++i) size = size * 256 + static_cast<unsigned char>(seen[i]);
                return seen.size() < size ? std::nullopt : std::optional(size);
            });
            with.send(message('R', number(0, 4)) + message('K', number(1234, 4) + number(0, 4)) + ready);
            with.expect_until(std::string("S\0\0\0\4", 5));
            while (!holds_the_loop_ && !told_) std::this_thread::yield();
            with.send(reply);
            if (then_close) with.close();
            answered_ = true;
            while (!told_) std::this_thread::yield();
        };
    }

    coda::result<std::uint64_t> outcome_of_the_first(std::string const& reply, bool then_close) {
        coda::test::scripted_peer peer(answering(reply, then_close));
        pg::connection db(loop(), fmt::format("postgresql://me@127.0.0.1:{}/x?sslmode=disable", peer.port()),
                          {.statement_cache = 0});
        std::string const large(30'000'000, 'x');
        coda::result<std::uint64_t> first = coda::error(coda::errc::closed);
        auto const asks_first = [&]() -> task<> {
            first = co_await as_result(db.execute("update t set a = 1"));
            told_ = true;
            db.abort();
        };
        auto const asks_more = [&]() -> task<> {
            co_await coda::sleep_for(std::chrono::milliseconds(1)); // the first is sent
            holds_the_loop_ = true;
            while (!answered_) std::this_thread::yield();
            auto const more = co_await as_result(db.execute("update t set a = $1", large));
            EXPECT_TRUE(more.has_error());
        };
        auto const body = [&]() -> task<> {
            co_await db.connect();
            co_await coda::when_all(asks_first(), asks_more());
        };
        run(body());
        EXPECT_THAT(peer.failures(), testing::IsEmpty());
        return first;
    }

private:
    std::atomic<bool> holds_the_loop_ = false;
    std::atomic<bool> answered_ = false;
    std::atomic<bool> told_ = false;
};
CODA_ON_EVERY_LOOP(a_short_write);

TEST_P(a_short_write, does_not_hide_the_answer_to_what_was_sent_before) {
    auto const r = outcome_of_the_first(affected_7, false);
    ASSERT_TRUE(r.has_value()) << r.error().message();
    EXPECT_EQ(*r, 7U);
}

TEST_P(a_short_write, does_not_hide_why_the_server_ended_the_session) {
    auto const r = outcome_of_the_first(shut_down, true);
    ASSERT_TRUE(r.has_error());
    EXPECT_EQ(r.error().code(), pg::sqlstate::admin_shutdown) << r.error().message();
    EXPECT_EQ(r.error().outcome(), outcome::unknown);
}

} // namespace postgres_short_writes_test
