// SPDX-License-Identifier: BSL-1.0
#include "cork.hpp"

#include "libpq_17.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace coda::pg::detail {

namespace {

// Takes nothing, since its other end is full and nobody reads there, and has nothing to be read.
class full_socket {
public:
    full_socket() noexcept {
        std::array<int, 2> ends;
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()) != 0) return;
        fd_ = ends[0];
        other_end_ = ends[1];
        int const least = 1;
        ::setsockopt(fd_, SOL_SOCKET, SO_SNDBUF, &least, sizeof least);
        std::array<char, 4096> const some{};
        while (::send(fd_, some.data(), some.size(), MSG_NOSIGNAL) > 0) {}
    }
    full_socket(full_socket const&) = delete;
    full_socket& operator=(full_socket const&) = delete;
    ~full_socket() {
        if (fd_ < 0) return;
        ::close(fd_);
        ::close(other_end_);
    }

    int fd() const noexcept { return fd_; }

private:
    int fd_ = -1;
    int other_end_ = -1;
};

bool set_corked(int fd, int corked) noexcept {
    return ::setsockopt(fd, IPPROTO_TCP, TCP_CORK, &corked, sizeof corked) == 0;
}

// `fd` is from here on what `as` is.
bool replace(int fd, int as) noexcept {
    while (::dup3(as, fd, O_CLOEXEC) < 0)
        if (errno != EINTR && errno != EBUSY) return false;
    return true;
}

} // namespace

void cork::put_in() noexcept {
    if (PQsendPipelineSync != nullptr || in_kernel_ || own_socket_ >= 0) return;
    int const fd = PQsocket(connection_);
    in_kernel_ = set_corked(fd, 1);
    if (in_kernel_) return;
    static thread_local full_socket const full;
    if (full.fd() < 0) return;
    own_socket_ = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (own_socket_ < 0 || replace(fd, full.fd())) return;
    ::close(own_socket_);
    own_socket_ = -1;
}

cork::~cork() {
    int const fd = PQsocket(connection_);
    if (in_kernel_) set_corked(fd, 0);
    if (own_socket_ < 0) return;
    replace(fd, own_socket_);
    ::close(own_socket_);
}

bool put_sync(pg_conn* c) noexcept {
    return (PQsendPipelineSync != nullptr ? PQsendPipelineSync(c) : PQpipelineSync(c)) != 0;
}

} // namespace coda::pg::detail
