// SPDX-License-Identifier: BSL-1.0
#include "asking.hpp"
#include "support/fault_proxy.hpp"
#include "support/fd_snapshot.hpp"
#include "support/scripted_peer.hpp"
#include "support/unreachable_endpoint.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace support_fault_proxy_test {

using namespace std::chrono_literals;
using namespace coda::test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Linux's tcp_info up to the field of interest. glibc knows the front part only, and the kernel's
// own header cannot be included beside glibc's.
struct longer_tcp_info {
    tcp_info known;
    std::uint64_t rates_and_bytes[4];
    std::uint32_t segments_and_rtt[4];
    std::uint32_t data_segments_in;
};
static_assert(offsetof(longer_tcp_info, data_segments_in) == 152);

std::uint32_t data_segments_received(int fd) {
    longer_tcp_info info{};
    socklen_t size = sizeof info;
    EXPECT_EQ(::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size), 0);
    return info.data_segments_in;
}

TEST(fault_proxy, passes_bytes_and_ends_of_stream_both_ways) {
    scripted_peer server{[](conversation& with) {
        with.expect(ask);
        with.expect_end();
        with.send(reply); // after the client's end of stream, before ours
    }};
    fault_proxy proxy{server.where()};
    auto const client = connect_and_ask(proxy);
    end_writing(client.get());
    auto const got = read_to_end(client.get());
    EXPECT_EQ(got.bytes, reply);
    EXPECT_EQ(got.how, stream_end::orderly);
    EXPECT_TRUE(wait_until_open(proxy, 0));
    EXPECT_THAT(server.failures(), IsEmpty());
}

TEST(fault_proxy, passes_resets_on_both_ways) {
    scripted_peer server{{[](conversation& with) {
                              with.expect(ask);
                              with.reset();
                          },
                          answer_all}};
    fault_proxy proxy{server.where()};
    auto const first = connect_and_ask(proxy);
    EXPECT_EQ(read_to_end(first.get()).how, stream_end::reset);
    ASSERT_TRUE(wait_until_open(proxy, 0));

    auto second = connect_and_ask(proxy);
    EXPECT_EQ(read_exactly(second.get(), reply.size()), reply);
    close_with_reset(second);
    ASSERT_TRUE(server.wait_until_ended(2));
    EXPECT_THAT(server.failures(), ElementsAre(HasSubstr("connection 2: the client reset")));
    EXPECT_TRUE(wait_until_open(proxy, 0));
}

TEST(fault_proxy, passes_on_the_last_words_of_a_server_that_resets_at_once) {
    scripted_peer server{[](conversation& with) {
        with.send(reply);
        with.reset();
    }};
    fault_proxy proxy{server.where()};
    // Many: now and then the server is done before the proxy has noticed that it is connected.
    for (int i = 0; i < 300; ++i) {
        auto const got = read_to_end(connect_to(proxy.where()).get());
        ASSERT_EQ(got.bytes, reply);
        ASSERT_EQ(got.how, stream_end::reset);
    }
}

TEST(fault_proxy, a_server_that_refuses_resets_the_client) {
    refusing_endpoint const nobody;
    fault_proxy proxy{nobody.where()};
    EXPECT_EQ(read_to_end(connect_to(proxy.where()).get()).how, stream_end::reset);
    EXPECT_TRUE(wait_until_open(proxy, 0));
}

TEST(fault_proxy, cuts_a_reply_at_every_byte) {
    scripted_peer server{answer_once};
    fault_proxy proxy{server.where()};
    for (auto const& [how, seen] :
         {std::pair{cut::close, stream_end::orderly}, std::pair{cut::reset, stream_end::reset}}) {
        for (std::size_t n = 0; n <= reply.size(); ++n) {
            proxy.apply({.to_client = {.cut_after = n, .how = how}});
            auto const client = connect_and_ask(proxy);
            auto const got = read_to_end(client.get());
            EXPECT_EQ(got.bytes, reply.substr(0, n));
            EXPECT_EQ(got.how, seen);
        }
    }
    EXPECT_TRUE(wait_until_open(proxy, 0));
    ASSERT_TRUE(server.wait_until_ended(2 * (reply.size() + 1)));
    EXPECT_THAT(server.failures(), IsEmpty()); // it was asked, and told its reply, each time
}

