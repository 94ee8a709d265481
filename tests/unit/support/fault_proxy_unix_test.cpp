// SPDX-License-Identifier: BSL-1.0
// The fault_proxy where both its sides are unix sockets.
#include "asking.hpp"
#include "support/fault_proxy.hpp"
#include "support/scripted_peer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string>

namespace support_fault_proxy_unix_test {

using namespace coda::test;
using testing::IsEmpty;

bool readable(int fd) {
    pollfd polled{.fd = fd, .events = POLLIN, .revents = 0};
    auto const bound = std::chrono::milliseconds{patience}.count();
    return ::poll(&polled, 1, static_cast<int>(bound)) == 1;
}

class fault_proxy_on_unix_sockets : public testing::Test {
protected:
    fault_proxy_on_unix_sockets() {
        std::string folder = testing::TempDir() + "/fault_proxy_XXXXXX";
        if (::mkdtemp(folder.data()) == nullptr) throw_errno("mkdtemp");
        folder_ = folder;
    }
    ~fault_proxy_on_unix_sockets() override { std::filesystem::remove_all(folder_); }

    endpoint place(char const* name) const { return endpoint::unix_path(folder_ / name); }

    std::filesystem::path folder_;
};

TEST_F(fault_proxy_on_unix_sockets, works_alike) {
    scripted_peer server{answer_once, place("server")};
    fault_proxy proxy{server.where(), place("proxy")};
    proxy.apply({.to_client = {.chunk = 2, .cut_after = 5}});
    auto const first = read_to_end(connect_and_ask(proxy).get());
    EXPECT_EQ(first.bytes, reply.substr(0, 5));
    EXPECT_EQ(first.how, stream_end::orderly);
    proxy.heal();
    auto const second = connect_and_ask(proxy);
    EXPECT_EQ(read_exactly(second.get(), reply.size()), reply);
}

TEST_F(fault_proxy_on_unix_sockets, refuses_and_comes_back) {
    scripted_peer server{answer_once, place("server")};
    fault_proxy proxy{server.where(), place("proxy")};
    proxy.refuse();
    EXPECT_EQ(connect_error(proxy.where()), ECONNREFUSED);
    proxy.accept_again();
    auto const client = connect_and_ask(proxy);
    EXPECT_EQ(read_exactly(client.get(), reply.size()), reply);
}

TEST_F(fault_proxy_on_unix_sockets, notices_a_peer_that_leaves_while_its_bytes_are_stalled) {
    scripted_peer server{[](conversation& with) {
                             with.expect(ask);
                             with.expect_end();
                         },
                         place("server")};
    fault_proxy proxy{server.where(), place("proxy")};
    proxy.apply({.to_server = {.stall_after = 0}});
    auto client = connect_and_ask(proxy);
    client.reset();
    ASSERT_TRUE(wait_until_received(proxy, direction::to_server, ask.size()));
    proxy.heal();
    EXPECT_TRUE(server.wait_until_ended(1));
    EXPECT_THAT(server.failures(), IsEmpty());
    EXPECT_TRUE(wait_until_open(proxy, 0));
}

TEST_F(fault_proxy_on_unix_sockets, waits_for_room_in_the_servers_backlog) {
    listener door{place("server"), 0};
    auto const ahead = connect_to(door.where()); // all that the backlog takes
    fault_proxy proxy{door.where()};
    auto const client = connect_to(proxy.where());
    write_all(client.get(), "hi");
    settle(proxy); // it has tried, and there was no room
    EXPECT_TRUE(door.accept());
    ASSERT_TRUE(readable(door.fd()));
    auto const connected = door.accept();
    ASSERT_TRUE(readable(connected.get()));
    EXPECT_EQ(read_exactly(connected.get(), 2), "hi");
}

TEST_F(fault_proxy_on_unix_sockets, leaves_no_file_behind) {
    { fault_proxy proxy{endpoint::tcp(1), place("proxy")}; }
    EXPECT_FALSE(std::filesystem::exists(place("proxy").path));
}

} // namespace support_fault_proxy_unix_test
