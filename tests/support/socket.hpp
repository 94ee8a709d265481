// SPDX-License-Identifier: BSL-1.0
// Plain blocking sockets on loopback for tests: an owner, an address, and reads that end.
//
//     auto client = connect_to(proxy.where());
//     write_all(client.get(), "ping");
//     EXPECT_EQ(read_to_end(client.get()).how, stream_end::reset);
#pragma once

#include <sys/socket.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace coda::test {

/// How long any blocking step of a test may take before it counts as a hang. Generous, because it
/// is only ever reached by a failing test.
inline constexpr std::chrono::seconds patience{20};

/// Owns one file descriptor and closes it.
class unique_fd {
public:
    unique_fd() = default;
    /// Takes over `fd`; a negative one means "none".
    explicit unique_fd(int fd) noexcept : fd_(fd) {}
    unique_fd(unique_fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    unique_fd& operator=(unique_fd&& other) noexcept;
    ~unique_fd() { reset(); }

    /// The descriptor, -1 when there is none.
    [[nodiscard]] int get() const noexcept { return fd_; }
    /// Whether there is a descriptor.
    explicit operator bool() const noexcept { return fd_ >= 0; }
    /// Closes the descriptor, if there is one.
    void reset() noexcept;

private:
    int fd_ = -1;
};

/// A place to connect to or to listen on: a port of 127.0.0.1, or a unix socket when `path` is set.
struct endpoint {
    std::uint16_t port = 0;
    std::string path{};

    /// A port of 127.0.0.1; 0 when listening means "any free one".
    [[nodiscard]] static endpoint tcp(std::uint16_t port = 0) { return {port, {}}; }
    /// A unix stream socket.
    [[nodiscard]] static endpoint unix_path(std::string path) { return {0, std::move(path)}; }
    /// Whether this names a unix socket.
    [[nodiscard]] bool is_unix() const noexcept { return !path.empty(); }

    friend bool operator==(endpoint const&, endpoint const&) = default;
};

/// An endpoint as the kernel takes it.
struct socket_address {
    sockaddr_storage storage{};
    socklen_t size = 0;

    /// Throws std::invalid_argument when a unix path does not fit.
    explicit socket_address(endpoint const& where);
    /// The address for bind and connect.
    [[nodiscard]] sockaddr const* get() const noexcept { return reinterpret_cast<sockaddr const*>(&storage); }
};

/// Throws std::system_error for the current errno.
[[noreturn]] void throw_errno(char const* what);

/// Opens a stream socket of the endpoint's family, close-on-exec, plus `flags` (SOCK_NONBLOCK).
/// TCP sockets send without Nagle's delay. Throws std::system_error.
[[nodiscard]] unique_fd open_socket(endpoint const& where, int flags = 0);

/// Connects, blocking; later reads and writes on it give up after `patience`. Throws
/// std::system_error (ECONNREFUSED ...).
[[nodiscard]] unique_fd connect_to(endpoint const& where);

/// Writes all of `bytes`; never raises SIGPIPE. Throws std::system_error.
void write_all(int fd, std::string_view bytes);

/// Reads exactly `count` bytes. Throws std::runtime_error when the stream ends first, and
/// std::system_error on errors, EAGAIN after `patience` included.
[[nodiscard]] std::string read_exactly(int fd, std::size_t count);

/// How a stream ended, seen from its reader.
enum class stream_end {
    orderly, ///< end of file
    reset,   ///< the peer aborted the connection
    silent,  ///< neither happened within the bound
};

/// What was read, and what came after it.
struct read_result {
    std::string bytes;
    stream_end how;
};

/// Reads until the stream ends or stays silent for `bound`. Throws std::system_error on errors
/// other than a reset.
[[nodiscard]] read_result read_to_end(int fd, std::chrono::milliseconds bound = patience);

/// Signals end of stream to the peer, reading on. Throws std::system_error.
void end_writing(int fd);

/// Closes with a TCP reset instead of an end of stream; what is still unsent is dropped. A unix
/// socket knows no reset, there it is a plain close.
void close_with_reset(unique_fd& fd) noexcept;

/// Closes so that the peer sees an end of stream: what has arrived is read first, because closing
/// over unread bytes would send a reset. Bytes that arrive later are still answered with a reset.
/// The socket must not block.
void close_orderly(unique_fd& fd) noexcept;

} // namespace coda::test
