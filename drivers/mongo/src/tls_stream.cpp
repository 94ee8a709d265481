// SPDX-License-Identifier: BSL-1.0
#include "tls_stream.hpp"

#include <cerrno>

namespace coda::mongo::detail {

namespace {

constexpr std::size_t largest_record = 16 * 1024; // RFC 8446, 5.1

} // namespace

tls_stream::tls_stream(stream_handle encrypted, socket_stream& below)
    : wire_stream(largest_record), encrypted_(std::move(encrypted)), socket_(below) {}

// A record at the most, so that nothing of it stays behind.
ssize_t tls_stream::read_some(std::span<char> to, std::int32_t timeout) {
    ssize_t const n = mongoc_stream_read(encrypted_.get(), to.data(), to.size(), 1, timeout);
    if (n > 0) return n;
    int const why = n == 0 ? ECONNRESET : errno;
    timed_out_last = mongoc_stream_timed_out(encrypted_.get());
    if (why != EAGAIN) socket_.shared().failed(error(coda::errc::connection_lost));
    errno = why;
    return -1;
}

ssize_t tls_stream::write(std::span<mongoc_iovec_t> from, std::int32_t timeout) {
    ssize_t const n = mongoc_stream_writev(encrypted_.get(), from.data(), from.size(), timeout);
    if (n < 0) timed_out_last = mongoc_stream_timed_out(encrypted_.get());
    return n;
}

} // namespace coda::mongo::detail
