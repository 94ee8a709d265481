// SPDX-License-Identifier: BSL-1.0
#include "child_process.hpp"

#include "socket.hpp"

#include <fcntl.h>
#include <grp.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace coda::test {

namespace {

// From here on only what may follow a fork in a process with threads. A change of the user makes the kernel forget what
// is to be sent when the parent ends.
[[noreturn]] void become(char const* file, char** words, child_process::place const& where, pid_t parent) {
    if (::geteuid() == 0 && where.user != 0 &&
        (::setgroups(0, nullptr) != 0 || ::setgid(where.group) != 0 || ::setuid(where.user) != 0))
        ::_exit(126);
    ::prctl(PR_SET_PDEATHSIG, where.death_signal);
    int const nowhere = ::open("/dev/null", O_RDWR);
    int const log = where.log.empty() ? nowhere : ::open(where.log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(nowhere, 0);
    for (int fd = 1; fd < 3; ++fd) ::dup2(log, fd);
    ::close_range(3, ~0u, 0); // not the sockets of what is tested
    if (::getppid() == parent) ::execv(file, words);
    ::_exit(127);
}

} // namespace

child_process::child_process(std::string const& file, std::vector<std::string> words, place where) {
    std::vector<char*> pointers;
    for (auto& w : words) pointers.push_back(w.data());
    pointers.push_back(nullptr);
    pid_t const parent = ::getpid();
    pid_ = ::fork();
    if (pid_ < 0) throw_errno("fork");
    if (pid_ == 0) become(file.c_str(), pointers.data(), where, parent);
}

child_process::~child_process() {
    signal(SIGKILL);
    wait();
}

void child_process::signal(int number) noexcept {
    if (!has_ended()) ::kill(pid_, number);
}

bool child_process::has_ended() noexcept {
    if (!ended_) ended_ = ::waitpid(pid_, &status_, WNOHANG) == pid_;
    return ended_;
}

int child_process::wait() noexcept {
    if (!ended_) ended_ = ::waitpid(pid_, &status_, 0) == pid_;
    return WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
}

} // namespace coda::test
