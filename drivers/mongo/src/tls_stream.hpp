// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "socket_stream.hpp"

namespace coda::mongo::detail {

// libmongoc's own TLS stream with our buffer before it. OpenSSL takes whole records from the socket; what it holds back
// is invisible to poll, so each record is taken over at once.
class tls_stream final : public wire_stream {
public:
    // `encrypted` stands over `below`, which it owns.
    tls_stream(stream_handle encrypted, socket_stream& below);

    ssize_t write(std::span<mongoc_iovec_t> from, std::int32_t timeout) override;
    bool has_buffered() const noexcept override { return wire_stream::has_buffered() || socket_.has_buffered(); }
    socket_stream& socket() noexcept override { return socket_; }

private:
    ssize_t read_some(std::span<char> to, std::int32_t timeout) override;

    stream_handle encrypted_;
    socket_stream& socket_;
};

} // namespace coda::mongo::detail
