// SPDX-License-Identifier: BSL-1.0
// Every allocation of connecting and asking is made to fail, one run after the other: libmongoc stands between, and no
// exception may pass through it. Each run ends, leaves nothing open, and the next works.
#include "support/allocations.hpp"
#include "support/eventually.hpp"
#include "support/fd_snapshot.hpp"
#include "support/loops.hpp"
#include "support/played_mongo.hpp"

#include <coda/mongo.hpp>
#include <coda/runtime.hpp>

#include <new>

namespace mongo_out_of_memory_test {

using namespace std::chrono_literals;
namespace bson = coda::bson;
namespace mongo = coda::mongo;
using coda::as_result;
using coda::task;
using coda::test::failing_allocation;
using coda::test::mongo_message;
using coda::test::played_mongo;

class mongo_without_memory : public coda::test::on_every_loop {
protected:
    // Whether it came to the failure of the allocation behind `passing` others.
    bool fails_at(std::size_t passing, failing_allocation::then after) {
        auto const before = coda::test::sockets_open();
        auto const begin = std::chrono::steady_clock::now();
        bool happened = false;
        bool succeeded = false;
        {
            auto const attempt = [&](mongo::connection& db) -> task<> {
                auto const connected = co_await as_result(db.connect());
                if (connected.has_error()) co_return;
                auto const answered = co_await as_result(db.ping());
                succeeded = answered.has_value();
            };
            auto const body = [&]() -> task<> {
                mongo::connection db(loop(), fmt::format("mongodb://{}/?connectTimeoutMS=30000", server_.name()));
                {
                    failing_allocation const fails(passing, after);
                    try {
                        co_await attempt(db);
                    } catch (std::bad_alloc const&) {}
                    happened = fails.happened();
                }
                co_await db.connect();
                co_await db.ping();
            };
            run(body());
        }
        EXPECT_TRUE(happened || succeeded);
        EXPECT_LT(std::chrono::steady_clock::now() - begin, 30s)
            << "libmongoc asked again and again until its time was up";
        // The peer lets go a moment after.
        run(coda::test::until([&] { return coda::test::sockets_open() == before; }, std::to_string(passing)));
        return happened;
    }
    void sweep(failing_allocation::then after) {
        EXPECT_FALSE(fails_at(static_cast<std::size_t>(-2), after)); // what is made once, is made
        std::size_t nth = 0;
        while (fails_at(nth, after) && !HasFailure()) ++nth;
        EXPECT_GT(nth, 10u);
    }

    played_mongo server_{[](mongo_message const&) { return coda::test::hello_reply(); },
                         [](mongo_message const&) { return bson::doc("ok", 1.0); }};
};
CODA_ON_EVERY_LOOP(mongo_without_memory);

TEST_P(mongo_without_memory, for_one_allocation_connecting_and_asking_fail_or_do_without) {
    sweep(failing_allocation::then::succeed);
}
TEST_P(mongo_without_memory, from_one_allocation_on_connecting_and_asking_fail) {
    sweep(failing_allocation::then::fail);
}

} // namespace mongo_out_of_memory_test
