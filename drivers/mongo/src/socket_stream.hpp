// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "wire.hpp"
#include "wire_stream.hpp"

#include <coda/runtime/dial.hpp>

namespace coda::mongo::detail {

// A connected, non-blocking socket that libmongoc reads and writes from a fiber.
class socket_stream final : public wire_stream {
public:
    // Throws boost::system::system_error when the loop cannot watch it.
    socket_stream(wire& w, socket_fd connected, std::string server);

    ssize_t write(std::span<mongoc_iovec_t> from, std::int32_t timeout) override;
    socket_stream& socket() noexcept override { return *this; }

    wire& shared() noexcept { return wire_; }
    int close() noexcept;
    int set_option(int level, int name, void const* value, unsigned size) noexcept;
    bool closed_by_peer() const noexcept;

    // For stream_wait.
    void start_waiting(stream_wait& w, readiness wanted) noexcept;
    void stop_waiting() noexcept;

private:
    ssize_t read_some(std::span<char> to, std::int32_t timeout) override;
    // How many bytes came, 0 at the end of the stream, or -errno.
    ssize_t receive(std::span<char> to, int flags = 0) const noexcept;
    // The same of the next byte, which stays where it is.
    ssize_t look() const noexcept;
    void ready(readiness r) noexcept;
    // Waits; false, with errno set, when it is not worth trying again.
    bool wait(readiness wanted, std::int32_t timeout);
    ssize_t fail(int system_error) noexcept;

    wire& wire_;
    server_name server_;
    socket_fd fd_;
    stream_wait* waiting_ = nullptr;
    bool asked_ = false;      // the last that happened was a write
    std::span<char> reading_; // where to, while a read waits
    ssize_t received_ = 0;
    fd_watch watch_;
};

} // namespace coda::mongo::detail
