// SPDX-License-Identifier: BSL-1.0
// libmongoc blocks; coda's loop does not. While an operation waits for a peer that does not do its part, a heartbeat on
// the same loop goes on, and no function that puts the thread to sleep is called on it. Neither depends on how fast the
// machine is: the peers wait for the heartbeat, not for a clock.
#include "on_mongo.hpp"
#include "support/blocking_calls.hpp"
#include "support/mongo_peer.hpp"
#include "support/unreachable_endpoint.hpp"

#include <poll.h>

#include <atomic>

namespace mongo_the_loop_is_never_blocked_test {

using namespace std::chrono_literals;
namespace bson = coda::bson;
namespace mongo = coda::mongo;
using bson::doc;
using coda::as_result;
using coda::scope;
using coda::task;
using coda::test::blocking_calls;
using coda::test::conversation;
using coda::test::endpoint;
using coda::test::scripted_peer;

class the_loop : public coda::test::on_mongo {
protected:
    // Beats until it is told to stop.
    task<> heartbeat() {
        while (!stop_) {
            co_await coda::sleep_for(10ms);
            ++beats_;
        }
    }
    static constexpr int enough = 20;

    // Starts `operation`, which cannot end for lack of an answer, and cancels it after some beats, by which it must
    // still be waiting: had it kept the loop to itself, it would have come to its own end first.
    template <class Operation>
    void expect_beats_while_waiting(Operation operation, char const* why) {
        blocking_calls calls;
        bool ended = false;
        auto const wait = [&]() -> task<> {
            static_cast<void>(co_await as_result(operation()));
            ended = true;
        };
        auto const body = [&](scope& s) -> task<> {
            auto beating = s.spawn(heartbeat());
            auto waiting = s.spawn(wait());
            auto const before = beats_;
            while (beats_ - before < enough && !ended) co_await coda::sleep_for(1ms);
            EXPECT_FALSE(ended) << why;
            EXPECT_GE(beats_ - before, enough) << why;
            co_await waiting.cancel();
            stop_ = true;
            co_await beating.join();
        };
        stop_ = false;
        run(coda::with_scope(body));
        EXPECT_EQ(calls.names(), "") << why;
    }
    // Runs `operation` to its end, whatever that is, without a call that blocks.
    template <class Operation>
    void expect_no_blocking_call(Operation operation, char const* why) {
        blocking_calls calls;
        auto const body = [&]() -> task<> { static_cast<void>(co_await as_result(operation())); };
        run(body());
        EXPECT_EQ(calls.names(), "") << why;
    }
    static std::string at(endpoint const& e, char const* more = "") {
        return fmt::format("mongodb://127.0.0.1:{}/{}", e.port, more);
    }
    static constexpr mongo::connection_options patient{.connect_timeout = 60s, .operation_timeout = 60s};
    static constexpr char const* patiently =
        "connectTimeoutMS=60000&serverSelectionTimeoutMS=60000&socketTimeoutMS=60000";

private:
    int beats_ = 0;
    bool stop_ = false;
};
CODA_ON_EVERY_LOOP(the_loop);

TEST_P(the_loop, of_this_test_would_notice) {
    blocking_calls calls;
    usleep(1);
    EXPECT_EQ(calls.names(), "usleep ");
    pollfd none{.fd = -1, .events = 0, .revents = 0};
    poll(&none, 1, 0);
    EXPECT_EQ(calls.names(), "usleep ");
    poll(&none, 1, 1);
    EXPECT_EQ(calls.names(), "usleep poll ");
}

TEST_P(the_loop, goes_on_while_a_server_is_unreachable) {
    coda::test::unreachable_endpoint nobody;
    mongo::connection db(loop(), at(nobody.where(), "?") + patiently, patient);
    expect_beats_while_waiting([&] { return db.connect(); }, "connecting");
}

TEST_P(the_loop, goes_on_while_a_server_says_nothing) {
    scripted_peer silent([](conversation& with) { with.hang(); });
    mongo::connection plain(loop(), at(silent.where(), "?") + patiently, patient);
    expect_beats_while_waiting([&] { return plain.connect(); }, "the first message");
    mongo::connection tls(loop(), at(silent.where(), "?tls=true&") + patiently, patient);
    expect_beats_while_waiting([&] { return tls.connect(); }, "the TLS handshake");
}

TEST_P(the_loop, goes_on_while_a_server_is_chosen_among_dead_ones) {
    coda::test::unreachable_endpoint first;
    coda::test::unreachable_endpoint second;
    coda::test::refusing_endpoint third;
    auto const hosts = fmt::format("mongodb://127.0.0.1:{},127.0.0.1:{},127.0.0.1:{}/?replicaSet=r0&",
                                   third.where().port, first.where().port, second.where().port);
    mongo::connection db(loop(), hosts + patiently, patient);
    expect_beats_while_waiting([&] { return db.connect(); }, "none answers");
}

TEST_P(the_loop, goes_on_while_a_reply_does_not_come) {
    auto const db = connected(patient);
    hold_replies();
    expect_beats_while_waiting([&] { return db->ping(); }, "a command");
}

TEST_P(the_loop, goes_on_while_a_large_document_is_sent_to_a_slow_peer) {
    auto const db = connected(patient);
    auto const name = server().fresh_collection();
    auto const large = doc("_id", 1, "text", std::string(15'000'000, 'x'));
    auto const insert = doc("insert", name, "documents", bson::array(large));
    proxy().apply({.to_server = {.bytes_per_second = 10'000}}); // 25 minutes
    expect_beats_while_waiting([&] { return db->command(database(), insert.clone()); }, "sending");
}

TEST_P(the_loop, is_not_put_to_sleep_by_a_name_that_does_not_resolve) {
    for (auto const* uri : {"mongodb://no-such-host.invalid/", "mongodb://a.invalid,b.invalid/?replicaSet=r0",
                            "mongodb+srv://db.no-such-host.invalid/"}) {
        mongo::connection db(loop(), uri);
        expect_no_blocking_call([&] { return db.connect(); }, uri);
    }
}

TEST_P(the_loop, is_not_put_to_sleep_by_servers_that_refuse) {
    coda::test::refusing_endpoint a;
    coda::test::refusing_endpoint b;
    auto const hosts = fmt::format("mongodb://127.0.0.1:{},127.0.0.1:{}/", a.where().port, b.where().port);
    for (auto const& uri : {at(a.where()), hosts, hosts + "?replicaSet=r0"}) {
        mongo::connection db(loop(), uri);
        expect_no_blocking_call([&] { return db.connect(); }, uri.c_str());
        mongo::client many(loop(), uri);
        expect_no_blocking_call([&] { return many.ping(); }, uri.c_str());
    }
}

// A read preference lets it connect to a replica set that has no primary.
TEST_P(the_loop, is_not_put_to_sleep_by_a_replica_set_without_a_primary) {
    bson::document hello;
    std::atomic<int> concerned = 0; // pings with a read concern, which a server refuses
    scripted_peer secondary([&](conversation& with) {
        auto const ok = doc("ok", 1.0);
        while (true) {
            auto const asked = coda::test::read_message(with);
            if (asked.body.contains("readConcern")) ++concerned;
            with.send(coda::test::reply_to(asked, coda::test::is_hello(asked) ? hello : ok));
        }
    });
    auto const itself = fmt::format("127.0.0.1:{}", secondary.port());
    hello = coda::test::hello_of("ismaster", false, "secondary", true, "setName", "r0", "hosts", bson::array(itself),
                                 "me", itself);
    mongo::connection db(
        loop(), at(secondary.where(), "?replicaSet=r0&readPreference=secondaryPreferred&readConcernLevel=majority"));
    auto const use = [&]() -> coda::operation<> {
        co_await db.connect();
        co_await db.ping();
        EXPECT_EQ(concerned, 0);
        auto const written = co_await as_result(db.command("x", doc("insert", "y")));
        EXPECT_EQ(written.error().code(), mongo::errc::connect_failed);
        EXPECT_EQ(written.error().outcome(), coda::outcome::not_sent);
        EXPECT_FALSE(db.usable()) << "what it knows of its servers is out of date";
        co_return coda::result<>();
    };
    expect_no_blocking_call(use, "writing");
}

TEST_P(the_loop, is_not_put_to_sleep_by_a_server_that_steps_down_or_goes) {
    using replies = std::vector<std::string>;
    auto const not_primary =
        coda::test::bytes_of(doc("ok", 0, "code", 10107, "errmsg", "not primary", "codeName", "NotWritablePrimary"));
    auto const shutdown =
        coda::test::bytes_of(doc("ok", 0, "code", 91, "errmsg", "shutting down", "codeName", "ShutdownInProgress"));
    for (auto const& answer : replies{not_primary, shutdown, "", "nonsense"}) {
        scripted_peer peer([&](conversation& with) {
            coda::test::mongo_handshake(with, coda::test::hello_with_sessions());
            while (true) {
                auto const asked = coda::test::read_message(with);
                if (asked.name() == "ping") {
                    with.send(coda::test::reply_to(asked, doc("ok", 1)));
                } else {
                    if (!answer.empty()) with.send(coda::test::reply_to(asked, answer));
                    if (answer.empty() || answer == "nonsense") return with.close();
                }
            }
        });
        mongo::client db(loop(), at(peer.where()));
        auto all = db.collection("x", "y");
        auto const use = [&]() -> coda::operation<> {
            for (int i = 0; i < 3; ++i) {
                static_cast<void>(co_await as_result(db.ping()));
                static_cast<void>(co_await as_result(all.find_one({})));
                static_cast<void>(co_await as_result(all.insert_one(doc("_id", 1))));
            }
            static_cast<void>(co_await as_result(db.ping()));
            co_await db.close();
            co_return coda::result<>();
        };
        expect_no_blocking_call(use, answer.c_str());
    }
}

TEST_P(the_loop, is_not_put_to_sleep_by_what_is_cancelled) {
    scripted_peer peer([&](conversation& with) {
        coda::test::mongo_handshake(with, coda::test::hello_with_sessions());
        while (true) {
            auto const asked = coda::test::read_message(with);
            if (asked.name() == "ping") with.send(coda::test::reply_to(asked, doc("ok", 1)));
        }
    });
    auto const use = [&]() -> coda::operation<> {
        mongo::client db(loop(), at(peer.where()));
        auto all = db.collection("x", "y");
        for (int i = 0; i < 3; ++i) {
            co_await db.ping();
            static_cast<void>(co_await as_result(coda::with_timeout(5ms, all.find_one({}))));
        }
        co_return coda::result<>();
    };
    expect_no_blocking_call(use, "a server with sessions that does not answer");
}

} // namespace mongo_the_loop_is_never_blocked_test
