// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "socket_stream.hpp"

#include <array>

namespace coda::mongo::detail {

// libmongoc's own TLS stream with a buffer before it. OpenSSL takes whole records from the socket; what it holds back
// is invisible to poll, so each record is taken over at once, and `has_buffered` tells.
class tls_stream final : public wire_stream {
public:
    // `encrypted` stands over `below`, which it owns.
    tls_stream(stream_handle encrypted, socket_stream& below) noexcept
        : encrypted_(std::move(encrypted)), socket_(below) {}

    ssize_t read(std::span<mongoc_iovec_t> to, std::size_t min_bytes, std::int32_t timeout) override;
    ssize_t write(std::span<mongoc_iovec_t> from, std::int32_t timeout) override;
    bool has_buffered() const noexcept override { return begin_ < end_; }
    socket_stream& socket() noexcept override { return socket_; }

private:
    static constexpr std::size_t largest_record = 16 * 1024; // RFC 8446, 5.1

    std::size_t take_buffered(std::span<mongoc_iovec_t>& to) noexcept;

    stream_handle encrypted_;
    socket_stream& socket_;
    std::array<char, largest_record> buffer_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

} // namespace coda::mongo::detail
