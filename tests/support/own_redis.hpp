// SPDX-License-Identifier: BSL-1.0
// A Redis of one test's own, for what would be in the way of others.
#pragma once

#include "child_process.hpp"
#include "socket.hpp"

#include <optional>
#include <string>

namespace coda::test {

/// The program that scripts/servers runs, once more, on a unix socket in a folder of its own. Ends with this object, or
/// with the process that made it.
class own_redis {
public:
    /// Waits until it can be connected to. Throws std::runtime_error, std::system_error.
    own_redis();
    /// Ends it and waits until it has.
    ~own_redis();
    own_redis(own_redis const&) = delete;
    own_redis& operator=(own_redis const&) = delete;

    /// Where it is.
    [[nodiscard]] endpoint const& where() const noexcept { return where_; }

private:
    void wait_until_ready();
    void end() noexcept;

    std::string folder_;
    endpoint where_;
    std::optional<child_process> server_;
};

} // namespace coda::test
