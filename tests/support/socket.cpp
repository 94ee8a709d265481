// SPDX-License-Identifier: BSL-1.0
#include "socket.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <system_error>

namespace coda::test {

namespace {

timeval to_timeval(std::chrono::milliseconds bound) {
    auto const seconds = std::chrono::duration_cast<std::chrono::seconds>(bound);
    auto const rest = std::chrono::duration_cast<std::chrono::microseconds>(bound - seconds);
    return {.tv_sec = seconds.count(), .tv_usec = rest.count()};
}

void bound_blocking(int fd, int option, std::chrono::milliseconds bound) {
    auto const limit = to_timeval(bound);
    if (::setsockopt(fd, SOL_SOCKET, option, &limit, sizeof limit) != 0) throw_errno("setsockopt");
}

} // namespace

unique_fd& unique_fd::operator=(unique_fd&& other) noexcept {
    if (this != &other) {
        reset();
        fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
}

void unique_fd::reset() noexcept {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

void throw_errno(char const* what) { throw std::system_error(errno, std::system_category(), what); }

socket_address::socket_address(endpoint const& where) {
    if (where.is_unix()) {
        sockaddr_un address{};
        if (where.path.size() >= sizeof address.sun_path) {
            throw std::invalid_argument("unix socket path too long: " + where.path);
        }
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, where.path.data(), where.path.size());
        std::memcpy(&storage, &address, sizeof address);
        size = sizeof address;
    } else {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(where.port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        std::memcpy(&storage, &address, sizeof address);
        size = sizeof address;
    }
}

unique_fd open_socket(endpoint const& where, int flags) {
    auto const family = where.is_unix() ? AF_UNIX : AF_INET;
    unique_fd fd{::socket(family, SOCK_STREAM | SOCK_CLOEXEC | flags, 0)};
    if (!fd) throw_errno("socket");
    int const on = 1;
    if (!where.is_unix()) ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
}

unique_fd connect_to(endpoint const& where) {
    auto fd = open_socket(where);
    bound_blocking(fd.get(), SO_SNDTIMEO, patience);
    bound_blocking(fd.get(), SO_RCVTIMEO, patience);
    socket_address const address{where};
    if (::connect(fd.get(), address.get(), address.size) != 0) throw_errno("connect");
    return fd;
}

void write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        auto const n = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) throw_errno("send");
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
}

std::string read_exactly(int fd, std::size_t count) {
    std::string bytes(count, '\0');
    std::size_t have = 0;
    while (have < count) {
        auto const n = ::recv(fd, bytes.data() + have, count - have, 0);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) throw_errno("recv");
        if (n == 0) throw std::runtime_error("stream ended early");
        have += static_cast<std::size_t>(n);
    }
    return bytes;
}

read_result read_to_end(int fd, std::chrono::milliseconds bound) {
    bound_blocking(fd, SO_RCVTIMEO, bound);
    std::string bytes;
    std::array<char, 4096> buffer{};
    for (;;) {
        auto const n = ::recv(fd, buffer.data(), buffer.size(), 0);
        if (n > 0) {
            bytes.append(buffer.data(), static_cast<std::size_t>(n));
            continue;
        }
        if (n == 0) return {std::move(bytes), stream_end::orderly};
        if (errno == ECONNRESET) return {std::move(bytes), stream_end::reset};
        if (errno == EAGAIN) return {std::move(bytes), stream_end::silent};
        if (errno != EINTR) throw_errno("recv");
    }
}

void end_writing(int fd) {
    if (::shutdown(fd, SHUT_WR) != 0) throw_errno("shutdown");
}

void close_with_reset(unique_fd& fd) noexcept {
    linger const abort{.l_onoff = 1, .l_linger = 0};
    if (fd) ::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
    fd.reset();
}

void close_orderly(unique_fd& fd) noexcept {
    std::array<char, 4096> buffer;
    while (fd && ::recv(fd.get(), buffer.data(), buffer.size(), MSG_DONTWAIT) > 0) {}
    fd.reset();
}

} // namespace coda::test
