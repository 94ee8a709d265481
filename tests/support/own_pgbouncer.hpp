// SPDX-License-Identifier: BSL-1.0
// A PgBouncer of one test's own before the PostgreSQL of scripts/servers.
#pragma once

#include "child_process.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace coda::test {

/// In transaction mode, on a port of 127.0.0.1: what clients send goes to one of a few connections to the server,
/// another one for each transaction. Ends with this object, or with the process that made it. What fails throws
/// std::runtime_error, std::system_error. A test says first: require_server("CODA_TEST_PGBOUNCER_PROGRAM").
class own_pgbouncer {
public:
    /// With at most so many connections to the server. Waits until it can be connected to.
    explicit own_pgbouncer(unsigned connections);
    ~own_pgbouncer();
    own_pgbouncer(own_pgbouncer const&) = delete;
    own_pgbouncer& operator=(own_pgbouncer const&) = delete;

    /// The database behind it, with more parameters: "&name=value".
    std::string uri(std::string_view more = {}) const;

private:
    void write_settings(unsigned connections) const;

    std::string folder_;
    std::uint16_t port_ = 0;
    std::optional<child_process> process_;
};

} // namespace coda::test
