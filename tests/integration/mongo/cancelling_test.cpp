// SPDX-License-Identifier: BSL-1.0
// The contract of cancellation: what was not sent never happens, what was sent costs its connection, and nobody waits.
#include "on_mongo.hpp"
#include "support/cancel_everywhere.hpp"
#include "support/mongo_peer.hpp"

#include <atomic>

namespace mongo_cancelling_test {

using namespace std::chrono_literals;
namespace bson = coda::bson;
namespace mongo = coda::mongo;
using bson::doc;
using coda::as_result;
using coda::outcome;
using coda::scope;
using coda::task;
using coda::test::conversation;
using coda::test::gives;
using coda::test::scripted_peer;
using coda::test::until;

class mongo_cancelling : public coda::test::on_mongo {
protected:
    void SetUp() override {
        on_mongo::SetUp();
        if (!IsSkipped() && !HasFatalFailure()) name_ = server().fresh_collection();
    }
    coda::operation<bson::document> insert(mongo::connection& db, int id) {
        return db.command(database(), doc("insert", name_, "documents", bson::array(doc("_id", id))));
    }
    std::string const& name() const { return name_; }

private:
    std::string name_;
};
CODA_ON_EVERY_LOOP(mongo_cancelling);

TEST_P(mongo_cancelling, while_it_waits_for_its_turn_sends_nothing) {
    auto const db = connected();
    auto const body = [&](scope& s) -> task<> {
        hold_replies();
        auto const before = bytes_sent();
        auto first = s.spawn(insert(*db, 1));
        co_await until_sent(before);
        auto queued = s.spawn(insert(*db, 2));
        auto behind = s.spawn(insert(*db, 3));
        co_await coda::yield();
        co_await gives(queued.cancel(), outcome::not_sent);
        proxy().heal();
        co_await first.join();
        co_await behind.join();
        EXPECT_TRUE(db->usable());
        EXPECT_EQ(server().count(name()), 2);
        EXPECT_EQ(server().count(name(), doc("_id", 2)), 0);
    };
    run(coda::with_scope(body));
    EXPECT_EQ(proxy().stats().accepted, 1u) << "the connection is untouched";
}

TEST_P(mongo_cancelling, while_it_waits_for_a_connection_sends_nothing) {
    auto const db = client({.pool = {.max_size = 1}});
    auto all = db->collection(database(), name());
    auto const body = [&](scope& s) -> task<> {
        hold_replies();
        auto const before = bytes_sent();
        auto first = s.spawn(all.insert_one(doc("_id", 1)));
        co_await until_sent(before);
        auto queued = s.spawn(all.insert_one(doc("_id", 2)));
        co_await coda::yield();
        co_await gives(queued.cancel(), outcome::not_sent);
        proxy().heal();
        co_await first.join();
        co_await gives(all.count(), 1);
    };
    run(coda::with_scope(body));
    EXPECT_EQ(proxy().stats().accepted, 1u) << "the connection is untouched";
}

TEST_P(mongo_cancelling, in_flight_resumes_at_once_and_costs_the_connection) {
    auto const db = connected();
    auto const body = [&](scope& s) -> task<> {
        hold_replies();
        auto const before = bytes_sent();
        auto sent = s.spawn(insert(*db, 1));
        co_await until_sent(before);
        co_await gives(sent.cancel(), outcome::unknown, "while its reply is still held");
        EXPECT_FALSE(db->usable());
        auto const next = co_await as_result(db->ping());
        expect_error(next, coda::errc::connection_lost, outcome::not_sent);
        co_await until([&] { return server().count(name()) == 1; }, "it happened nevertheless");
        proxy().heal();
        co_await db->connect();
        co_await db->ping();
    };
    run(coda::with_scope(body));
    EXPECT_EQ(proxy().stats().accepted, 2u);
}

TEST_P(mongo_cancelling, in_flight_costs_a_connection_of_the_pool_which_replaces_it) {
    auto const db = client({.pool = {.max_size = 1}});
    auto all = db->collection(database(), name());
    auto const body = [&](scope& s) -> task<> {
        hold_replies();
        auto const before = bytes_sent();
        auto sent = s.spawn(all.insert_one(doc("_id", 1)));
        co_await until_sent(before);
        co_await gives(sent.cancel(), outcome::unknown, "while its reply is still held");
        proxy().heal();
        co_await until([&] { return server().count(name()) == 1; }, "it happened nevertheless");
        co_await gives(all.count(), 1);
        EXPECT_EQ(db->statistics().opened, 2u);
        EXPECT_EQ(db->statistics().closed, 1u);
    };
    run(coda::with_scope(body));
    EXPECT_EQ(proxy().stats().accepted, 2u);
}

// They were not cancelled: what they are told is that the connection is gone.
TEST_P(mongo_cancelling, in_flight_tells_those_behind_that_the_connection_is_lost) {
    auto const db = connected();
    auto const behind = [&]() -> task<> {
        auto const r = co_await as_result(insert(*db, 2));
        expect_error(r, coda::errc::connection_lost, outcome::not_sent);
    };
    auto const body = [&](scope& s) -> task<> {
        hold_replies();
        auto const before = bytes_sent();
        auto sent = s.spawn(insert(*db, 1));
        co_await until_sent(before);
        s.spawn(behind());
        co_await coda::yield();
        co_await gives(sent.cancel(), outcome::unknown);
        co_await until([&] { return server().count(name()) == 1; });
    };
    run(coda::with_scope(body));
    EXPECT_EQ(server().count(name(), doc("_id", 2)), 0);
}

TEST_P(mongo_cancelling, by_operation_timeout_where_nobody_bounds_it) {
    auto const db = connected({.operation_timeout = 20ms});
    auto const many = client({.pool = {.max_size = 1}, .connection = {.operation_timeout = 20ms}});
    auto all = many->collection(database(), name());
    auto const body = [&]() -> task<> {
        hold_replies();
        auto a = as_result(db->ping());
        auto b = as_result(db->ping());
        auto const [sent, queued] = co_await coda::when_all(std::move(a), std::move(b));
        expect_error(sent, coda::errc::timed_out, outcome::unknown);
        expect_error(queued, coda::errc::timed_out, outcome::not_sent);
        EXPECT_FALSE(db->usable());
        auto const of_client = co_await as_result(all.count());
        expect_error(of_client, coda::errc::timed_out, outcome::unknown);
        proxy().heal();
    };
    run(body());
}

TEST_P(mongo_cancelling, behind_a_deadline_that_has_passed_sends_nothing) {
    auto const db = connected();
    auto const many = client();
    auto all = many->collection(database(), name());
    auto const body = [&]() -> task<> {
        auto const before = bytes_sent();
        for (auto const limit : {0ns, -1ns}) {
            auto const one = co_await as_result(coda::with_timeout(limit, insert(*db, 1)));
            expect_error(one, coda::errc::timed_out, outcome::not_sent);
            auto const other = co_await as_result(coda::with_timeout(limit, all.insert_one(doc("_id", 1))));
            expect_error(other, coda::errc::timed_out, outcome::not_sent);
            auto found = all.find();
            auto const next = co_await as_result(coda::with_timeout(limit, found.next()));
            EXPECT_TRUE(next.has_error());
        }
        EXPECT_EQ(bytes_sent(), before);
        co_await db->ping();
        co_await gives(all.count(), 0);
    };
    run(body());
    EXPECT_EQ(proxy().stats().accepted, 2u) << "the connections are untouched";
}

TEST_P(mongo_cancelling, sends_the_time_that_is_left_to_the_server) {
    using asked_for = std::pair<std::string, std::int64_t>; // the command's name, its maxTimeMS
    std::vector<asked_for> asked;
    {
        scripted_peer peer([&](conversation& with) {
            coda::test::mongo_handshake(with);
            while (true) {
                auto const m = coda::test::read_message(with);
                auto const limit = m.body.try_get<std::int64_t>("maxTimeMS");
                asked.emplace_back(m.name(), limit.has_value() ? *limit : 0);
                auto const batch = doc("id", std::int64_t{0}, "ns", "x.y", "firstBatch", bson::array());
                with.send(coda::test::reply_to(m, doc("cursor", batch, "n", 1, "ok", 1)));
            }
        });
        mongo::client db(loop(), fmt::format("mongodb://127.0.0.1:{}", peer.port()),
                         {.pool = {.max_size = 1}, .connection = {.operation_timeout = 100s}});
        auto all = db.collection("x", "y");
        auto const body = [&]() -> task<> {
            co_await all.find_one({});
            co_await coda::with_timeout(50s, all.find_by_id(1));
            co_await coda::with_timeout(200s, all.count());
            co_await coda::with_timeout(30s, all.insert_one(doc("_id", 1)));
            co_await coda::with_timeout(40s, all.update_one({}, doc("$set", doc("a", 1))));
            co_await coda::with_timeout(60s, all.delete_one({}));
            auto found = all.find(); // its cursor lives longer than one round trip
            co_await coda::with_timeout(10s, found.next());
            co_await db.command("x", doc("dbStats", 1)); // as it stands
        };
        run(body());
    }
    asked_for const limits[] = {{"find", 100'000},  {"find", 50'000},   {"aggregate", 100'000},
                                {"insert", 30'000}, {"update", 40'000}, {"delete", 60'000},
                                {"find", 0},        {"dbStats", 0}};
    ASSERT_EQ(asked.size(), std::size(limits));
    for (std::size_t i = 0; i < asked.size(); ++i) {
        EXPECT_EQ(asked[i].first, limits[i].first);
        EXPECT_LE(asked[i].second, limits[i].second) << asked[i].first;
        EXPECT_EQ(asked[i].second > 0, limits[i].second > 0) << asked[i].first;
        EXPECT_GT(asked[i].second, limits[i].second - 20'000) << "a server that takes so long to answer is none";
    }
}

TEST_P(mongo_cancelling, anything_anywhere_leaves_the_client_usable) {
    auto const db = client({.pool = {.max_size = 2}});
    auto all = db->collection(database(), name());
    auto const fill = [&]() -> task<> {
        std::vector<bson::document> some;
        for (int i = 0; i < 10; ++i) some.push_back(doc("_id", i));
        co_await all.insert_many(some);
    };
    run(fill());
    auto const tried = [&](auto make) {
        auto const attempt = [&]() -> task<bool> {
            auto const r = co_await as_result(make());
            if (r.has_error()) {
                EXPECT_EQ(r.error().code(), coda::errc::cancelled) << r.error().message();
            }
            auto const n = co_await coda::shield(all.count());
            EXPECT_EQ(n, 10);
            co_return r.has_value();
        };
        EXPECT_GT(run(coda::test::cancel_everywhere(attempt)), 0);
    };
    tried([&] { return db->ping(); });
    tried([&] { return all.find_by_id(3); });
    tried([&] { return all.count(); });
    auto const read_all = [&]() -> task<int> {
        auto found = all.find({}, mongo::find_options().batch_size(3));
        int n = 0;
        while (true) {
            auto const next = co_await found.next();
            if (!next) co_return n;
            ++n;
        }
    };
    tried(read_all);
}

TEST_P(mongo_cancelling, a_stream_in_its_middle_ends_it_and_the_next_works) {
    auto const db = client({.pool = {.max_size = 1}});
    auto all = db->collection(database(), name());
    int seen = 0;
    std::uint64_t before = 0;
    auto const read_all = [&]() -> task<> {
        auto found = all.find({}, mongo::find_options().batch_size(2));
        while (true) {
            auto const next = co_await found.next();
            if (!next) co_return;
            if (++seen < 4) continue;
            hold_replies(); // the next batch does not come
            before = bytes_sent();
        }
    };
    auto const body = [&](scope& s) -> task<> {
        std::vector<bson::document> some;
        for (int i = 0; i < 10; ++i) some.push_back(doc("_id", i));
        co_await all.insert_many(some);
        auto reading = s.spawn(read_all());
        co_await until([&] { return seen == 4; });
        co_await until_sent(before);
        co_await gives(reading.cancel(), outcome::unknown);
        EXPECT_EQ(seen, 4);
        EXPECT_EQ(db->statistics().closed, 1u);
        proxy().heal();
        co_await gives(all.count(), 10);
    };
    run(coda::with_scope(body));
    EXPECT_EQ(proxy().stats().accepted, 2u) << "the connection is destroyed";
}

TEST_P(mongo_cancelling, by_the_end_of_the_connection_tells_who_still_waits) {
    auto one = connected();
    auto const ended = [&](outcome expected) -> task<> {
        auto const r = co_await as_result(one->ping());
        expect_error(r, coda::errc::closed, expected);
    };
    auto const body = [&](scope& s) -> task<> {
        hold_replies();
        auto const before = bytes_sent();
        s.spawn(ended(outcome::unknown));
        co_await until_sent(before);
        s.spawn(ended(outcome::not_sent));
        co_await coda::yield();
        one.reset();
        proxy().heal();
    };
    run(coda::with_scope(body));
}

// Who closes waits for the answer to endSessions, and is destroyed meanwhile; the next in turn finds the connection
// gone.
TEST_P(mongo_cancelling, by_a_close_that_is_destroyed_in_its_middle) {
    std::atomic<bool> ending = false;
    scripted_peer peer([&](conversation& with) {
        auto const ok = doc("ok", 1.0);
        coda::test::mongo_handshake(with, coda::test::hello_with_sessions());
        while (true) {
            auto const asked = coda::test::read_message(with);
            if (asked.name() == "endSessions") break;
            with.send(coda::test::reply_to(asked, ok));
        }
        ending = true;
        with.hang();
    });
    mongo::connection db(loop(), fmt::format("mongodb://127.0.0.1:{}/", peer.port()));
    auto const close = [&]() -> task<> { co_await db.close(); };
    coda::result<> next;
    auto const ping = [&]() -> task<> { next = co_await as_result(db.ping()); };
    auto const body = [&](scope& s) -> task<> {
        co_await db.connect();
        co_await db.ping();
        scope closing(co_await coda::this_context());
        closing.spawn(close());
        co_await until([&] { return ending.load(); });
        s.spawn(ping());
        co_await coda::yield();
    };
    run(coda::with_scope(body));
    EXPECT_EQ(next.error().outcome(), outcome::not_sent);
    EXPECT_FALSE(db.usable());
}

TEST_P(mongo_cancelling, a_close_that_is_not_answered_after_operation_timeout) {
    scripted_peer peer([&](conversation& with) {
        coda::test::mongo_handshake(with, coda::test::hello_with_sessions());
        while (true) {
            auto const asked = coda::test::read_message(with);
            if (asked.name() == "endSessions") return with.hang();
            with.send(coda::test::reply_to(asked, doc("ok", 1.0)));
        }
    });
    mongo::connection db(loop(), fmt::format("mongodb://127.0.0.1:{}/", peer.port()), {.operation_timeout = 2s});
    auto const body = [&]() -> task<> {
        co_await db.connect();
        co_await db.ping();
        auto const begun = loop().now();
        co_await db.close();
        EXPECT_GE(loop().now() - begun, 2s);
        EXPECT_FALSE(db.usable());
        EXPECT_GT(db.stack_used(), 0u);
    };
    run(body());
}

TEST_P(mongo_cancelling, by_the_end_of_the_client_ends_its_streams) {
    auto db = client({.pool = {.max_size = 1}});
    auto all = db->collection(database(), name());
    auto const body = [&]() -> task<> {
        std::vector<bson::document> some;
        for (int i = 0; i < 4; ++i) some.push_back(doc("_id", i));
        co_await all.insert_many(some);
        auto found = all.find({}, mongo::find_options().batch_size(2));
        for (int i = 0; i < 2; ++i) co_await found.next();
        db.reset();
        auto const next = co_await as_result(found.next());
        EXPECT_TRUE(next.has_error());
        EXPECT_EQ(next.error().code(), coda::errc::closed) << next.error().message();
    };
    run(body());
}

// Between two batches, and while the next one is on its way.
TEST_P(mongo_cancelling, a_stream_leaves_no_cursor_on_the_server) {
    auto const db = client({.pool = {.max_size = 1}});
    auto all = db->collection(database(), name());
    auto const reads_four = [&](bool in_flight, int& seen) -> task<> {
        auto found = all.find({}, mongo::find_options().batch_size(2).comment("left behind"));
        while (true) {
            auto const next = co_await found.next();
            if (!next) co_return;
            if (++seen == 4) {
                if (!in_flight) co_await coda::sleep_for(1h);
                hold_replies();
            }
        }
    };
    auto const sent = [&] {
        std::string bytes;
        for (auto const& c : proxy().stats().connections) bytes += c.to_server.captured;
        return bytes;
    };
    auto const body = [&](scope& s) -> task<> {
        std::vector<bson::document> some;
        for (int i = 0; i < 10; ++i) some.push_back(doc("_id", i));
        co_await all.insert_many(some);
        proxy().capture();
        for (bool const in_flight : {false, true}) {
            auto const before = sent().size();
            int seen = 0;
            auto reading = s.spawn(reads_four(in_flight, seen));
            co_await until([&] { return seen == 4; });
            co_await reading.cancel();
            proxy().heal();
            co_await until([&] { return sent().find("killCursors", before) != std::string::npos; });
            co_await gives(all.count(), 10); // behind it, on the only connection
            auto const text = sent();
            EXPECT_NE(text.find("left behind", before), std::string::npos);
            std::int64_t id = 0;
            std::memcpy(&id, text.data() + text.find("getMore", before) + sizeof "getMore", sizeof id);
            EXPECT_NE(id, 0);
            EXPECT_THROW(static_cast<void>(server().run(doc("getMore", id, "collection", name()))), std::runtime_error);
        }
    };
    run(coda::with_scope(body));
}

// Its frame is destroyed where it waits, as when its loop is stopped.
TEST_P(mongo_cancelling, an_operation_destroyed_in_flight_frees_everything) {
    auto const db = client({.pool = {.max_size = 1}});
    auto const body = [&]() -> task<> {
        coda::context const& here = co_await coda::this_context();
        hold_replies();
        auto const before = bytes_sent();
        auto s = std::make_unique<scope>(here);
        for (int i = 0; i < 4; ++i) s->spawn(db->ping());
        co_await until_sent(before);
        s.reset();
        proxy().heal();
        co_await db->ping();
    };
    run(body());
    EXPECT_EQ(proxy().stats().accepted, 2u) << "and the connection with it";
}

} // namespace mongo_cancelling_test
