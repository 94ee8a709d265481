// SPDX-License-Identifier: BSL-1.0
#include "support/listener.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <system_error>

namespace support_listener_test {

using namespace coda::test;

TEST(listener, picks_a_port_and_accepts_without_blocking) {
    listener door;
    EXPECT_NE(door.where().port, 0);
    EXPECT_FALSE(door.accept());
    auto const client = connect_to(door.where());
    EXPECT_TRUE(door.accept());
}

TEST(listener, keeps_its_port_while_closed) {
    listener door;
    door.close();
    EXPECT_THROW((void)connect_to(door.where()), std::system_error);
    // Without SO_REUSEADDR, as the kernel picks ports for others.
    auto const other = open_socket(door.where());
    socket_address const address{door.where()};
    EXPECT_EQ(::bind(other.get(), address.get(), address.size), -1);
    EXPECT_EQ(errno, EADDRINUSE);
    door.reopen();
    auto const client = connect_to(door.where());
    EXPECT_TRUE(door.accept());
}

} // namespace support_listener_test
