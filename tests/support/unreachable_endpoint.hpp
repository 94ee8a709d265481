// SPDX-License-Identifier: BSL-1.0
// Places where connecting fails, without leaving the machine: one that refuses at once, one that
// never answers the handshake.
#pragma once

#include "socket.hpp"

#include <vector>

namespace coda::test {

/// A TCP port of 127.0.0.1 that refuses every connect and that nobody else can get while this
/// lives.
class refusing_endpoint {
public:
    /// Throws std::system_error.
    refusing_endpoint();

    /// Where connects are refused.
    [[nodiscard]] endpoint const& where() const noexcept { return where_; }

private:
    endpoint where_;
    unique_fd reservation_; // bound, never listening
};

/// A TCP port of 127.0.0.1 where a connect stays without an answer, as behind a firewall that drops
/// packets: a listener that accepts nobody and whose backlog is full. The kernel drops further
/// handshakes; a connect gives up only after its retries (minutes).
class unreachable_endpoint {
public:
    /// Throws std::system_error, and std::runtime_error if the backlog cannot be filled.
    unreachable_endpoint();

    /// Where connects hang.
    [[nodiscard]] endpoint const& where() const noexcept { return where_; }

private:
    endpoint where_;
    unique_fd listening_;
    std::vector<unique_fd> waiting_; // what fills the backlog
};

/// A TCP port of an address of this machine where a connect succeeds and nobody is there. Throws std::system_error.
unique_fd listen_at(char const* address, std::uint16_t port);

} // namespace coda::test
