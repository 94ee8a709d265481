// SPDX-License-Identifier: BSL-1.0
// What the options and the connection string ask for, as it reaches a server: a router, which takes a read preference.
#include "support/loops.hpp"
#include "support/played_mongo.hpp"

#include <coda/mongo.hpp>
#include <coda/runtime.hpp>

#include <gtest/gtest.h>

namespace mongo_what_is_sent_test {

namespace bson = coda::bson;
namespace mongo = coda::mongo;
using bson::doc;
using coda::task;
using coda::test::mongo_message;
using coda::test::played_mongo;

bson::document answer(mongo_message const& asked) {
    char const* const batch = asked.name() == "getMore" ? "nextBatch" : "firstBatch";
    std::int64_t const id = asked.name() == "find" && !asked.body.contains("singleBatch") ? 7 : 0;
    return doc("cursor", doc("id", id, "ns", "x.y", batch, bson::array()), "n", 1, "ok", 1.0);
}

class what_is_sent : public coda::test::on_every_loop {
protected:
    // Every kind of operation, once.
    void use_all(std::string const& options, mongo::connection_options more = {}) {
        mongo::client db(loop(), fmt::format("mongodb://{}/?{}", server_.name(), options),
                         {.pool = {.max_size = 1}, .connection = more});
        auto all = db.collection("x", "y");
        auto const body = [&]() -> task<> {
            co_await db.ping();
            co_await db.command("x", doc("dbStats", 1));
            auto found = all.find();
            co_await found.next();
            co_await all.count();
            co_await all.insert_one(doc("_id", 1));
            co_await all.update_one({}, doc("$set", doc("a", 1)));
            co_await all.delete_one({});
            co_await db.close();
        };
        run(body());
    }
    // A field of the last command of that name, as JSON; empty where there is none.
    std::string sent(char const* command, char const* field) const {
        auto const body = server_.last(command);
        EXPECT_FALSE(body.empty()) << command;
        if (!body.contains(field)) return {};
        return bson::to_json(body.get<bson::view>(field));
    }

    played_mongo server_{&coda::test::router_hello, &answer};
};
CODA_ON_EVERY_LOOP(what_is_sent);

constexpr char const* reads[] = {"find", "aggregate"};
constexpr char const* writes[] = {"insert", "update", "delete"};
// That the server would refuse.
constexpr char const* neither[] = {"ping", "dbStats", "getMore"};

TEST_P(what_is_sent, names_the_application) {
    use_all("appname=ledger");
    EXPECT_EQ(server_.last("hello").try_get<std::string>("client.application.name").value(), "ledger");
}

TEST_P(what_is_sent, carries_concerns_and_preference_where_they_belong) {
    mongo::connection_options const by_options{.read_preference = mongo::read_preference::nearest,
                                               .read_concern = mongo::read_concern::majority,
                                               .write_concern = mongo::write_concern::majority};
    char const* const by_uri = "readPreference=nearest&readConcernLevel=majority&w=majority";
    // The options come before the connection string.
    char const* const overruled = "readPreference=secondary&readConcernLevel=local&w=1";
    for (auto const& [uri, options] : {std::pair("", by_options), std::pair(by_uri, mongo::connection_options()),
                                       std::pair(overruled, by_options)}) {
        use_all(uri, options);
        for (auto const* read : reads) {
            EXPECT_EQ(sent(read, "readConcern"), R"({ "level" : "majority" })") << read;
            EXPECT_EQ(sent(read, "$readPreference"), R"({ "mode" : "nearest" })") << read;
            EXPECT_EQ(sent(read, "writeConcern"), "") << read;
        }
        for (auto const* write : writes) {
            EXPECT_EQ(sent(write, "writeConcern"), R"({ "w" : "majority" })") << write;
            EXPECT_EQ(sent(write, "readConcern"), "") << write;
            EXPECT_EQ(sent(write, "$readPreference"), "") << write;
        }
        for (auto const* command : neither) {
            EXPECT_EQ(sent(command, "readConcern"), "") << command;
            EXPECT_EQ(sent(command, "writeConcern"), "") << command;
        }
        EXPECT_EQ(sent("ping", "$readPreference"), R"({ "mode" : "nearest" })");
        EXPECT_EQ(sent("dbStats", "$readPreference"), "") << "it goes as it stands";
    }
}

TEST_P(what_is_sent, asks_for_nothing_by_itself) {
    use_all("");
    for (auto const& commands : {std::span<char const* const>(reads), std::span<char const* const>(writes),
                                 std::span<char const* const>(neither)})
        for (auto const* command : commands)
            for (auto const* field : {"readConcern", "writeConcern", "$readPreference"})
                EXPECT_EQ(sent(command, field), "") << command;
}

TEST_P(what_is_sent, asks_for_the_journal) {
    use_all("", {.write_concern = mongo::write_concern::journaled});
    for (auto const* write : writes) EXPECT_EQ(sent(write, "writeConcern"), R"({ "w" : 1, "j" : true })") << write;
}

} // namespace mongo_what_is_sent_test
