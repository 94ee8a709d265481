// SPDX-License-Identifier: BSL-1.0
// A tiny server that plays a script with everyone who connects: for replies that no real server
// would send, and for servers that say nothing at all.
//
//     scripted_peer peer{[](conversation& with) {
//         with.expect("PING\r\n");
//         with.send("+PO");
//         with.reset();
//     }};
//     ... run the client against peer.port() ...
//     EXPECT_THAT(peer.failures(), testing::IsEmpty());
#pragma once

#include "listener.hpp"
#include "socket.hpp"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace coda::test {

/// The server's end of one connection. Everything blocks until the client does its part; when it
/// does something else, the script is left and the difference is in scripted_peer::failures().
/// Belongs to the script's thread.
class conversation {
public:
    /// Says how many bytes from the front make up what is awaited; none: read on.
    using matcher = std::function<std::optional<std::size_t>(std::string_view)>;

    /// For scripted_peer: talks over `fd` until `stop` becomes readable.
    conversation(unique_fd fd, int stop) : fd_(std::move(fd)), stop_(stop) {}

    /// Reads exactly `count` bytes.
    std::string expect_bytes(std::size_t count);
    /// Reads `text` and nothing else.
    void expect(std::string_view text);
    /// Reads until `end`, and returns what came, `end` included.
    std::string expect_until(std::string_view end);
    /// Reads until `match` is satisfied, and returns what it matched.
    std::string expect_match(matcher const& match);
    /// Waits for the client's end of stream; further bytes are a failure.
    void expect_end();

    /// Sends all of `bytes`.
    void send(std::string_view bytes);
    /// Ends the stream to the client, reading on.
    void half_close();
    /// Closes: the client sees an end of stream. Also what the end of the script does.
    void close();
    /// Aborts the connection.
    void reset();
    /// Says nothing any more, dropping what arrives, until the client closes or the peer is
    /// destroyed.
    void hang();

private:
    enum class arrival { bytes, end };

    arrival read_more();
    void wait_for(short events);
    std::string take(std::size_t count);

    unique_fd fd_;
    int stop_;
    std::string arrived_; // read, and not yet expected
};

/// Listens on 127.0.0.1 or a unix socket and plays scripts, each connection on a thread of its own.
class scripted_peer {
public:
    /// What the server does with one connection. Runs on a thread of the peer's.
    using script = std::function<void(conversation&)>;

    /// Plays the same script with everyone. Throws std::system_error.
    explicit scripted_peer(script play, endpoint listen = endpoint::tcp());
    /// Plays the first script with the first who connects, and so on; the last one is played with
    /// all the rest. There must be one.
    explicit scripted_peer(std::vector<script> plays, endpoint listen = endpoint::tcp());
    /// Ends all scripts wherever they wait, and joins their threads.
    ~scripted_peer();
    scripted_peer(scripted_peer const&) = delete;
    scripted_peer& operator=(scripted_peer const&) = delete;

    /// Where clients connect to.
    [[nodiscard]] endpoint const& where() const noexcept { return door_.where(); }
    /// The TCP port that clients connect to.
    [[nodiscard]] std::uint16_t port() const noexcept { return where().port; }

    /// Waits until `count` connections were accepted, at most `bound`; returns whether they were.
    [[nodiscard]] bool wait_until_accepted(std::size_t count, std::chrono::milliseconds bound = patience) const;
    /// Waits until `count` scripts have ended, at most `bound`; returns whether they have.
    [[nodiscard]] bool wait_until_ended(std::size_t count, std::chrono::milliseconds bound = patience) const;
    /// What clients did that the scripts did not expect, as "connection 1: ...".
    [[nodiscard]] std::vector<std::string> failures() const;

private:
    void accept_all();
    void play(std::size_t index, unique_fd fd);

    std::vector<script> const plays_;
    listener door_;
    unique_fd stop_;
    mutable std::mutex mutex_; // guards the three below
    mutable std::condition_variable changed_;
    std::size_t accepted_ = 0;
    std::size_t ended_ = 0;
    std::vector<std::string> failures_;
    std::vector<std::thread> players_; // of the accepting thread
    std::thread accepting_;
};

} // namespace coda::test
