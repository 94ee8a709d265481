// SPDX-License-Identifier: BSL-1.0
// A listening socket that can stop listening and come back at the same place.
//
//     listener door;                     // 127.0.0.1, a free port
//     door.close();                      // connects are refused, the port stays ours
//     door.reopen();
#pragma once

#include "socket.hpp"

namespace coda::test {

/// Listens on a TCP port of 127.0.0.1 or on a unix socket. Not thread-safe.
class listener {
public:
    /// Listens at `where`; port 0 picks a free one. Throws std::system_error.
    explicit listener(endpoint where = endpoint::tcp(), int backlog = 512);
    /// Closes, and removes a unix socket's file.
    ~listener();
    listener(listener const&) = delete;
    listener& operator=(listener const&) = delete;

    /// The place, with the port that was picked.
    [[nodiscard]] endpoint const& where() const noexcept { return where_; }
    /// The listening socket (it does not block), -1 while closed.
    [[nodiscard]] int fd() const noexcept { return fd_.get(); }
    /// Takes one waiting connection (its socket does not block); none when nobody waits. Throws
    /// std::system_error.
    [[nodiscard]] unique_fd accept();
    /// Stops listening: waiting and later connects are refused. The kernel gives the port to nobody
    /// else meanwhile.
    void close() noexcept { fd_.reset(); }
    /// Listens again at the same place. Throws std::system_error. Nothing happens while listening.
    void reopen();

private:
    endpoint where_;
    int backlog_;
    unique_fd reservation_; // bound to the port, never listening
    unique_fd fd_;
};

} // namespace coda::test
