// SPDX-License-Identifier: BSL-1.0
// Several servers that take the same commands: the routers of a cluster, the members of a replica set. All are played.
#include "support/blocking_calls.hpp"
#include "support/eventually.hpp"
#include "support/loops.hpp"
#include "support/played_mongo.hpp"

#include <coda/mongo.hpp>
#include <coda/retry.hpp>
#include <coda/runtime.hpp>

#include <atomic>

namespace mongo_several_servers_test {

using namespace std::chrono_literals;
namespace bson = coda::bson;
namespace mongo = coda::mongo;
using bson::doc;
using coda::as_result;
using coda::outcome;
using coda::task;
using coda::test::blocking_calls;
using coda::test::mongo_message;
using coda::test::played_mongo;
using coda::test::until;

constexpr std::int64_t cursor = 4711;

// The first batch or another one, of two documents, of a cursor that has no end.
bson::document batch(mongo_message const& asked) {
    auto const documents = bson::array(doc("_id", 1), doc("_id", 2));
    char const* const which = asked.name() == "getMore" ? "nextBatch" : "firstBatch";
    return doc("cursor", doc("id", cursor, "ns", "x.y", which, documents), "ok", 1.0);
}

bson::document answer(mongo_message const& asked) {
    return asked.name() == "find" || asked.name() == "getMore" ? batch(asked) : doc("ok", 1.0);
}

// Two routers, between which every command chooses.
class routers : public coda::test::on_every_loop {
protected:
    std::string uri() const {
        return fmt::format("mongodb://{},{}/?localThresholdMS=60000", all_[0]->name(), all_[1]->name());
    }
    // The one that was asked to find, and the other one.
    played_mongo& finder() { return *all_[place_of_finder()]; }
    played_mongo& other() { return *all_[1 - place_of_finder()]; }
    void finder_goes() { all_[place_of_finder()].reset(); }
    played_mongo& remaining() { return all_[0] ? *all_[0] : *all_[1]; }

private:
    std::size_t place_of_finder() const { return all_[0]->asked("find") > 0 ? 0 : 1; }

    std::unique_ptr<played_mongo> all_[2] = {std::make_unique<played_mongo>(&coda::test::router_hello, &answer),
                                             std::make_unique<played_mongo>(&coda::test::router_hello, &answer)};
};
CODA_ON_EVERY_LOOP(routers);

TEST_P(routers, the_one_that_has_the_cursor_is_asked_for_more_and_to_kill_it) {
    mongo::client db(loop(), uri(), {.pool = {.max_size = 1}});
    auto const body = [&]() -> task<> {
        auto const read_some = [&]() -> task<> {
            auto found = db.collection("x", "y").find({}, mongo::find_options().batch_size(2));
            for (int i = 0; i < 40; ++i) co_await found.next();
        };
        co_await read_some();
        co_await until([&] { return finder().asked("killCursors") + other().asked("killCursors") > 0; });
        co_await db.close();
    };
    run(body());
    EXPECT_EQ(finder().asked("getMore"), 19);
    EXPECT_EQ(finder().asked("killCursors"), 1);
    EXPECT_EQ(other().asked("getMore"), 0);
    EXPECT_EQ(other().asked("killCursors"), 0);
}

// Its own connection is lost with the cancelled request; another client of libmongoc's has to find the server.
TEST_P(routers, the_one_that_has_the_cursor_is_asked_to_kill_it_over_another_connection) {
    mongo::client db(loop(), uri(), {.pool = {.max_size = 1}});
    auto const asked = [this](char const* command) { return finder().asked(command) + other().asked(command); };
    auto const read = [&]() -> task<> {
        auto found = db.collection("x", "y").find({}, mongo::find_options().batch_size(2));
        while (true) co_await found.next();
    };
    auto const body = [&](coda::scope& s) -> task<> {
        for (int round = 1; round <= 6; ++round) {
            auto const before = asked("getMore");
            auto reading = s.spawn(read());
            co_await until([&] { return asked("getMore") > before + 4; });
            co_await reading.cancel();
            co_await until([&] { return asked("killCursors") == round; });
        }
        co_await db.close();
    };
    run(coda::with_scope(body));
    for (auto* const router : {&finder(), &other()}) EXPECT_EQ(router->asked("killCursors"), router->asked("find"));
}

TEST_P(routers, the_other_is_not_asked_for_a_cursor_whose_server_has_gone) {
    mongo::client db(loop(), uri(), {.pool = {.max_size = 1}});
    auto const body = [&]() -> task<> {
        auto const read = [&]() -> task<> {
            auto found = db.collection("x", "y").find({}, mongo::find_options().batch_size(2));
            for (int i = 0; i < 2; ++i) co_await found.next();
            finder_goes();
            auto const next = co_await as_result(found.next());
            EXPECT_TRUE(next.has_error());
            if (next.has_error()) {
                EXPECT_EQ(next.error().code(), coda::errc::connection_lost) << next.error().message();
            }
        };
        co_await read();
        for (int i = 0; i < 2; ++i) co_await db.ping(); // the second is behind the killing, on the only connection
        co_await db.close();
    };
    run(body());
    for (auto const* command : {"find", "getMore", "killCursors"}) EXPECT_EQ(remaining().asked(command), 0) << command;
    EXPECT_GT(remaining().asked("ping"), 0);
}

constexpr int nobody = -1;
constexpr int gone = -2; // nor is there anybody left

// A replica set of two members. Nothing that happens to it may put the loop to sleep.
class replica_set : public coda::test::on_every_loop {
protected:
    void TearDown() override { EXPECT_EQ(calls_.names(), ""); }

