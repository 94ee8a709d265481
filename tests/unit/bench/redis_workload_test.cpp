// SPDX-License-Identifier: BSL-1.0
#include "workloads/redis/commands.hpp"
#include "workloads/redis/server.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string_view>

namespace bench_redis_workload_test {

using namespace coda::bench;

TEST(redis_workload, what_is_stored_tells_its_key_and_leads_on) {
    std::int64_t next = 0;
    EXPECT_EQ(redis::fault_in(redis::value_of(query::account, 17), 17, next), nullptr);
    EXPECT_EQ(next, customer_of(17));
    EXPECT_EQ(redis::fault_in(redis::value_of(query::credit, 17), 17, next), nullptr) << "a write leaves an account";
    EXPECT_EQ(next, customer_of(17));
    EXPECT_EQ(redis::fault_in(redis::value_of(query::order, 3), 3, next), nullptr);
    EXPECT_EQ(next, item_of(latest_order_of(3)));
}

TEST(redis_workload, a_wrong_value_is_noticed) {
    std::int64_t next = 0;
    for (auto const* value : {"", "18 1", "171 1", "17", "17 x", "x"})
        EXPECT_NE(redis::fault_in(value, 17, next), nullptr) << value;
}

TEST(redis_workload, commands_are_get_and_set) {
    redis::command get({query::session, 5});
    ASSERT_EQ(get.count(), 2);
    EXPECT_EQ(std::string_view(get.arguments()[1], get.lengths()[1]), "coda_bench:session:5");
    redis::command set({query::credit, 5});
    ASSERT_EQ(set.count(), 3);
    EXPECT_EQ(std::string_view(set.arguments()[0], set.lengths()[0]), "SET");
    EXPECT_EQ(std::string_view(set.arguments()[1], set.lengths()[1]), "coda_bench:account:5");
    EXPECT_EQ(std::string_view(set.arguments()[2], set.lengths()[2]), redis::value_of(query::credit, 5));
}

TEST(redis_uri, tells_server_user_and_database) {
    auto const a = redis::parse_uri("redis://me:correct%20horse@db:6380/3");
    EXPECT_EQ(a.host, "db");
    EXPECT_EQ(a.port, 6380);
    EXPECT_EQ(a.user, "me");
    EXPECT_EQ(a.password, "correct horse");
    EXPECT_EQ(a.database, 3);
    EXPECT_EQ(redis::parse_uri("unix:///run/redis.sock").host, "/run/redis.sock");
    EXPECT_EQ(redis::parse_uri("unix:///run/redis.sock").port, 0);
    EXPECT_THROW((void)redis::parse_uri("redis://db:port"), std::runtime_error);
    EXPECT_THROW((void)redis::parse_uri("http://db"), std::runtime_error);
}

TEST(redis_uri, the_proxy_is_reached_by_tcp) {
    EXPECT_EQ(redis::database.through_proxy("unix:///run/redis.sock", 47), "redis://127.0.0.1:47");
    EXPECT_EQ(redis::database.through_proxy("redis://:p@db/3", 47), "redis://:p@127.0.0.1:47/3");
}

} // namespace bench_redis_workload_test
