// SPDX-License-Identifier: BSL-1.0
#include "support/fd_snapshot.hpp"
#include "support/scripted_peer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string_view>

namespace support_scripted_peer_test {

using namespace coda::test;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TEST(scripted_peer, plays_its_part_of_a_conversation) {
    scripted_peer peer{[](conversation& with) {
        with.expect("HELLO ");
        auto const name = with.expect_until("\n");
        with.send("hi " + name);
        auto const digits = with.expect_bytes(3);
        with.send(digits);
        with.expect_end();
        with.send("bye");
    }};
    auto const client = connect_to(peer.where());
    write_all(client.get(), "HELLO Ann\n12345"); // the rest is kept for the next step ...
    EXPECT_EQ(read_exactly(client.get(), 10), "hi Ann\n123");
    end_writing(client.get());
    EXPECT_EQ(read_to_end(client.get()).bytes, ""); // ... which wanted none
    ASSERT_TRUE(peer.wait_until_ended(1));
    EXPECT_THAT(peer.failures(), ElementsAre(R"(connection 1: expected the end, the client sent "45")"));
}

TEST(scripted_peer, waits_for_bytes_that_come_in_pieces) {
    scripted_peer peer{[](conversation& with) {
        with.expect("ab");
        with.send("1");
        with.expect("cd");
        with.send("2");
    }};
    auto const client = connect_to(peer.where());
    write_all(client.get(), "a");
    write_all(client.get(), "bc");
    EXPECT_EQ(read_exactly(client.get(), 1), "1");
    write_all(client.get(), "d");
    EXPECT_EQ(read_to_end(client.get()).bytes, "2");
    EXPECT_THAT(peer.failures(), IsEmpty());
}

TEST(scripted_peer, takes_a_matcher_of_the_test) {
    scripted_peer peer{[](conversation& with) {
        // One byte of length, then so many bytes.
        with.send(with.expect_match([](std::string_view in) -> std::optional<std::size_t> {
            if (in.empty() || in.size() < 1U + static_cast<unsigned char>(in[0])) return {};
            return 1U + static_cast<unsigned char>(in[0]);
        }));
    }};
    auto const client = connect_to(peer.where());
    write_all(client.get(), "\x03"
                            "abcd");
    EXPECT_EQ(read_exactly(client.get(), 4), "\x03"
                                             "abc");
}

TEST(scripted_peer, tells_what_the_client_did_otherwise) {
    scripted_peer peer{{[](conversation& with) { with.expect("PING"); },
                        [](conversation& with) { with.expect_bytes(8); },
                        [](conversation& with) { with.expect_bytes(8); }}};
    auto first = connect_to(peer.where());
    write_all(first.get(), "PONG");
    ASSERT_TRUE(peer.wait_until_ended(1));
    auto second = connect_to(peer.where());
    write_all(second.get(), "abc");
    second.reset();
    ASSERT_TRUE(peer.wait_until_ended(2));
    auto third = connect_to(peer.where());
    ASSERT_TRUE(peer.wait_until_accepted(3));
    close_with_reset(third);
    ASSERT_TRUE(peer.wait_until_ended(3));
    EXPECT_THAT(peer.failures(), ElementsAre(R"(connection 1: expected "PING", the client sent "PONG")",
                                             R"(connection 2: the client ended after "abc")",
                                             HasSubstr("connection 3: the client reset")));
}

TEST(scripted_peer, ends_a_connection_in_each_way) {
    scripted_peer peer{{[](conversation& with) {
                            with.send("a");
                            with.close();
                        },
                        [](conversation& with) {
                            with.send("b");
                            with.expect("got it");
                            with.reset();
                        },
                        [](conversation& with) {
                            with.half_close();
                            with.expect("still here");
                        }}};
    auto const first = read_to_end(connect_to(peer.where()).get());
    EXPECT_EQ(first.bytes, "a");
    EXPECT_EQ(first.how, stream_end::orderly);

    auto const second = connect_to(peer.where());
    EXPECT_EQ(read_exactly(second.get(), 1), "b");
    write_all(second.get(), "got it");
    EXPECT_EQ(read_to_end(second.get()).how, stream_end::reset);

    auto const third = connect_to(peer.where());
    EXPECT_EQ(read_to_end(third.get()).how, stream_end::orderly);
    write_all(third.get(), "still here");
    ASSERT_TRUE(peer.wait_until_ended(3));
    EXPECT_THAT(peer.failures(), IsEmpty());
}

TEST(scripted_peer, hangs_until_the_client_has_enough) {
    scripted_peer peer{[](conversation& with) { with.hang(); }};
    auto client = connect_to(peer.where());
    write_all(client.get(), "anybody?");
    EXPECT_EQ(read_to_end(client.get(), std::chrono::milliseconds{20}).how, stream_end::silent);
    EXPECT_FALSE(peer.wait_until_ended(1, std::chrono::milliseconds{0}));
    client.reset();
    EXPECT_TRUE(peer.wait_until_ended(1));
    EXPECT_THAT(peer.failures(), IsEmpty());
}

TEST(scripted_peer, serves_connections_at_the_same_time) {
    scripted_peer peer{[](conversation& with) {
        with.expect("go");
        with.send("gone");
    }};
    auto const first = connect_to(peer.where());
    auto const second = connect_to(peer.where());
    ASSERT_TRUE(peer.wait_until_accepted(2));
    write_all(second.get(), "go"); // while the first one is silent
    EXPECT_EQ(read_to_end(second.get()).bytes, "gone");
    write_all(first.get(), "go");
    EXPECT_EQ(read_to_end(first.get()).bytes, "gone");
}

TEST(scripted_peer, destruction_ends_scripts_that_wait_and_leaves_nothing_open) {
    auto const before = fd_snapshot::take();
    {
        scripted_peer peer{{[](conversation& with) { with.hang(); }, [](conversation& with) { with.expect("never"); },
                            [](conversation& with) {
                                with.send(std::string(64 << 20, 'x')); // more than fits
                            }}};
        auto const first = connect_to(peer.where());
        auto const second = connect_to(peer.where());
        auto const third = connect_to(peer.where());
        ASSERT_TRUE(peer.wait_until_accepted(3));
    }
    EXPECT_THAT(fd_snapshot::take().opened_since(before), IsEmpty());
}

} // namespace support_scripted_peer_test
