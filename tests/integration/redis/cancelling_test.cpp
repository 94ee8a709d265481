// SPDX-License-Identifier: BSL-1.0
// What the contract tests leave to the driver: commands that take their time, on the server.
#include "on_redis.hpp"

#include <coda/pool.hpp>

namespace redis_cancelling_test {

using namespace std::chrono_literals;
using coda::as_result;
using coda::outcome;
using coda::scope;
using coda::task;
using coda::redis::reply;

// In flight on the server, which says that it is blocked.
class cancelling_blocked : public coda::test::on_redis {
protected:
    // None of it is by draining.
    static constexpr coda::redis::connection_options patient{.command_timeout = 24h, .drain_timeout = 24h};

    task<> until_blocked() {
        co_await coda::test::until([&] { return clients_blocked() == 1; });
    }
    task<> until_gone() {
        co_await coda::test::until([&] { return server().connections().empty(); }, "the server still has it");
    }
    // What is pushed when the server has noticed goes to nobody.
    void expect_nothing_is_lost(std::string const& list) {
        server().ask({"RPUSH", list, "x"});
        EXPECT_EQ(server().ask({"LLEN", list}), "1");
    }

private:
    std::ptrdiff_t clients_blocked() {
        return std::ranges::count_if(server().connections(),
                                     [](auto const& line) { return line.find(" flags=b ") != std::string::npos; });
    }
};
CODA_ON_EVERY_LOOP(cancelling_blocked);

TEST_P(cancelling_blocked, a_command_ends_its_connection_at_once) {
    auto const group = fresh_key();
    server().ask({"XGROUP", "CREATE", group, "g", "$", "MKSTREAM"});
    auto const key = fresh_key();
    std::vector<std::string> const all[] = {
        {"BLPOP", key, "0"},
        {"brpop", key, "0"},
        {"BRPOPLPUSH", key, key, "0"},
        {"BLMOVE", key, key, "LEFT", "RIGHT", "0"},
        {"BLMPOP", "0", "1", key, "LEFT"},
        {"BZPOPMIN", key, "0"},
        {"BZPOPMAX", key, "0"},
        {"BZMPOP", "0", "1", key, "MIN"},
        {"XREAD", "COUNT", "1", "BLOCK", "0", "STREAMS", group, "$"},
        {"XREADGROUP", "GROUP", "g", "c", "BLOCK", "0", "STREAMS", group, ">"},
        {"WAIT", "1", "0"},
    };
    auto const db = connected(patient);
    auto const body = [&](scope& s) -> task<> {
        for (auto const& words : all) {
            co_await db->connect();
            auto asked = s.spawn(db->command<reply>(words));
            co_await until_blocked();
            co_await coda::test::gives(asked.cancel(), outcome::unknown, words[0]);
            EXPECT_FALSE(db->usable()) << words[0];
            co_await until_gone();
        }
    };
    run(coda::with_scope(body));
    expect_nothing_is_lost(key);
}

TEST_P(cancelling_blocked, a_command_past_its_deadline_does_so_too) {
    auto const db = connected(patient);
    auto const list = fresh_key();
    auto const body = [&]() -> task<> {
        auto const r = co_await as_result(coda::with_timeout(20ms, db->command<reply>("BLPOP", list, 0)));
        EXPECT_TRUE(r.has_error());
        EXPECT_EQ(r.error().code(), coda::errc::timed_out);
        EXPECT_EQ(r.error().outcome(), outcome::unknown);
        EXPECT_FALSE(db->usable());
        co_await until_gone();
        expect_nothing_is_lost(list);
    };
    run(body());
}

TEST_P(cancelling_blocked, a_command_whose_frame_is_destroyed_likewise) {
    auto const db = connected(patient);
    auto const list = fresh_key();
    auto const body = [&]() -> task<> {
        std::optional<scope> place(std::in_place, loop());
        place->spawn(db->command<reply>("BLPOP", list, 0));
        co_await until_blocked();
        place.reset();
        EXPECT_FALSE(db->usable());
        co_await until_gone();
        expect_nothing_is_lost(list);
    };
    run(body());
}

TEST_P(cancelling_blocked, a_command_tells_those_in_flight_with_it) {
    auto const db = connected(patient);
    auto const body = [&](scope& s) -> task<> {
        auto blocked = s.spawn(db->command<reply>("BLPOP", fresh_key(), 0));
        co_await until_blocked();
        auto const behind = [&]() -> task<> {
            auto const r = co_await as_result(db->ping());
            EXPECT_EQ(r.error().code(), coda::errc::connection_lost) << r.error().message();
            EXPECT_EQ(r.error().outcome(), outcome::unknown);
        };
        s.spawn(behind());
        co_await coda::sleep_for(1ms); // it was sent
        co_await coda::test::gives(blocked.cancel(), outcome::unknown);
    };
    run(coda::with_scope(body));
}

TEST_P(cancelling_blocked, a_command_of_a_lease_is_replaced_by_the_pool) {
    auto const make = [&] { return std::make_unique<coda::redis::connection>(loop(), server().uri(), patient); };
    coda::pool<coda::redis::connection> pool(loop(), make, {.max_size = 1});
    auto const list = fresh_key();
    auto const pops = [&]() -> coda::operation<> {
        auto db = co_await as_result(pool.acquire());
        if (db.has_error()) co_return db.error();
        auto const popped = co_await as_result((*db)->command<reply>("BLPOP", list, 0));
        if (popped.has_error()) co_return popped.error();
        co_return coda::result<>();
    };
    auto const body = [&](scope& s) -> task<> {
        auto popping = s.spawn(pops());
        co_await until_blocked();
        co_await coda::test::gives(popping.cancel(), outcome::unknown);
        EXPECT_EQ(pool.statistics().closed, 1u);
        EXPECT_EQ(pool.statistics().size(), 0u) << "nothing drains or is reset";
        co_await until_gone();
        expect_nothing_is_lost(list);
        auto const db = co_await pool.acquire();
        co_await coda::test::gives(db->command<std::string>("LPOP", list), "x");
        EXPECT_EQ(pool.statistics().opened, 2u);
    };
    run(coda::with_scope(body));
}

TEST_P(cancelling_blocked, a_command_that_was_not_sent_costs_nothing) {
    auto const db = connected(patient);
    auto const before = server().connections();
    auto const body = [&](scope& s) -> task<> {
        auto queued = s.spawn(db->command<reply>("BLPOP", fresh_key(), 0));
        co_await coda::yield();
        co_await coda::test::gives(queued.cancel(), outcome::not_sent);
        co_await db->ping();
    };
    run(coda::with_scope(body));
    EXPECT_EQ(server().connections().at(0).substr(0, 8), before.at(0).substr(0, 8));
}

} // namespace redis_cancelling_test
