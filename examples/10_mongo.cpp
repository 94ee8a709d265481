// SPDX-License-Identifier: BSL-1.0
// MongoDB: structs as documents, finding one, streaming many, errors by their number.
#include <coda/mongo.hpp>
#include <coda/runtime.hpp>

#include <boost/describe/class.hpp>
#include <fmt/format.h>

#include <cstdlib>

namespace bson = coda::bson;

struct account {
    std::int64_t _id;
    std::string owner;
    std::int64_t cents;
};
BOOST_DESCRIBE_STRUCT(account, (), (_id, owner, cents))

coda::task<> app(coda::mongo::client& db) {
    auto accounts = db.collection("example", "accounts");
    std::vector<account> const all{{1, "ada", 250}, {2, "grace", 12'000}, {3, "alan", 9'900}};
    co_await accounts.insert_many(all);

    auto again = co_await coda::as_result(accounts.insert_one(all[0]));
    if (again.error().code() == coda::mongo::server_code::duplicate_key) fmt::print("ada is there already\n");

    co_await accounts.update_one(bson::doc("_id", 1), bson::doc("$inc", bson::doc("cents", 50)));
    auto ada = co_await accounts.find_by_id<account>(1); // std::optional<account>
    fmt::print("{} has {} cents\n", ada->owner, ada->cents);

    auto rich = accounts.find<account>(bson::doc("cents", bson::doc("$gt", 5'000)),
                                       coda::mongo::find_options().sort(bson::doc("cents", -1)));
    while (auto next = co_await rich.next()) fmt::print("{} is rich\n", next->owner);

    fmt::print("{} accounts\n", co_await accounts.count());
    co_await db.command("example", bson::doc("drop", "accounts"));
}

int main(int argc, char** argv) {
    char const* const there = std::getenv("CODA_TEST_MONGO_URI");
    coda::asio_loop loop;
    coda::mongo::client db(loop, argc > 1 ? argv[1] : there != nullptr ? there : "mongodb://localhost");
    loop.run(app(db));
}
