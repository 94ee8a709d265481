// SPDX-License-Identifier: BSL-1.0
#include <coda/runtime/deadline.hpp>
#include <coda/runtime/dial.hpp>
#include <coda/runtime/resolve.hpp>
#include <coda/runtime/this_context.hpp>
#include <coda/runtime/wait_ready.hpp>

#include <boost/system/system_error.hpp>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace coda {

namespace {

// Where to connect to, as the kernel and as people take it.
struct destination {
    sockaddr const* address;
    socklen_t size;
    std::string name;
};

error refused(destination const& to, int why) {
    error_code const code(why, boost::system::system_category());
    return {code, to.name + ": " + code.message()};
}

socket_fd open_socket(int family) noexcept {
    socket_fd fd(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    int const on = 1;
    if (family != AF_UNIX) {
        ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        ::setsockopt(fd.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    }
    return fd;
}

operation<socket_fd> connect_to(destination to) {
    socket_fd fd = open_socket(to.address->sa_family);
    if (fd.get() < 0) co_return refused(to, errno);
    if (::connect(fd.get(), to.address, to.size) == 0) co_return fd;
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
    std::size_t left = found->size();
    for (auto const& to : *found) {
        time_point const latest = fair_share(here.loop->now(), here.deadline, left--);
        auto attempt = connect_to({to.data(), to.size(), to.to_string()});
        connected = co_await as_result(with_deadline(latest, std::move(attempt)));
        if (connected.has_value() || here.cancel.requested()) break;
    }
    co_return std::move(connected);
}

operation<socket_fd> dial_unix(std::string path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    auto const* const at = reinterpret_cast<sockaddr const*>(&address);
    destination to{at, sizeof address, std::move(path)};
    if (to.name.size() >= sizeof address.sun_path) co_return refused(to, ENAMETOOLONG);
    std::memcpy(address.sun_path, to.name.data(), to.name.size());
    auto connected = co_await as_result(connect_to(std::move(to)));
    co_return std::move(connected);
}

} // namespace coda
