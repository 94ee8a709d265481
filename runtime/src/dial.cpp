// SPDX-License-Identifier: BSL-1.0
#include <coda/runtime/deadline.hpp>
#include <coda/runtime/dial.hpp>
#include <coda/runtime/resolve.hpp>
#include <coda/runtime/this_context.hpp>
#include <coda/runtime/wait_ready.hpp>

#include <boost/system/system_error.hpp>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <cerrno>

namespace coda {

namespace {

error refused(ip_endpoint const& to, int why) {
    error_code const code(why, boost::system::system_category());
    return {code, to.to_string() + ": " + code.message()};
}

socket_fd open_socket(int family) noexcept {
    socket_fd fd(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    int const on = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    ::setsockopt(fd.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    return fd;
}

operation<socket_fd> connect_to(ip_endpoint to) {
    socket_fd fd = open_socket(to.family());
    if (fd.get() < 0) co_return refused(to, errno);
    if (::connect(fd.get(), to.data(), to.size()) == 0) co_return fd;
    if (errno != EINPROGRESS) co_return refused(to, errno);
    auto const writable = co_await as_result(wait_ready(fd.get(), readiness::write));
    if (writable.has_error()) co_return writable.error();
    int why = 0;
    socklen_t size = sizeof why;
    if (::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &why, &size) != 0) why = errno;
    if (why != 0) co_return refused(to, why);
    co_return fd;
}

} // namespace

void socket_fd::reset() noexcept {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
}

operation<socket_fd> dial(std::string host, std::string service) {
    auto const found = co_await as_result(resolve(std::move(host), std::move(service)));
    if (found.has_error()) co_return found.error();
    context const& here = co_await this_context();
    result<socket_fd> connected = error(errc::name_not_resolved);
    auto left = static_cast<int>(found->size());
    for (auto const& to : *found) {
        time_point const now = here.loop->now();
        bool const bounded = here.deadline != no_deadline && left > 1;
        time_point const latest = bounded ? now + (here.deadline - now) / left : here.deadline;
        --left;
        connected = co_await as_result(with_deadline(latest, connect_to(to)));
        if (connected.has_value() || here.cancel.requested()) break;
    }
    co_return std::move(connected);
}

} // namespace coda
