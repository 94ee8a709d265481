// SPDX-License-Identifier: BSL-1.0
#include "support/fd_snapshot.hpp"
#include "support/unreachable_endpoint.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>

#include <cerrno>
#include <system_error>

namespace support_unreachable_endpoint_test {

using namespace coda::test;

constexpr int syn_sent = 2; // TCP_SYN_SENT of the kernel

int tcp_state(int fd) {
    tcp_info info{};
    socklen_t size = sizeof info;
    EXPECT_EQ(::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size), 0);
    return info.tcpi_state;
}

TEST(unreachable_endpoint, a_connect_gets_no_answer) {
    unreachable_endpoint const nowhere;
    // Several: the first must not be one that the backlog still takes.
    for (int i = 0; i < 3; ++i) {
        auto const fd = open_socket(nowhere.where(), SOCK_NONBLOCK);
        socket_address const address{nowhere.where()};
        ASSERT_EQ(::connect(fd.get(), address.get(), address.size), -1);
        ASSERT_EQ(errno, EINPROGRESS);
        // On loopback any answer would be there before connect returns; the wait is for a kernel
        // that does it otherwise.
        pollfd polled{.fd = fd.get(), .events = POLLOUT, .revents = 0};
        EXPECT_EQ(::poll(&polled, 1, 100), 0);
        EXPECT_EQ(tcp_state(fd.get()), syn_sent);
    }
}

TEST(unreachable_endpoint, gives_back_its_sockets) {
    auto const before = fd_snapshot::take();
    { unreachable_endpoint const nowhere; }
    EXPECT_TRUE(fd_snapshot::take().opened_since(before).empty());
}

TEST(refusing_endpoint, refuses_every_connect) {
    refusing_endpoint const closed;
    for (int i = 0; i < 3; ++i) {
        try {
            (void)connect_to(closed.where());
            ADD_FAILURE() << "connected";
        } catch (std::system_error const& e) {
            EXPECT_EQ(e.code().value(), ECONNREFUSED);
        }
    }
}

} // namespace support_unreachable_endpoint_test
