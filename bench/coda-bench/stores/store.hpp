// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "clients/client.hpp"
#include "workloads/workload.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace coda::bench {

/// A kind of database server: where one is found, and how it gets the benchmark's data.
struct server {
    std::string_view name;  ///< as in `plan::uris`
    std::string_view title; ///< as people call it
    std::span<std::string_view const>
        variables; ///< of the environment, which may hold its URI; the first that does wins

    /// Whether a URI is one of this kind.
    bool (*speaks)(std::string_view uri);

    /// Loads the data, unless it is there.
    /// @return the server's version and the settings that matter for speed, in words
    /// @throws std::exception when the server cannot be reached or refuses
    std::string (*prepare)(std::string const& uri);

    /// Where the server listens: "HOST:PORT", or the path of its unix socket.
    /// @throws std::exception when `uri` is malformed; the message never holds the password. So the next.
    std::string (*address)(std::string const& uri);

    /// `uri` with the server's address replaced by a proxy on this machine.
    std::string (*through_proxy)(std::string const& uri, std::uint16_t port);

    /// The C library that all clients stand on, with its version.
    std::string (*library)();
};

/// What can be chosen with --store: one server, or several that a request needs together.
/// To add one: a folder of its own under workloads/ (its data) and clients/ (who asks for it), and a line in store.cpp.
struct store {
    std::string_view name;
    std::string_view title;
    std::span<server const* const> servers;
    std::span<workload const> workloads;    ///< the first is the default
    std::uint32_t connections;              ///< to each server, unless --connections says otherwise
    std::span<client const* const> clients; ///< in the order in which reports show them
};

/// All stores in this build.
[[nodiscard]] std::span<store const* const> stores();

/// The store of that name; nullptr if there is none.
[[nodiscard]] store const* find_store(std::string_view name);

/// The client of that store and name; nullptr if there is none.
[[nodiscard]] client const* find_client(std::string_view store, std::string_view name);

} // namespace coda::bench
