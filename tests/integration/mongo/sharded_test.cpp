// SPDX-License-Identifier: BSL-1.0
#include "on_mongo.hpp"

#include <coda/pool/sharded.hpp>

namespace mongo_sharded_test {

using namespace std::chrono_literals;
using coda::loop_group;
using coda::scope;
using coda::task;
using sharded_client = coda::sharded<coda::mongo::client>;
static_assert(coda::shardable<coda::mongo::client>);

class mongo_sharded : public coda::test::on_mongo {
protected:
    auto clients() {
        return [this](coda::loop& l, std::size_t share) {
            coda::mongo::client_options const options{.pool = {.max_size = share, .max_connecting = 4}};
            return std::make_unique<coda::mongo::client>(l, uri(), options);
        };
    }
    coda::loop_backend backend() const {
        return GetParam() == coda::test::loop_kind::ev ? coda::loop_backend::ev : coda::loop_backend::asio;
    }
};

CODA_ON_EVERY_LOOP(mongo_sharded);

// A total of four over two loops, of which one has three callers. Whoever connects waits for a reply that the proxy
// holds back.
TEST_P(mongo_sharded, a_loop_that_needs_more_connections_gets_those_that_the_other_does_not_need) {
    loop_group group({.loops = 2, .backend = backend()});
    sharded_client all(group, 4, clients());
    std::size_t connections = 0;
    std::size_t answered = 0;
    auto const busy = [&]() -> task<> {
        auto& db = (co_await all.local()).get();
        EXPECT_EQ(db.permits(), 2u);
        auto const ping = [&]() -> task<> {
            co_await db.ping();
            ++answered;
        };
        auto const body = [&](scope& s) -> task<> {
            for (int i = 0; i < 3; ++i) s.spawn(ping());
            co_await coda::test::until([&] { return db.statistics().connecting == 3; });
            connections = db.permits();
            proxy().heal();
        };
        co_await coda::with_scope(body);
    };
    auto const test = [&]() -> task<> {
        co_await all.open();
        hold_replies();
        co_await coda::run_on(group[0], busy());
        co_await all.close();
    };
    run(test());
    EXPECT_EQ(connections, 3u);
    EXPECT_EQ(answered, 3u);
}

} // namespace mongo_sharded_test
