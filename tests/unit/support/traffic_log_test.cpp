// SPDX-License-Identifier: BSL-1.0
#include "asking.hpp"
#include "support/fault_proxy.hpp"
#include "support/scripted_peer.hpp"
#include "support/traffic_log.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace support_traffic_log_test {

using namespace std::chrono_literals;
using namespace coda::test;

TEST(traffic_log, counts_connections_and_bytes) {
    scripted_peer server{answer_once};
    fault_proxy proxy{server.where()};
    auto first = connect_and_ask(proxy);
    EXPECT_EQ(read_exactly(first.get(), reply.size()), reply);
    auto const second = connect_to(proxy.where());
    ASSERT_TRUE(wait_until_open(proxy, 2));
    first.reset();
    ASSERT_TRUE(wait_until_open(proxy, 1));

    auto const stats = proxy.stats();
    EXPECT_EQ(stats.accepted, 2U);
    ASSERT_EQ(stats.connections.size(), 2U);
    EXPECT_FALSE(stats.find(1)->open);
    EXPECT_TRUE(stats.find(2)->open);
    EXPECT_EQ(stats.find(3), nullptr);
    EXPECT_EQ((*stats.find(1))[direction::to_server].forwarded, ask.size());
    EXPECT_EQ((*stats.find(1))[direction::to_client].forwarded, reply.size());
    EXPECT_EQ((*stats.find(2))[direction::to_server].received, 0U);
    EXPECT_EQ(stats.to_client.forwarded, reply.size());
    EXPECT_EQ(stats.to_client.captured, "");
}

TEST(traffic_log, captures_what_passes_on_demand) {
    scripted_peer server{answer_all};
    fault_proxy proxy{server.where()};
    auto const client = connect_and_ask(proxy);
    EXPECT_EQ(read_exactly(client.get(), reply.size()), reply);
    proxy.capture();
    write_all(client.get(), ask);
    EXPECT_EQ(read_exactly(client.get(), reply.size()), reply);
    auto const connection = *proxy.stats().find(1);
    EXPECT_EQ(connection.to_server.captured, ask);
    EXPECT_EQ(connection.to_client.captured, reply);
}

TEST(traffic_log, remembers_a_bounded_number_of_closed_connections) {
    scripted_peer server{answer_once};
    fault_proxy proxy{server.where()};
    auto const survivor = connect_to(proxy.where());
    ASSERT_TRUE(wait_until_open(proxy, 1));
    proxy.apply_to_new({.accept = on_accept::close});
    for (int i = 0; i < 1010; ++i) (void)read_to_end(connect_to(proxy.where()).get());
    ASSERT_TRUE(wait_until_open(proxy, 1));
    auto const stats = proxy.stats();
    EXPECT_EQ(stats.accepted, 1011U);
    EXPECT_EQ(stats.connections.size(), 1001U);
    EXPECT_NE(stats.find(1), nullptr);
    EXPECT_EQ(stats.find(2), nullptr);
    EXPECT_NE(stats.find(1011), nullptr);
}

TEST(traffic_log, wait_for_ends_at_its_bound) {
    traffic_log const log;
    EXPECT_FALSE(log.wait_for([](proxy_stats const& s) { return s.accepted > 0; }, 1ms));
}

} // namespace support_traffic_log_test
