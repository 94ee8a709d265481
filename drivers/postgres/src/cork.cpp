// SPDX-License-Identifier: BSL-1.0
#include "cork.hpp"

#include "full_socket.hpp"
#include "libpq_17.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace coda::pg::detail {

namespace {

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
    int const full = full_socket();
    if (full < 0) return;
    own_socket_ = duplicate(fd);
    if (own_socket_ < 0 || replace(fd, full)) return;
    ::close(own_socket_);
    own_socket_ = -1;
}

bool cork::take_out() noexcept {
    int const fd = PQsocket(connection_);
    if (in_kernel_) set_corked(fd, 0);
    in_kernel_ = false;
    if (own_socket_ < 0) return true;
    bool const is_back = replace(fd, own_socket_);
    ::close(own_socket_);
    own_socket_ = -1;
    return is_back;
}

bool put_sync(pg_conn* c) noexcept {
    return (PQsendPipelineSync != nullptr ? PQsendPipelineSync(c) : PQpipelineSync(c)) != 0;
}

} // namespace coda::pg::detail
