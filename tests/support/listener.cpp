// SPDX-License-Identifier: BSL-1.0
#include "listener.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace coda::test {

namespace {

unique_fd bind_to(endpoint const& where) {
    auto fd = open_socket(where, SOCK_NONBLOCK);
    int const on = 1;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    socket_address const address{where};
    if (::bind(fd.get(), address.get(), address.size) != 0) throw_errno("bind");
    return fd;
}

std::uint16_t local_port(int fd) {
    sockaddr_in address{};
    socklen_t size = sizeof address;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        throw_errno("getsockname");
    }
    return ntohs(address.sin_port);
}

} // namespace

listener::listener(endpoint where, int backlog) : where_(std::move(where)), backlog_(backlog) {
    // With SO_REUSEADDR on both, a bound socket that never listens lets another one listen on its
    // port, and keeps the port from being picked for anyone else while that one is closed.
    if (!where_.is_unix()) {
        reservation_ = bind_to(where_);
        where_.port = local_port(reservation_.get());
    }
    reopen();
}

listener::~listener() {
    if (where_.is_unix()) ::unlink(where_.path.c_str());
}

void listener::reopen() {
    if (fd_) return;
    // A unix socket's file outlives its listener, so that connects are refused, not "no such file".
    if (where_.is_unix()) ::unlink(where_.path.c_str());
    auto fd = bind_to(where_);
    if (::listen(fd.get(), backlog_) != 0) throw_errno("listen");
    fd_ = std::move(fd);
}

unique_fd listener::accept() {
    for (;;) {
        unique_fd fd{::accept4(fd_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
        if (fd) {
            int const on = 1;
            if (!where_.is_unix()) {
                ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            }
            return fd;
        }
        if (errno == EAGAIN) return {};
        if (errno != EINTR && errno != ECONNABORTED) throw_errno("accept");
    }
}

} // namespace coda::test
