// SPDX-License-Identifier: BSL-1.0
#include "workloads/mongo/commands.hpp"
#include "workloads/mongo/server.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>

namespace bench_mongo_workload_test {

using namespace coda::bench;

// Its type has an attribute that a template argument would lose.
class parsed {
public:
    explicit parsed(char const* text)
        : bson_(bson_new_from_json(reinterpret_cast<std::uint8_t const*>(text), -1, nullptr)) {}
    parsed(parsed const&) = delete;
    parsed& operator=(parsed const&) = delete;
    ~parsed() { bson_destroy(bson_); }
    bson_t const& operator*() const { return *bson_; }

private:
    bson_t* bson_;
};

std::string command_json(asked q) {
    bson_t command;
    bson_init(&command);
    mongo::append_command(command, q);
    std::unique_ptr<char, decltype(&bson_free)> const text(bson_as_relaxed_extended_json(&command, nullptr), bson_free);
    bson_destroy(&command);
    return text.get();
}

TEST(mongo_workload, commands_find_and_update_one_by_its_key) {
    EXPECT_EQ(command_json({query::account, 5}), "{ \"find\" : \"accounts\", \"filter\" : { \"_id\" : 5 }, "
                                                 "\"limit\" : 1, \"singleBatch\" : true }");
    EXPECT_EQ(command_json({query::credit, 5}),
              "{ \"update\" : \"accounts\", \"updates\" : [ { \"q\" : { \"_id\" : 5 }, "
              "\"u\" : { \"$inc\" : { \"cents\" : 1 } } } ] }");
}

TEST(mongo_workload, replies_are_checked) {
    struct {
        query what;
        char const* reply;
        bool sound;
    } const cases[] = {
        {query::account, R"({"cursor": {"firstBatch": [{"_id": 5, "customer": 9}]}, "ok": 1})", true},
        {query::account, R"({"cursor": {"firstBatch": [{"_id": 6, "customer": 9}]}, "ok": 1})", false},
        {query::account, R"({"cursor": {"firstBatch": [{"_id": 5}]}, "ok": 1})", false},
        {query::account, R"({"cursor": {"firstBatch": []}, "ok": 1})", false},
        {query::account, R"({"ok": 0, "errmsg": "no"})", false},
        {query::item, R"({"cursor": {"firstBatch": [{"_id": 5}]}, "ok": 1})", true},
        {query::credit, R"({"n": 1, "ok": 1})", true},
        {query::credit, R"({"n": 0, "ok": 1})", false},
    };
    for (auto const& c : cases) {
        std::int64_t next = 0;
        parsed const reply(c.reply);
        EXPECT_EQ(mongo::fault_in(*reply, {c.what, 5}, next) == nullptr, c.sound) << c.reply;
        if (c.sound && c.what == query::account) EXPECT_EQ(next, 9);
    }
}

TEST(mongo_uri, the_proxy_is_spoken_to_directly) {
    auto const through = mongo::database.through_proxy;
    EXPECT_EQ(through("mongodb://a:1,b:2", 47), "mongodb://127.0.0.1:47/?directConnection=true");
    EXPECT_EQ(through("mongodb://u:p@a:1/db", 47), "mongodb://u:p@127.0.0.1:47/db?directConnection=true");
    EXPECT_EQ(through("mongodb://a/?w=1", 47), "mongodb://127.0.0.1:47/?w=1&directConnection=true");
    EXPECT_EQ(mongo::database.address("mongodb://a:1,b:2"), "a:1");
}

} // namespace bench_mongo_workload_test
