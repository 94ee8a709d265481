// SPDX-License-Identifier: BSL-1.0
// A PostgreSQL of one test's own, for what would be in the way of others: TLS, few connections, a standby, a shutdown.
#pragma once

#include "child_process.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coda::test {

/// The program that scripts/servers runs, once more, in a folder of its own: on a port of 127.0.0.1 and a unix socket.
/// The user coda with the database coda, trusted; coda_password has the password "correct horse". Ends with this
/// object, or with the process that made it. What fails throws std::runtime_error, std::system_error.
class own_postgres {
public:
    /// Not started yet.
    own_postgres();
    ~own_postgres();
    own_postgres(own_postgres const&) = delete;
    own_postgres& operator=(own_postgres const&) = delete;

    /// Becomes a copy of this one, which runs, and a standby of it once it is started. In place of what it was.
    void copy(own_postgres const& primary);

    /// Writes a file into the server's folder of data, which only the server reads.
    void put(std::string_view file, std::string_view text) const;
    /// Puts rules (of pg_hba.conf) before the others.
    void put_rules(std::string_view rules) const;

    /// Starts it, with settings as "name=value", and waits until it takes connections; one that never will, until it
    /// has come as far as it does.
    void start(std::vector<std::string> const& settings = {});
    /// SIGTERM: waits for its sessions to leave. SIGINT: ends them. SIGQUIT: at once.
    void signal(int number) noexcept { server_->signal(number); }
    /// Has a standby become a server of its own.
    void promote();
    /// Waits until it has ended.
    void join() noexcept { server_->wait(); }

    std::uint16_t port() const noexcept { return port_; }
    /// Of the server's unix socket and of what a test puts there.
    std::string const& folder() const noexcept { return folder_; }
    /// As coda, with more parameters: "&name=value".
    std::string uri(std::string_view more = {}) const;

private:
    void launch(std::vector<std::string> const& settings);
    bool is_ready();
    std::string log() const;

    std::string bin_;
    uid_t user_ = 0;
    gid_t group_ = 0;
    std::string folder_;
    std::uint16_t port_ = 0;
    std::optional<child_process> server_;
};

} // namespace coda::test
