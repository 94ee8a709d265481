// SPDX-License-Identifier: BSL-1.0
#include "support/listener.hpp"
#include "support/socket.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <utility>

namespace support_socket_test {

using namespace coda::test;

// Both ends of a connection; the server's has unread bytes.
struct unread_pair {
    listener door;
    unique_fd client = connect_to(door.where());
    unique_fd server = door.accept();

    unread_pair() {
        write_all(client.get(), "unread");
        pollfd polled{.fd = server.get(), .events = POLLIN, .revents = 0};
        auto const bound = std::chrono::milliseconds{patience}.count();
        EXPECT_EQ(::poll(&polled, 1, static_cast<int>(bound)), 1);
    }
};

TEST(socket, orderly_close_over_unread_bytes_is_an_end_of_stream) {
    unread_pair ends;
    close_orderly(ends.server);
    EXPECT_EQ(read_to_end(ends.client.get()).how, stream_end::orderly);
}

TEST(socket, close_with_reset_aborts) {
    unread_pair ends;
    EXPECT_EQ(read_exactly(ends.server.get(), 6), "unread");
    close_with_reset(ends.server);
    EXPECT_EQ(read_to_end(ends.client.get()).how, stream_end::reset);
}

TEST(socket, read_exactly_leaves_the_rest_and_notices_the_end) {
    unread_pair ends;
    EXPECT_EQ(read_exactly(ends.server.get(), 2), "un");
    end_writing(ends.client.get());
    EXPECT_THROW((void)read_exactly(ends.server.get(), 5), std::runtime_error);
}

TEST(socket, read_to_end_gives_up_on_silence) {
    unread_pair ends;
    EXPECT_EQ(read_to_end(ends.client.get(), std::chrono::milliseconds{1}).how, stream_end::silent);
}

TEST(socket, unix_path_that_does_not_fit_is_refused) {
    EXPECT_THROW(socket_address{endpoint::unix_path(std::string(200, 'x'))}, std::invalid_argument);
}

TEST(unique_fd, moving_leaves_nothing_behind) {
    auto first = open_socket(endpoint::tcp());
    auto const number = first.get();
    unique_fd second = std::move(first);
    EXPECT_EQ(second.get(), number);
    EXPECT_EQ(first.get(), -1); // NOLINT(bugprone-use-after-move): what is tested
}

} // namespace support_socket_test
