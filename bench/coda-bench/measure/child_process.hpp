// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coda::bench {

/// A program of ours that runs beside this one: reads what it is given on its standard input, answers
/// in lines on its standard output. It is killed by the destructor, and by the kernel if this
/// process dies first. Start it from the main thread: the kernel watches the thread that forked.
class child_process {
public:
    /// Starts `arguments[0]`, writes `input` (at most a pipe's worth, 64 KiB) to it and closes its end.
    /// @throws std::system_error when it cannot be started
    child_process(std::vector<std::string> arguments, std::string_view input);
    ~child_process();
    child_process(child_process const&) = delete;
    child_process& operator=(child_process const&) = delete;

    /// The next whole line of its output, without the newline; nothing if none arrives within
    /// `patience` or its output has ended (`ended` tells which).
    std::optional<std::string> read_line(std::chrono::milliseconds patience);

    /// True once its output has ended.
    [[nodiscard]] bool ended() const noexcept { return ended_; }

    /// Waits for its end. @return in words how it ended; empty after exit code 0
    std::string wait();

private:
    pid_t pid_ = -1;
    int output_ = -1;
    bool ended_ = false;
    std::string buffer_;
};

/// The path of a program that was built into the same folder as this one.
[[nodiscard]] std::string sibling_program(std::string_view name);

/// The path of this program.
[[nodiscard]] std::string this_program();

} // namespace coda::bench
