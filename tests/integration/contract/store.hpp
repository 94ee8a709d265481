// SPDX-License-Identifier: BSL-1.0
// What a database driver offers to the tests of the contract that all drivers keep. To have them run on one more store,
// write a type that models `store`, and a source as postgres_test.cpp: contract/<driver>_test.cpp.
#pragma once

#include "support/socket.hpp"

#include <coda/runtime.hpp>

#include <concepts>
#include <memory>
#include <string>
#include <vector>

namespace coda::test {

/// The bounds of a client, under one name for all drivers.
struct client_limits {
    std::size_t connections = 1;
    std::size_t max_in_flight = 16;
    std::size_t max_queued = 10'000;
    duration connect_timeout = std::chrono::seconds(10);
    duration operation_timeout = std::chrono::seconds(30);
    duration drain_timeout = std::chrono::seconds(10);
};

template <class S>
concept store =
    requires(S& s, typename S::client& c, loop& l, endpoint const& e, std::string text, client_limits limits) {
        /// Whether requests share connections. Where each has one for itself there is no slot that could drain: one
        /// that is given up in flight costs its connection, and `max_in_flight` and `drain_timeout` mean nothing.
        { S::shares_connections } -> std::convertible_to<bool>;
        /// The environment variable of scripts/servers that tells where the server is.
        { S::variable } -> std::convertible_to<char const*>;
        /// The server's TCP address.
        { s.where() } -> std::same_as<endpoint>;
        /// The server's URI when it is reached at `e` (a proxy, say), in plain text.
        { s.uri_at(e) } -> std::same_as<std::string>;
        /// The URI of a server that does not exist, in plain text.
        { S::nowhere } -> std::convertible_to<char const*>;
        /// Malformed URIs, each with `text` as its password.
        { S::malformed_uris(text) } -> std::same_as<std::vector<std::string>>;

        /// A client for any number of tasks; it connects when it is first used. Throws `exception` for a malformed URI
        /// and for limits out of range.
        { s.make(l, text, limits) } -> std::same_as<std::unique_ptr<typename S::client>>;
        /// Has the server give `text` back. `text` is kept.
        { S::echo(c, text) } -> std::same_as<operation<std::string>>;
        /// Has the server count one more for the key `text`. Done twice, it counts two.
        { S::write(c, text) } -> std::same_as<operation<>>;
        { S::connect(c) } -> std::same_as<operation<>>;
        { S::close(c) } -> std::same_as<operation<>>;
        /// Connections that it has, whatever they are doing; those that it knows to be lost need not count.
        { S::open_connections(c) } -> std::convertible_to<std::size_t>;
        // A store whose driver also has connections for one task alone calls the type `connection` and has
        // `make_connection(loop, uri)` and an `echo` for it. What limits.hpp, transactions.hpp and streams.hpp want is
        // told there.

        /// What was written for the key, asked on a connection that has nothing to do with the client's. Blocks.
        { s.count(text) } -> std::same_as<long>;
        /// Has the server end the connections of this object's clients. Blocks.
        s.kill_connections();
        // A store that has sockets of its own for each of them also says `settled()`, once those are gone. Blocks.
    };

} // namespace coda::test
