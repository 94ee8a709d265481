// SPDX-License-Identifier: BSL-1.0
// Every public operation cancelled at each of its suspensions: it ends with the reason, and the client can be used as
// before.
#include "on_mongo.hpp"
#include "support/everywhere.hpp"

namespace mongo_cancel_everywhere_test {

using coda::as_result;
using coda::outcome;
using coda::task;
using coda::bson::doc;
namespace bson = coda::bson;
namespace mongo = coda::mongo;

using mongo_everywhere = coda::test::everywhere<coda::test::on_mongo>;
CODA_ON_EVERY_LOOP(mongo_everywhere);

TEST_P(mongo_everywhere, operations_leave_the_client_usable) {
    auto const name = server().fresh_collection();
    auto const db = client({.pool = {.max_size = 1}});
    auto all = db->collection(database(), name);
    auto const usable = [&]() -> task<> {
        co_await db->ping();
        EXPECT_EQ(db->statistics().size(), 1u);
        EXPECT_EQ(db->statistics().waiters, 0u);
    };
    tried([&] { return db->ping(); }, usable);
    tried([&] { return db->command(database(), doc("ping", 1)); }, usable);
    tried([&] { return all.insert_one(doc("a", 1)); }, usable);
    std::vector<bson::document> two;
    two.push_back(doc("a", 2));
    two.push_back(doc("a", 3));
    tried([&] { return all.insert_many(two); }, usable);
    tried([&] { return all.find_one(doc("a", 1)); }, usable);
    tried([&] { return all.find_by_id(1); }, usable);
    tried([&] { return all.count(); }, usable);
    tried([&] { return all.update_one(doc("a", 1), doc("$set", doc("b", 1))); }, usable);
    tried([&] { return all.replace_one(doc("a", 1), doc("a", 1, "b", 2)); }, usable);
    auto const read_all = [&]() -> coda::operation<> {
        auto found = all.find({}, mongo::find_options().batch_size(1));
        while (true) {
            auto const next = co_await as_result(found.next());
            if (next.has_error()) co_return next.error();
            if (!*next) co_return coda::result<>();
        }
    };
    tried(read_all, usable);
    tried([&] { return all.delete_one(doc("a", 2)); }, usable);
}

TEST_P(mongo_everywhere, a_client_that_is_cold_and_its_close) {
    std::optional<mongo::client> db;
    auto const works = [&]() -> task<> { co_await db->ping(); };
    auto const cold = [&] {
        db.emplace(loop(), uri());
        return db->connect();
    };
    tried(cold, works);
    auto const closed = [&] { EXPECT_EQ(db->statistics().size(), 0u); };
    tried_closing(cold, [&] { return db->ping(); }, [&] { return db->close(); }, closed);
    db.reset();
}

// Its `reset` has nothing to wait for.
TEST_P(mongo_everywhere, a_connection_is_connected_again) {
    mongo::connection db(loop(), uri());
    auto const works = [&]() -> task<> {
        co_await db.connect();
        co_await db.ping();
        db.abort();
    };
    tried([&] { return db.connect(); }, works);
    auto const connected_and = [&](auto operation) {
        return [&, operation]() -> coda::operation<> {
            co_await coda::shield(db.connect());
            auto const r = co_await as_result(operation());
            if (r.has_error()) co_return r.error();
            co_return coda::result<>();
        };
    };
    tried(connected_and([&] { return db.ping(); }), works);
    tried(connected_and([&] { return db.command(database(), doc("ping", 1)); }), works);
    auto const closed = [&] { EXPECT_FALSE(db.usable()); };
    tried_closing([&] { return db.connect(); }, [&] { return db.ping(); }, [&] { return db.close(); }, closed);
}

} // namespace mongo_cancel_everywhere_test
