// SPDX-License-Identifier: BSL-1.0
// A program that a test runs beside itself.
#pragma once

#include <sys/types.h>

#include <csignal>
#include <string>
#include <vector>

namespace coda::test {

/// Ends with this object, or with the process that made it.
class child_process {
public:
    /// How it runs.
    struct place {
        std::string log{};          ///< where its output goes; empty: nowhere
        uid_t user = 0;             ///< whose it is, where this process may choose
        gid_t group = 0;            ///< likewise
        int death_signal = SIGKILL; ///< what it gets when this process ends
    };

    /// Runs the program `file` with these words, the first of which is its name. Throws std::system_error.
    child_process(std::string const& file, std::vector<std::string> words, place where);
    /// Kills it and waits until it has ended.
    ~child_process();
    child_process(child_process const&) = delete;
    child_process& operator=(child_process const&) = delete;

    /// Its number.
    [[nodiscard]] pid_t pid() const noexcept { return pid_; }
    /// Sends it a signal, if it still runs.
    void signal(int number) noexcept;
    /// Whether it has ended.
    [[nodiscard]] bool has_ended() noexcept;
    /// Waits until it has; gives its exit status, or 128 and the signal that ended it.
    int wait() noexcept;

private:
    pid_t pid_ = -1;
    bool ended_ = false;
    int status_ = 0;
};

} // namespace coda::test
