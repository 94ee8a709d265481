// SPDX-License-Identifier: BSL-1.0
#include "full_socket.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace coda::pg::detail {

namespace {

struct file {
    dev_t device = 0;
    ino_t number = 0; // 0: none
    bool operator==(file const&) const = default;
};

file file_at(int fd) noexcept {
    struct stat about{};
    if (fd < 0 || ::fstat(fd, &about) != 0) return {};
    return {about.st_dev, about.st_ino};
}

// Of trivial types, so that it may be asked for as long as the thread has any code to run.
struct ends {
    int near = -1;
    int far = -1;
    file at_near; // a program may close what it does not know (to become a daemon), and its number is used again
    bool is_over = false;

    bool are_there() const noexcept { return at_near.number != 0 && file_at(near) == at_near; }
};
constinit thread_local ends mine;

struct closes_mine {
    ~closes_mine() {
        if (mine.are_there()) {
            ::close(mine.near);
            ::close(mine.far);
        }
        mine = {};
        mine.is_over = true;
    }
};

int moved_up(int fd) noexcept {
    int const moved = duplicate(fd);
    ::close(fd);
    return moved;
}

bool fill(int fd) noexcept {
    int const least = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &least, sizeof least);
    std::array<char, 4096> const some{};
    while (::send(fd, some.data(), some.size(), MSG_NOSIGNAL) > 0) {}
    return errno == EAGAIN;
}

void make_mine() noexcept {
    std::array<int, 2> made;
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, made.data()) != 0) return;
    int const near = moved_up(made[0]);
    int const far = moved_up(made[1]);
    if (near < 0 || far < 0 || !fill(near)) {
        ::close(near);
        ::close(far);
        return;
    }
    mine.near = near;
    mine.far = far;
    mine.at_near = file_at(near);
}

} // namespace

int full_socket() noexcept {
    if (mine.are_there()) return mine.near;
    if (mine.is_over) return -1;
    static thread_local closes_mine const at_the_end;
    static_cast<void>(at_the_end);
    mine = {};
    make_mine();
    return mine.near;
}

int duplicate(int fd) noexcept {
    constexpr int behind_standard_ones = 3;
    return ::fcntl(fd, F_DUPFD_CLOEXEC, behind_standard_ones);
}

} // namespace coda::pg::detail
