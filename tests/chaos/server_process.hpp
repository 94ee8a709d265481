// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

namespace coda::chaos {

/// One of the servers of scripts/servers: its processes are stopped, killed and started again. Of the thread that does
/// the faults. Throws std::runtime_error, std::system_error.
class server_process {
public:
    /// That of the store of this name, in the folder that CODA_TEST_STATE names.
    explicit server_process(std::string_view store);

    /// Stops all its processes.
    void freeze();
    /// Lets them go on.
    void thaw();
    /// Kills all of them and waits until they are gone.
    void kill();
    /// Starts it again, at the same address, and waits until it can be connected to.
    void resume();

private:
    std::vector<pid_t> processes() const;
    void signal_all(int signal) const;

    std::string script_;
    std::string folder_;
};

} // namespace coda::chaos
