// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/operation.hpp>

#include <string>
#include <utility>

/// Stream connections, made without blocking the loop: what a driver begins with where no C library does it.
///
///     coda::socket_fd const fd = co_await coda::dial("db.example", "11211");
namespace coda {

/// A socket, closed with its owner.
class socket_fd {
public:
    socket_fd() noexcept = default;
    explicit socket_fd(int fd) noexcept : fd_(fd) {}
    socket_fd(socket_fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    socket_fd& operator=(socket_fd&& other) noexcept {
        reset();
        fd_ = std::exchange(other.fd_, -1);
        return *this;
    }
    ~socket_fd() { reset(); }

    /// The descriptor; -1 where there is none.
    int get() const noexcept { return fd_; }
    /// Closes it, if there is one.
    void reset() noexcept;

private:
    int fd_ = -1;
};

/// Resolves `host` and connects to its addresses in turn until one takes it; each has its share of the time that the
/// context's deadline leaves. The socket does not block, is closed in programs that are started, sends at once
/// (TCP_NODELAY) and notices a peer that is gone (SO_KEEPALIVE).
///
/// Errors, all with outcome not_sent: those of `resolve`; errc::timed_out and errc::cancelled; else what the system
/// said of the last address, with that address in the message (its category is boost::system::system_category()).
operation<socket_fd> dial(std::string host, std::string service);

/// Connects to a unix socket, as `dial` does. Errors, all with outcome not_sent: errc::timed_out and errc::cancelled;
/// else what the system said, with the path in the message.
operation<socket_fd> dial_unix(std::string path);

} // namespace coda
