// SPDX-License-Identifier: BSL-1.0
#include "unreachable_endpoint.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <stdexcept>

namespace coda::test {

namespace {

unique_fd bind_to_free_port(endpoint& where) {
    auto fd = open_socket(where);
    socket_address address{where};
    if (::bind(fd.get(), address.get(), address.size) != 0) throw_errno("bind");
    sockaddr_in bound{};
    socklen_t size = sizeof bound;
    if (::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&bound), &size) != 0) {
        throw_errno("getsockname");
    }
    where.port = ntohs(bound.sin_port);
    return fd;
}

// Linux tells a listener's backlog in two fields named for something else.
bool backlog_is_full(int listening) {
    tcp_info info{};
    socklen_t size = sizeof info;
    if (::getsockopt(listening, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) throw_errno("TCP_INFO");
    auto const waiting = info.tcpi_unacked;
    auto const limit = info.tcpi_sacked;
    return waiting > limit;
}

} // namespace

refusing_endpoint::refusing_endpoint() : reservation_(bind_to_free_port(where_)) {}

unreachable_endpoint::unreachable_endpoint() : listening_(bind_to_free_port(where_)) {
    if (::listen(listening_.get(), 0) != 0) throw_errno("listen");
    constexpr int more_than_any_minimum = 64;
    for (int i = 0; i < more_than_any_minimum; ++i) {
        waiting_.push_back(connect_to(where_));
        if (backlog_is_full(listening_.get())) return;
    }
    throw std::runtime_error("the backlog of a listener does not fill up");
}

unique_fd listen_at(char const* address, std::uint16_t port) {
    unique_fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    if (::inet_pton(AF_INET, address, &at.sin_addr) != 1) throw_errno("inet_pton");
    if (::bind(fd.get(), reinterpret_cast<sockaddr const*>(&at), sizeof at) != 0) throw_errno("bind");
    if (::listen(fd.get(), 16) != 0) throw_errno("listen");
    return fd;
}

} // namespace coda::test
