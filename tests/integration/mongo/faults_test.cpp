// SPDX-License-Identifier: BSL-1.0
// A server behind a network that splits, cuts and loses, and peers that answer nonsense.
#include "on_mongo.hpp"
#include "support/mongo_peer.hpp"

#include <future>

namespace mongo_faults_test {

using namespace std::chrono_literals;
namespace bson = coda::bson;
namespace mongo = coda::mongo;
using bson::doc;
using coda::as_result;
using coda::outcome;
using coda::task;
using coda::test::conversation;
using coda::test::cut;
using coda::test::gives;
using coda::test::int32_bytes;
using coda::test::mongo_message;
using coda::test::scripted_peer;

class mongo_faults : public coda::test::on_mongo {
protected:
    // What a ping ends with where its reply is `answer(asked)`; then the connection is of no more use, unless it is
    // said to be.
    coda::result<> outcome_of(std::function<std::string(mongo_message const&)> answer, bool usable = false) {
        scripted_peer peer([answer](conversation& with) {
            coda::test::mongo_handshake(with);
            with.send(answer(coda::test::read_message(with)));
            while (true) with.send(coda::test::reply_to(coda::test::read_message(with), doc("ok", 1)));
        });
        coda::result<> r;
        auto const before = coda::test::sockets_open();
        {
            mongo::connection db(loop(), fmt::format("mongodb://127.0.0.1:{}/", peer.port()));
            auto const body = [&]() -> task<> {
                co_await db.connect();
                r = co_await as_result(db.ping());
                EXPECT_EQ(db.usable(), usable);
                if (!db.usable()) co_await db.connect();
            };
            run(body());
        }
        EXPECT_TRUE(peer.wait_until_ended(usable ? 1 : 2));
        EXPECT_EQ(coda::test::sockets_open(), before);
        return r;
    }
    static std::string good(mongo_message const& asked) { return reply_to(asked, doc("ok", 1)); }
    static std::string with_int32(std::string message, std::size_t at, std::int32_t n) {
        return message.replace(at, 4, int32_bytes(n));
    }
};
CODA_ON_EVERY_LOOP(mongo_faults);

TEST_P(mongo_faults, splits_anywhere_change_nothing) {
    for (std::size_t const chunk : {1u, 2u, 3u, 7u, 11u, 17u}) {
        proxy().apply({.to_server = {.chunk = chunk}, .to_client = {.chunk = chunk}});
        mongo::client db(loop(), uri());
        auto const name = server().fresh_collection();
        auto const body = [&]() -> task<> {
            auto all = db.collection(database(), name);
            std::vector<bson::document> some;
            for (int i = 0; i < 5; ++i) some.push_back(doc("_id", i, "text", "a text that is cut into pieces"));
            co_await gives(all.insert_many(some), 5);
            auto const found = co_await all.find_by_id(3);
            EXPECT_EQ(found, some[3]);
            auto const refused = co_await as_result(all.insert_one(some[0]));
            expect_error(refused, mongo::server_code::duplicate_key, outcome::completed);
            co_await gives(all.count(), 5);
        };
        run(body());
    }
}

TEST_P(mongo_faults, a_large_document_cut_on_its_way_is_unknown_and_the_next_works) {
    auto const name = server().fresh_collection();
    auto const db = client({.pool = {.max_size = 1}});
    auto all = db->collection(database(), name);
    auto const large = doc("_id", 1, "text", std::string(5'000'000, 'x'));
    auto const body = [&]() -> task<> {
        for (auto const how : {cut::close, cut::reset}) {
            co_await db->ping();
            proxy().apply({.to_server = {.cut_after = 1'000'000, .how = how}});
            auto const r = co_await as_result(all.insert_one(large));
            expect_error(r, coda::errc::connection_lost, outcome::unknown);
            proxy().heal();
        }
        co_await all.insert_one(large);
        for (auto const how : {cut::close, cut::reset}) {
            co_await db->ping();
            proxy().apply({.to_client = {.cut_after = 1'000'000, .how = how}});
            auto const r = co_await as_result(all.find_by_id(1));
            expect_error(r, coda::errc::connection_lost, outcome::unknown);
            proxy().heal();
        }
        auto const found = co_await all.find_by_id(1);
        EXPECT_EQ(found, large);
    };
    run(body());
}

TEST_P(mongo_faults, a_good_reply_of_a_peer_is_good) { EXPECT_TRUE(outcome_of(&good, true).has_value()); }

TEST_P(mongo_faults, a_malformed_reply_is_a_protocol_error_and_costs_the_connection) {
    using answer = std::function<std::string(mongo_message const&)>;
    std::pair<char const*, answer> const all[] = {
        {"a length of nothing", [](auto const& m) { return with_int32(good(m), 0, 0); }},
        {"a length below the header's", [](auto const& m) { return with_int32(good(m), 0, 15); }},
        {"a length below zero", [](auto const& m) { return with_int32(good(m), 0, -1); }},
        {"a length of two gigabytes", [](auto const& m) { return with_int32(good(m), 0, 0x7fffffff); }},
        {"the header alone", [](auto const& m) { return with_int32(good(m), 0, 16); }},
        {"an unknown opcode", [](auto const& m) { return with_int32(good(m), 12, 9999); }},
        {"an opcode of a request", [](auto const& m) { return with_int32(good(m), 12, 2004); }},
        {"an unknown kind of section", [](auto const& m) { return good(m).replace(20, 1, "\x7"); }},
        {"a document longer than the message", [](auto const& m) { return with_int32(good(m), 21, 500); }},
        {"a document of less than nothing", [](auto const& m) { return with_int32(good(m), 21, -5); }},
        {"a document without its end",
         [](auto const& m) {
             auto s = good(m);
             s.back() = 'x';
             return s;
         }},
        {"text", [](auto const&) { return std::string("HTTP/1.1 400 Bad Request\r\n\r\nPlease speak HTTP"); }},
    };
    for (auto const& [what, make] : all) {
        auto const r = outcome_of(make);
        ASSERT_TRUE(r.has_error()) << what;
        EXPECT_EQ(r.error().code(), coda::errc::protocol_error) << what << ": " << r.error().message();
        EXPECT_EQ(r.error().outcome(), outcome::unknown) << what << ": " << r.error().message();
    }
}

TEST_P(mongo_faults, a_reply_with_a_corrupt_document_inside_is_an_error) {
    auto const r = outcome_of(
        [](mongo_message const& m) {
            auto s = reply_to(m, doc("inner", doc("a", "text"), "ok", 1));
            return s.replace(s.find("text") - 4, 4, int32_bytes(1000)); // the length of the text
        },
        true);
    ASSERT_TRUE(r.has_error());
    EXPECT_NE(r.error().outcome(), outcome::not_sent) << r.error().message();
}

TEST_P(mongo_faults, a_reply_that_says_nothing_is_an_error) {
    auto const r = outcome_of([](mongo_message const& m) { return reply_to(m, bson::document()); }, true);
    ASSERT_TRUE(r.has_error());
    EXPECT_NE(r.error().outcome(), outcome::not_sent) << r.error().message();
}

TEST_P(mongo_faults, what_a_server_says_unasked_ends_the_connection) {
    std::promise<void> connected_now;
    auto const is_connected = connected_now.get_future().share();
    scripted_peer peer([is_connected](conversation& with) {
        coda::test::mongo_handshake(with);
        is_connected.wait_for(coda::test::patience);
        with.send("unasked");
        with.hang();
    });
    mongo::connection db(loop(), fmt::format("mongodb://127.0.0.1:{}/", peer.port()));
    auto const body = [&]() -> task<> {
        co_await db.connect();
        connected_now.set_value();
        co_await coda::test::until([&] { return !db.usable(); }, "it is noticed");
        auto const r = co_await as_result(db.ping());
        expect_error(r, coda::errc::protocol_error, outcome::not_sent);
    };
    run(body());
}

// It came with the answer before, and is in a buffer of ours.
TEST_P(mongo_faults, a_second_answer_is_given_to_nobody) {
    scripted_peer peer([](conversation& with) {
        coda::test::mongo_handshake(with);
        auto const first = coda::test::read_message(with);
        with.send(reply_to(first, doc("ok", 1, "n", 1)) + reply_to(first, doc("ok", 1, "n", 99)));
        with.hang();
    });
    mongo::connection db(loop(), fmt::format("mongodb://127.0.0.1:{}/", peer.port()));
    auto const body = [&]() -> task<> {
        co_await db.connect();
        auto const first = co_await db.command("x", doc("first", 1));
        EXPECT_EQ(first.get<int>("n"), 1);
        auto const second = co_await as_result(db.command("x", doc("second", 1)));
        EXPECT_TRUE(second.has_error());
        EXPECT_EQ(second.error().code(), coda::errc::protocol_error) << second.error().message();
        EXPECT_FALSE(db.usable());
    };
    run(body());
}

// OpenSSL takes whole records from the socket, and buffers of ours take more than what is asked for: nothing of it may
// be waited for again.
TEST_P(mongo_faults, replies_larger_than_any_buffer_come_whole_through_tls) {
    auto const with_tls = coda::test::server_variable("CODA_TEST_MONGO_TLS_URI");
    if (with_tls.empty()) GTEST_SKIP() << "NOT TESTED: no server with TLS";
    auto const before = coda::test::sockets_open();
    {
        mongo::client db(loop(), with_tls, {.pool = {.max_size = 1}});
        auto all = db.collection(database(), fmt::format("tls_{}_{}", getpid(), static_cast<int>(GetParam())));
        auto const body = [&]() -> task<> {
            for (std::size_t const size :
                 {1u, 100u, 16'000u, 16'383u, 16'384u, 16'385u, 40'000u, 1'000'000u, 9'000'000u}) {
                auto const sent = doc("_id", static_cast<std::int64_t>(size), "text", std::string(size, 'x'));
                co_await all.insert_one(sent);
                for (int i = 0; i < 3; ++i) {
                    auto const found = co_await all.find_by_id(static_cast<std::int64_t>(size));
                    EXPECT_EQ(found, sent) << size;
                }
            }
            for (int i = 0; i < 200; ++i) co_await db.ping();
            auto found = all.find({}, mongo::find_options().batch_size(2));
            int n = 0;
            while (true) {
                auto const next = co_await found.next();
                if (!next) break;
                ++n;
            }
            EXPECT_EQ(n, 9);
            auto const dropped = doc("drop", fmt::format("tls_{}_{}", getpid(), static_cast<int>(GetParam())));
            co_await db.command(database(), dropped.clone());
        };
        run(body());
    }
    EXPECT_EQ(coda::test::sockets_open(), before);
}

// libmongoc looks at its servers again from time to time, inside an operation.
TEST_P(mongo_faults, a_server_looked_at_again_is_still_there_or_gone) {
    mongo::connection db(loop(), uri("&heartbeatFrequencyMS=500"));
    auto const body = [&]() -> task<> {
        co_await db.connect();
        auto const looked = [&] { return proxy().stats().to_server.forwarded; };
        co_await db.ping();
        auto const before = looked();
        co_await db.ping();
        auto const of_a_ping = looked() - before;
        auto const limit = std::chrono::steady_clock::now() + coda::test::patience;
        std::uint64_t last = 0;
        while (last <= of_a_ping && std::chrono::steady_clock::now() < limit) { // a look is a message more
            auto const start = looked();
            co_await db.ping();
            last = looked() - start;
            co_await coda::sleep_for(5ms);
        }
        EXPECT_GT(last, of_a_ping) << "it never looked";
        co_await db.ping();
        EXPECT_TRUE(db.usable());
    };
    run(body());
    EXPECT_EQ(proxy().stats().accepted, 1u) << "by the same connection";
}

} // namespace mongo_faults_test