TEST(fault_proxy, cut_with_a_reset_first_lets_a_long_reply_out) {
    std::string const long_reply(300'000, 'x');
    scripted_peer server{[&](conversation& with) {
        with.send(long_reply);
        with.hang();
    }};
    fault_proxy proxy{server.where()};
    proxy.apply({.to_client = {.cut_after = long_reply.size() - 1, .how = cut::reset}});
    auto const client = connect_to(proxy.where());
    auto const got = read_to_end(client.get());
    EXPECT_EQ(got.bytes.size(), long_reply.size() - 1);
    EXPECT_EQ(got.how, stream_end::reset);
}

TEST(fault_proxy, cuts_a_request_at_every_byte) {
    for (std::size_t n = 0; n < ask.size(); ++n) {
        scripted_peer server{[n](conversation& with) {
            with.expect(std::string_view{ask}.substr(0, n));
            with.expect_end();
        }};
        fault_proxy proxy{server.where()};
        proxy.apply({.to_server = {.cut_after = n}});
        auto const client = connect_and_ask(proxy);
        EXPECT_EQ(read_to_end(client.get()).how, stream_end::orderly);
        ASSERT_TRUE(server.wait_until_ended(1));
        EXPECT_THAT(server.failures(), IsEmpty());
    }
}

TEST(fault_proxy, half_close_leaves_the_other_direction_open) {
    scripted_peer server{[](conversation& with) {
        with.expect(ask);
        with.send(reply);
        with.expect("more");
    }};
    fault_proxy proxy{server.where()};
    proxy.apply({.to_client = {.cut_after = 3, .how = cut::half_close}});
    auto const client = connect_and_ask(proxy);
    auto const got = read_to_end(client.get());
    EXPECT_EQ(got.bytes, reply.substr(0, 3));
    EXPECT_EQ(got.how, stream_end::orderly);
    write_all(client.get(), "more");
    ASSERT_TRUE(server.wait_until_ended(1));
    EXPECT_THAT(server.failures(), IsEmpty());
}

TEST(fault_proxy, half_open_drops_the_server_and_tells_the_client_nothing) {
    scripted_peer server{[](conversation& with) {
        with.expect(ask);
        with.send(reply);
        with.expect_end();
    }};
    fault_proxy proxy{server.where()};
    proxy.apply({.to_client = {.cut_after = 3, .how = cut::half_open}});
    auto client = connect_and_ask(proxy);
    EXPECT_EQ(read_exactly(client.get(), 3), reply.substr(0, 3));
    ASSERT_TRUE(server.wait_until_ended(1));
    EXPECT_THAT(server.failures(), IsEmpty());
    write_all(client.get(), ask);
    ASSERT_TRUE(wait_until_received(proxy, direction::to_server, 2 * ask.size()));
    EXPECT_TRUE(nothing_arrives(proxy, client));
    EXPECT_EQ(proxy.stats().open, 1U);
    EXPECT_EQ(proxy.stats().to_server.forwarded, ask.size());
    client.reset();
    EXPECT_TRUE(wait_until_open(proxy, 0));
}

TEST(fault_proxy, cuts_all_connections_now) {
    scripted_peer server{answer_once};
    fault_proxy proxy{server.where()};
    for (auto const& [how, seen] :
         {std::pair{cut::close, stream_end::orderly}, std::pair{cut::reset, stream_end::reset}}) {
        auto const first = connect_to(proxy.where());
        auto const second = connect_to(proxy.where());
        proxy.cut_now(how);
        EXPECT_EQ(proxy.stats().open, 0U);
        EXPECT_EQ(read_to_end(first.get()).how, seen);
        EXPECT_EQ(read_to_end(second.get()).how, seen);
    }
    auto const third = connect_and_ask(proxy);
    EXPECT_EQ(read_exactly(third.get(), reply.size()), reply);
}

TEST(fault_proxy, cuts_one_connection_now) {
    scripted_peer server{answer_once};
    fault_proxy proxy{server.where()};
    auto const first = connect_to(proxy.where());
    auto const second = connect_to(proxy.where());
    EXPECT_TRUE(proxy.cut_now(1, cut::reset));
    EXPECT_FALSE(proxy.cut_now(1, cut::reset));
    EXPECT_FALSE(proxy.cut_now(99, cut::reset));
    EXPECT_EQ(read_to_end(first.get()).how, stream_end::reset);
    write_all(second.get(), ask);
    EXPECT_EQ(read_exactly(second.get(), reply.size()), reply);
}

TEST(fault_proxy, half_closes_the_request_direction_now) {
    scripted_peer server{[](conversation& with) {
        with.expect(ask);
        with.expect_end();
        with.send(reply);
    }};
    fault_proxy proxy{server.where()};
    auto const client = connect_and_ask(proxy);
    auto const asked = [](proxy_stats const& s) { return s.to_server.forwarded == ask.size(); };
    ASSERT_TRUE(proxy.wait_for(asked));
    proxy.cut_now(cut::half_close, direction::to_server);
    EXPECT_EQ(read_to_end(client.get()).bytes, reply);
    EXPECT_THAT(server.failures(), IsEmpty());
}

TEST(fault_proxy, stalls_at_a_byte_until_released) {
    scripted_peer server{answer_once};
    fault_proxy proxy{server.where()};
    proxy.apply({.to_client = {.stall_after = 3}});
    auto const client = connect_and_ask(proxy);
    EXPECT_EQ(read_exactly(client.get(), 3), reply.substr(0, 3));
    ASSERT_TRUE(wait_until_received(proxy, direction::to_client, reply.size()));
    EXPECT_EQ(proxy.stats().to_client.forwarded, 3U);
    EXPECT_TRUE(nothing_arrives(proxy, client));
    proxy.heal();
    EXPECT_EQ(read_exactly(client.get(), reply.size() - 3), reply.substr(3));
}

TEST(fault_proxy, lets_a_reply_through_byte_by_byte_under_control_of_the_test) {
    scripted_peer server{answer_once};
    fault_proxy proxy{server.where()};
    proxy.apply({.to_client = {.stall_after = 0}});
    auto const client = connect_and_ask(proxy);
    ASSERT_TRUE(wait_until_received(proxy, direction::to_client, reply.size()));
    for (char const expected : reply) {
        EXPECT_TRUE(nothing_arrives(proxy, client));
        ASSERT_TRUE(proxy.apply_to(1, {.to_client = {.stall_after = 1}}));
        EXPECT_EQ(read_exactly(client.get(), 1), std::string(1, expected));
    }
    EXPECT_FALSE(proxy.apply_to(2, {}));
}

TEST(fault_proxy, partition_loses_nothing_and_reads_no_more_than_it_keeps) {
    std::string const flood(8 << 20, 'x');
    scripted_peer server{[&](conversation& with) {
        with.send(flood);
        with.hang();
    }};
    fault_proxy proxy{server.where()};
    proxy.apply(fault_plan::partition());
    auto const client = connect_to(proxy.where());
    ASSERT_TRUE(proxy.wait_for([](auto const& s) { return s.to_client.received >= 1 << 20; }));
    EXPECT_LE(proxy.stats().to_client.received, (1U << 20) + (64U << 10));
    EXPECT_TRUE(nothing_arrives(proxy, client));
    proxy.heal();
    EXPECT_EQ(read_exactly(client.get(), flood.size()), flood);
}

TEST(fault_proxy, splits_writes_into_segments_of_their_own) {
    std::string const text(200, 't');
    scripted_peer server{[&](conversation& with) {
        with.send(text);
        with.hang();
    }};
    fault_proxy proxy{server.where()};
    auto const whole = connect_to(proxy.where());
    EXPECT_EQ(read_exactly(whole.get(), text.size()), text);
    EXPECT_EQ(data_segments_received(whole.get()), 1U);
    for (std::size_t const chunk : {1U, 7U}) {
        proxy.apply({.to_client = {.chunk = chunk}});
        auto const client = connect_to(proxy.where());
        EXPECT_EQ(read_exactly(client.get(), text.size()), text);
        EXPECT_EQ(data_segments_received(client.get()), (text.size() + chunk - 1) / chunk);
    }
}

TEST(fault_proxy, splits_requests_too) {
    listener door;
    fault_proxy proxy{door.where()};
    proxy.apply({.to_server = {.chunk = 1}});
    auto const client = connect_and_ask(proxy);
    auto const asked = [](proxy_stats const& s) { return s.to_server.forwarded == ask.size(); };
    ASSERT_TRUE(proxy.wait_for(asked));
    auto const server = door.accept();
    EXPECT_EQ(read_exactly(server.get(), ask.size()), ask);
    EXPECT_EQ(data_segments_received(server.get()), ask.size());
}

TEST(fault_proxy, corrupts_one_byte) {
    scripted_peer server{answer_once};
    fault_proxy proxy{server.where()};
    proxy.apply({.to_client = {.corrupt_at = 2, .corrupt_mask = 0x20}});
    auto const client = connect_and_ask(proxy);
    EXPECT_EQ(read_exactly(client.get(), reply.size()), "a Reply");
}

TEST(fault_proxy, black_hole_takes_everything_and_keeps_both_sides_open) {
    scripted_peer server{answer_once};
    fault_proxy proxy{server.where()};
    proxy.apply(fault_plan::black_hole());
    auto const client = connect_and_ask(proxy);
    ASSERT_TRUE(wait_until_received(proxy, direction::to_server, ask.size()));
    ASSERT_TRUE(server.wait_until_accepted(1));
    EXPECT_EQ(proxy.stats().to_server.forwarded, 0U);
    EXPECT_EQ(proxy.stats().open, 1U);
    EXPECT_TRUE(nothing_arrives(proxy, client));
    EXPECT_FALSE(server.wait_until_ended(1, 0ms));
    proxy.heal(); // a stream with a hole in it cannot go on
    EXPECT_EQ(read_to_end(client.get()).how, stream_end::reset);
    EXPECT_TRUE(wait_until_open(proxy, 0));
}

TEST(fault_proxy, black_hole_hides_that_the_server_died) {
    scripted_peer server{[](conversation& with) {
        with.expect(ask);
        with.reset();
    }};
    fault_proxy proxy{server.where()};
    proxy.apply(fault_plan::never_answer());
    auto client = connect_and_ask(proxy);
    ASSERT_TRUE(server.wait_until_ended(1));
    EXPECT_TRUE(nothing_arrives(proxy, client));
    EXPECT_EQ(proxy.stats().open, 1U);
    client.reset();
    EXPECT_TRUE(wait_until_open(proxy, 0));
}

TEST(fault_proxy, a_request_that_is_never_answered_reaches_the_server) {
    scripted_peer server{answer_once};
    fault_proxy proxy{server.where()};
    proxy.apply(fault_plan::never_answer());
    auto client = connect_and_ask(proxy);
    ASSERT_TRUE(wait_until_received(proxy, direction::to_client, reply.size()));
    EXPECT_TRUE(nothing_arrives(proxy, client));
    client.reset();
    EXPECT_TRUE(server.wait_until_ended(1)); // the client's end still passes
    EXPECT_TRUE(wait_until_open(proxy, 0));  // and the server's frees the connection
}

TEST(fault_proxy, refuses_connects_and_comes_back_on_the_same_port) {
    scripted_peer server{answer_once};
    fault_proxy proxy{server.where()};
    auto const before = connect_to(proxy.where());
    auto const port = proxy.port();
    proxy.refuse();
    EXPECT_EQ(connect_error(proxy.where()), ECONNREFUSED);
    EXPECT_EQ(connect_error(proxy.where()), ECONNREFUSED);
    write_all(before.get(), ask); // who was in stays in
    EXPECT_EQ(read_exactly(before.get(), reply.size()), reply);
    proxy.accept_again();
    EXPECT_EQ(proxy.port(), port);
    auto const after = connect_and_ask(proxy);
    EXPECT_EQ(read_exactly(after.get(), reply.size()), reply);
}

TEST(fault_proxy, plan_for_the_next_connections_ends_with_them) {
    scripted_peer server{answer_once};
    fault_proxy proxy{server.where()};
    auto const old = connect_to(proxy.where());
    proxy.apply_to_next(2, {.accept = on_accept::reset});
    EXPECT_EQ(read_to_end(connect_to(proxy.where()).get()).how, stream_end::reset);
    EXPECT_EQ(read_to_end(connect_to(proxy.where()).get()).how, stream_end::reset);
    auto const third = connect_and_ask(proxy);
    EXPECT_EQ(read_exactly(third.get(), reply.size()), reply);
    write_all(old.get(), ask);
    EXPECT_EQ(read_exactly(old.get(), reply.size()), reply);
    EXPECT_EQ(proxy.stats().accepted, 4U);
}

TEST(fault_proxy, plan_for_all_voids_the_one_for_the_next) {
    scripted_peer server{answer_once};
    fault_proxy proxy{server.where()};
    proxy.apply_to_next(1, {.accept = on_accept::reset});
    proxy.apply({});
    auto const client = connect_and_ask(proxy);
    EXPECT_EQ(read_exactly(client.get(), reply.size()), reply);
}

TEST(fault_proxy, plan_for_new_connections_leaves_the_open_ones_alone) {
    scripted_peer server{answer_all};
    fault_proxy proxy{server.where()};
    auto const old = connect_to(proxy.where());
    proxy.apply_to_new({.to_client = {.cut_after = 1}});
    write_all(old.get(), ask);
    EXPECT_EQ(read_exactly(old.get(), reply.size()), reply);
    EXPECT_EQ(read_to_end(connect_and_ask(proxy).get()).bytes, "a");
    EXPECT_EQ(read_to_end(connect_and_ask(proxy).get()).bytes, "a");
}

TEST(fault_proxy, plan_for_all_counts_from_now_on_open_connections) {
    scripted_peer server{answer_all};
    fault_proxy proxy{server.where()};
    auto const client = connect_and_ask(proxy);
    EXPECT_EQ(read_exactly(client.get(), reply.size()), reply);
    proxy.apply({.to_client = {.cut_after = 3}});
    write_all(client.get(), ask);
    EXPECT_EQ(read_to_end(client.get()).bytes, reply.substr(0, 3));
}

TEST(fault_proxy, delay_takes_at_least_its_time_each_way) {
    scripted_peer server{answer_all};
    fault_proxy proxy{server.where()};
    proxy.apply(fault_plan::latency(30ms));
    auto const client = connect_to(proxy.where());
    auto const begin = std::chrono::steady_clock::now();
    write_all(client.get(), ask);
    EXPECT_EQ(read_exactly(client.get(), reply.size()), reply);
    EXPECT_GE(std::chrono::steady_clock::now() - begin, 30ms);
}

TEST(fault_proxy, delayed_bytes_leave_at_once_when_the_delay_is_lifted) {
    scripted_peer server{answer_all};
    fault_proxy proxy{server.where()};
    proxy.apply({.to_client = {.delay = 24h}});
    auto const client = connect_and_ask(proxy);
    ASSERT_TRUE(wait_until_received(proxy, direction::to_client, reply.size()));
    EXPECT_TRUE(nothing_arrives(proxy, client));
    proxy.heal();
    EXPECT_EQ(read_exactly(client.get(), reply.size()), reply);
}

TEST(fault_proxy, throttle_takes_at_least_the_time_of_its_rate) {
    std::string const text(1000, 't');
    scripted_peer server{[&](conversation& with) { with.send(text); }};
    fault_proxy proxy{server.where()};
    proxy.apply({.to_client = {.bytes_per_second = 20'000}});
    auto const begin = std::chrono::steady_clock::now();
    auto const client = connect_to(proxy.where());
    EXPECT_EQ(read_to_end(client.get()).bytes, text);
    EXPECT_GE(std::chrono::steady_clock::now() - begin, 50ms);
}

TEST(fault_proxy, closes_at_once_on_demand) {
    scripted_peer server{answer_once};
    fault_proxy proxy{server.where()};
    proxy.apply({.accept = on_accept::close});
    EXPECT_EQ(read_to_end(connect_to(proxy.where()).get()).how, stream_end::orderly);
    EXPECT_FALSE(server.wait_until_accepted(1, 0ms));
}

TEST(fault_proxy, destruction_closes_everything_whatever_state_it_is_in) {
    auto const before = fd_snapshot::take();
    {
        std::string const flood(8 << 20, 'x');
        scripted_peer server{[&](conversation& with) {
            with.send(flood);
            with.hang();
        }};
        auto proxy = std::make_unique<fault_proxy>(server.where());
        auto const unread = connect_to(proxy->where()); // its sender is blocked all the way
        proxy->apply_to_next(1, {.to_client = {.stall_after = 5}});
        auto const stalled = connect_to(proxy->where());
        proxy->apply_to_next(1, fault_plan::black_hole());
        auto const lost = connect_to(proxy->where());
        proxy->apply_to_next(1, {.to_client = {.cut_after = 1, .how = cut::half_open}});
        auto const half_open = connect_to(proxy->where());
        EXPECT_EQ(read_exactly(half_open.get(), 1), "x");
        proxy.reset();
        EXPECT_EQ(read_to_end(stalled.get()).how, stream_end::orderly);
        EXPECT_EQ(read_to_end(lost.get()).how, stream_end::orderly);
        EXPECT_EQ(read_to_end(half_open.get()).how, stream_end::orderly);
        EXPECT_NE(read_to_end(unread.get()).how, stream_end::silent);
    }
    EXPECT_THAT(fd_snapshot::take().opened_since(before), IsEmpty());
}

TEST(fault_proxy, takes_plans_from_any_thread_while_bytes_flow) {
    scripted_peer server{answer_all};
    fault_proxy proxy{server.where()};
    std::thread changing{[&] {
        for (std::size_t i = 0; i < 200; ++i) {
            proxy.apply({.to_server = {.chunk = i % 3}, .to_client = {.chunk = i % 2}});
        }
    }};
    auto const client = connect_to(proxy.where());
    for (int i = 0; i < 200; ++i) {
        write_all(client.get(), ask);
        EXPECT_EQ(read_exactly(client.get(), reply.size()), reply);
    }
    changing.join();
}

} // namespace support_fault_proxy_test