    std::string uri(char const* more = "") const {
        return fmt::format("mongodb://{},{}/?replicaSet=r0{}", all_[0].name(), all_[1].name(), more);
    }
    void elect(int primary) { primary_ = primary; }
    int asked(int member, char const* command) const { return all_[member].asked(command); }

    // Pings until it was looked whether the servers are still what they were. What the ping ended with that looked.
    task<coda::result<>> ping_until_looked(mongo::connection& db) {
        auto const looks = [this] { return asked(0, "hello") + asked(1, "hello"); };
        auto const before = looks();
        auto const limit = std::chrono::steady_clock::now() + coda::test::patience;
        coda::result<> last;
        while (looks() == before && std::chrono::steady_clock::now() < limit) {
            co_await coda::sleep_for(5ms);
            last = co_await as_result(db.ping());
        }
        EXPECT_GT(looks(), before) << "it never looked";
        co_return last;
    }

private:
    std::optional<bson::document> hello(int member) {
        int const primary = primary_;
        if (primary == gone) return std::nullopt;
        auto const hosts = bson::array(all_[0].name(), all_[1].name());
        return coda::test::hello_of("ismaster", member == primary, "secondary", member != primary, "setName", "r0",
                                    "hosts", hosts, "me", all_[member].name());
    }
    std::optional<bson::document> rest(int member, mongo_message const& m) {
        if (m.name() != "insert" || member == primary_) return answer(m);
        return doc("ok", 0.0, "code", 10107, "codeName", "NotWritablePrimary", "errmsg", "not primary");
    }
    played_mongo::answer hello_of(int member) {
        return [=, this](mongo_message const&) { return hello(member); };
    }
    played_mongo::answer rest_of(int member) {
        return [=, this](mongo_message const& m) { return rest(member, m); };
    }

    std::atomic<int> primary_ = 0;
    played_mongo all_[2] = {{hello_of(0), rest_of(0)}, {hello_of(1), rest_of(1)}};
    blocking_calls calls_;
};
CODA_ON_EVERY_LOOP(replica_set);

TEST_P(replica_set, whose_primary_changes_takes_writes_again) {
    mongo::client db(loop(), uri(), {.pool = {.max_size = 2}});
    auto all = db.collection("x", "y");
    auto const write = [&] { return all.insert_one(doc("a", 1)); };
    auto const body = [&]() -> task<> {
        co_await write();
        EXPECT_EQ(asked(0, "insert"), 1);
        elect(nobody);
        auto const stepped_down = co_await as_result(write());
        EXPECT_EQ(stepped_down.error().code(), mongo::server_code::not_writable_primary);
        EXPECT_EQ(stepped_down.error().kind(), coda::error_class::transient);
        for (int i = 0; i < 3; ++i) {
            auto const none = co_await as_result(coda::with_timeout(50ms, write()));
            EXPECT_EQ(none.error().code(), coda::errc::timed_out) << none.error().message();
            EXPECT_EQ(none.error().outcome(), outcome::not_sent);
        }
        EXPECT_EQ(asked(0, "insert") + asked(1, "insert"), 2) << "nobody was there to write to";
        elect(1);
        co_await coda::with_timeout(coda::test::patience, coda::retry(coda::retry_policy::transient(), write));
        EXPECT_EQ(asked(1, "insert"), 1);
        for (int i = 0; i < 5; ++i) co_await write();
        EXPECT_EQ(asked(1, "insert"), 6);
        co_await db.close();
    };
    run(body());
}

TEST_P(replica_set, looked_at_again_has_another_primary) {
    mongo::connection db(loop(), uri("&heartbeatFrequencyMS=500"));
    auto const body = [&]() -> task<> {
        co_await db.connect();
        elect(1);
        auto const looked = co_await ping_until_looked(db);
        EXPECT_TRUE(looked.has_value()) << looked.error().message();
        EXPECT_EQ(asked(1, "ping"), 1);
        co_await db.command("x", doc("insert", "y"));
        EXPECT_EQ(asked(1, "insert"), 1);
        EXPECT_EQ(asked(0, "insert"), 0);
    };
    run(body());
}

TEST_P(replica_set, looked_at_again_has_no_primary_or_nobody) {
    for (int const what : {nobody, gone}) {
        elect(0);
        mongo::connection db(loop(), uri("&heartbeatFrequencyMS=500"));
        auto const body = [&]() -> task<> {
            co_await db.connect();
            elect(what);
            auto const looked = co_await ping_until_looked(db);
            EXPECT_TRUE(looked.has_error()) << what;
            if (!looked.has_error()) co_return;
            EXPECT_EQ(looked.error().code(), what == gone ? coda::error_code(coda::errc::connection_lost)
                                                          : coda::error_code(mongo::errc::connect_failed))
                << looked.error().message();
            EXPECT_EQ(looked.error().outcome(), outcome::not_sent);
            EXPECT_FALSE(db.usable()) << "what it knows of its servers is out of date";
            elect(0);
            co_await db.connect();
            co_await db.ping();
        };
        run(body());
    }
}

} // namespace mongo_several_servers_test
