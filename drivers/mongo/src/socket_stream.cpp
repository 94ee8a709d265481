// SPDX-License-Identifier: BSL-1.0
#include "socket_stream.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace coda::mongo::detail {

namespace {

constexpr std::size_t buffer_size = 4096; // most replies

error_code system_error_code(int number) noexcept { return {number, boost::system::system_category()}; }

msghdr message(std::span<mongoc_iovec_t> parts) noexcept {
    msghdr m{};
    m.msg_iov = parts.data();
    m.msg_iovlen = std::min<std::size_t>(parts.size(), 1024); // IOV_MAX
    return m;
}

} // namespace

socket_stream::socket_stream(wire& w, socket_fd connected, std::string server)
    : wire_stream(buffer_size),
      wire_(w),
      server_(std::make_shared<std::string const>(std::move(server))),
      fd_(std::move(connected)),
      watch_(
          w.loop, fd_.get(), [](void* self, readiness r) noexcept { static_cast<socket_stream*>(self)->ready(r); },
          this) {
    watch_.want(readiness::read);
}

// The answer to what was just asked is not there yet: waiting first saves a system call.
ssize_t socket_stream::read_some(std::span<char> to, std::int32_t timeout) {
    bool const too_early = std::exchange(asked_, false) && timeout != 0;
    received_ = too_early ? -EAGAIN : receive(to);
    while (received_ == -EAGAIN) {
        reading_ = to;
        bool const readable = wait(readiness::read, timeout);
        reading_ = {};
        if (!readable) return -1;
    }
    if (received_ > 0) return received_;
    return fail(received_ == 0 ? ECONNRESET : static_cast<int>(-received_));
}

ssize_t socket_stream::receive(std::span<char> to, int flags) const noexcept {
    ssize_t n = -1;
    do n = recv(fd_.get(), to.data(), to.size(), flags | MSG_DONTWAIT);
    while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

ssize_t socket_stream::look() const noexcept {
    char byte;
    return receive({&byte, 1}, MSG_PEEK);
}

ssize_t socket_stream::write(std::span<mongoc_iovec_t> from, std::int32_t timeout) {
    std::size_t total = 0;
    asked_ = true;
    from = without_first(from, 0); // empty parts go
    while (!from.empty()) {
        msghdr m = message(from);
        ssize_t const n = sendmsg(fd_.get(), &m, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n >= 0) {
            total += static_cast<std::size_t>(n);
            wire_.wrote(static_cast<std::size_t>(n), server_);
            from = without_first(from, static_cast<std::size_t>(n));
        } else if (errno == EAGAIN) {
            if (!wait(readiness::write, timeout)) return -1;
        } else if (errno != EINTR) {
            return fail(errno);
        }
    }
    return static_cast<ssize_t>(total);
}

ssize_t socket_stream::fail(int system_error) noexcept {
    bool const lost = system_error == ECONNRESET || system_error == EPIPE;
    wire_.failed(lost ? error(coda::errc::connection_lost) : error(system_error_code(system_error)));
    errno = system_error;
    return -1;
}

bool socket_stream::wait(readiness wanted, std::int32_t timeout) {
    if (timeout == 0) {
        errno = EAGAIN;
        return false;
    }
    stream_wait::item item{this, wanted};
    stream_wait w({&item, 1}, std::chrono::milliseconds(timeout));
    auto const waited = wire_.wait(w);
    if (waited.has_value()) return true;
    wire_.failed(waited.error());
    timed_out_last = waited.error().code() == coda::errc::timed_out;
    errno = timed_out_last ? ETIMEDOUT : ECANCELED;
    return false;
}

int socket_stream::close() noexcept {
    shutdown(fd_.get(), SHUT_RDWR);
    return 0;
}

int socket_stream::set_option(int level, int name, void const* value, unsigned size) noexcept {
    return ::setsockopt(fd_.get(), level, name, value, size);
}

bool socket_stream::closed_by_peer() const noexcept {
    ssize_t const n = look();
    return n <= 0 && n != -EAGAIN;
}

void socket_stream::start_waiting(stream_wait& w, readiness wanted) noexcept {
    waiting_ = &w;
    watch_.want(wanted);
}

void socket_stream::stop_waiting() noexcept {
    waiting_ = nullptr;
    watch_.want(readiness::read);
}

// What is waited for is read before the loop watches again: while it is there, it would be told once more. A backend
// may tell once more what has been read meanwhile: then there is nothing, and the watch goes on. Between operations
// nothing is expected from the server but its farewell.
void socket_stream::ready(readiness r) noexcept {
    if (waiting_ != nullptr && !waiting_->waiting()) return;
    if (includes(r, readiness::read)) {
        received_ = reading_.empty() ? look() : receive(reading_);
        if (received_ == -EAGAIN && !includes(r, readiness::write)) return;
    }
    if (waiting_ != nullptr) return waiting_->ready(*this, r);
    if (!wire_.busy()) {
        bool const unasked = received_ > 0 && is_checked(); // of TLS, it is its own farewell
        wire_.shut(error(unasked ? coda::errc::protocol_error : coda::errc::connection_lost));
        close(); // the server need not wait until somebody wants to use it
    }
    watch_.want(readiness::none); // it would be told for ever
}

} // namespace coda::mongo::detail
