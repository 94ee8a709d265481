// SPDX-License-Identifier: BSL-1.0
#include "support/fd_snapshot.hpp"
#include "support/socket.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace support_fd_snapshot_test {

using coda::test::endpoint;
using coda::test::fd_snapshot;
using coda::test::sockets_open;
using coda::test::unique_fd;

TEST(fd_snapshot, names_what_was_opened_and_forgets_what_was_closed) {
    auto const before = fd_snapshot::take();
    {
        unique_fd const file{::open("/dev/zero", O_RDONLY | O_CLOEXEC)};
        EXPECT_THAT(fd_snapshot::take().opened_since(before),
                    testing::ElementsAre(std::to_string(file.get()) + " -> /dev/zero"));
    }
    EXPECT_THAT(fd_snapshot::take().opened_since(before), testing::IsEmpty());
}

TEST(fd_snapshot, number_used_again_for_another_socket_is_noticed) {
    auto first = coda::test::open_socket(endpoint::tcp());
    auto const number = first.get();
    auto const before = fd_snapshot::take();
    first.reset();
    auto const second = coda::test::open_socket(endpoint::tcp());
    ASSERT_EQ(second.get(), number);
    EXPECT_EQ(fd_snapshot::take().opened_since(before).size(), 1U);
}

TEST(fd_snapshot, counts_sockets_only) {
    auto const before = sockets_open();
    unique_fd const file{::open("/dev/zero", O_RDONLY | O_CLOEXEC)};
    EXPECT_EQ(sockets_open(), before);
    auto const socket = coda::test::open_socket(endpoint::tcp());
    EXPECT_EQ(sockets_open(), before + 1);
}

TEST(fd_snapshot, taking_one_opens_nothing) {
    auto const first = fd_snapshot::take();
    auto const second = fd_snapshot::take();
    EXPECT_EQ(first.size(), second.size());
    EXPECT_THAT(second.opened_since(first), testing::IsEmpty());
}

} // namespace support_fd_snapshot_test
