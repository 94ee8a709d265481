// SPDX-License-Identifier: BSL-1.0
#include "measure/child_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <system_error>

namespace coda::bench {
namespace {

[[noreturn]] void fail(char const* what) { throw std::system_error(errno, std::generic_category(), what); }

struct pipe_ends {
    int read = -1;
    int write = -1;
};

pipe_ends make_pipe() {
    std::array<int, 2> fds{};
    if (::pipe2(fds.data(), O_CLOEXEC) != 0) fail("pipe");
    return {fds[0], fds[1]};
}

// Runs in the child, between fork and exec: only async-signal-safe calls.
[[noreturn]] void become(char* const* arguments, int input, int output, pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127); // it died before the line above
    ::dup2(input, STDIN_FILENO);
    ::dup2(output, STDOUT_FILENO);
    ::execv(arguments[0], arguments);
    ::_exit(127);
}

} // namespace

child_process::child_process(std::vector<std::string> arguments, std::string_view input) {
    std::vector<char*> argv;
    for (auto& a : arguments) argv.push_back(a.data());
    argv.push_back(nullptr);
    auto const in = make_pipe();
    auto const out = make_pipe();
    auto const parent = ::getpid();
    pid_ = ::fork();
    if (pid_ == 0) become(argv.data(), in.read, out.write, parent);
    ::close(in.read);
    ::close(out.write);
    output_ = out.read;
    bool const written = pid_ > 0 && ::write(in.write, input.data(), input.size()) == ssize_t(input.size());
    ::close(in.write);
    if (pid_ < 0) {
        ::close(output_);
        fail("fork");
    }
    // A child that is gone already says so through wait(); nothing more is to be done here.
    (void)written;
}

child_process::~child_process() {
    if (pid_ > 0) {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    if (output_ >= 0) ::close(output_);
}

std::optional<std::string> child_process::read_line(std::chrono::milliseconds patience) {
    auto const until = std::chrono::steady_clock::now() + patience;
    for (;;) {
        if (auto const end = buffer_.find('\n'); end != std::string::npos) {
            auto line = buffer_.substr(0, end);
            buffer_.erase(0, end + 1);
            return line;
        }
        auto const left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
        pollfd p{output_, POLLIN, 0};
        if (ended_ || left.count() <= 0 || ::poll(&p, 1, static_cast<int>(left.count())) <= 0) return std::nullopt;
        std::array<char, 4096> chunk;
        auto const n = ::read(output_, chunk.data(), chunk.size());
        if (n <= 0)
            ended_ = true;
        else
            buffer_.append(chunk.data(), static_cast<std::size_t>(n));
    }
}

std::string child_process::wait() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {}
    pid_ = -1;
    if (WIFSIGNALED(status))
        return fmt::format("ended by signal {} ({})", WTERMSIG(status), strsignal(WTERMSIG(status)));
    if (WEXITSTATUS(status) == 127) return "could not be started";
    return WEXITSTATUS(status) == 0 ? "" : fmt::format("exit code {}", WEXITSTATUS(status));
}

std::string this_program() { return std::filesystem::read_symlink("/proc/self/exe").string(); }

std::string sibling_program(std::string_view name) {
    return (std::filesystem::path(this_program()).parent_path() / name).string();
}

} // namespace coda::bench
