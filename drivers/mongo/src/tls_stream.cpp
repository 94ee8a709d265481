// SPDX-License-Identifier: BSL-1.0
#include "tls_stream.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace coda::mongo::detail {

std::size_t tls_stream::take_buffered(std::span<mongoc_iovec_t>& to) noexcept {
    std::size_t taken = 0;
    while (!to.empty() && has_buffered()) {
        auto& part = to.front();
        std::size_t const n = std::min(part.iov_len, end_ - begin_);
        std::memcpy(part.iov_base, buffer_.data() + begin_, n);
        begin_ += n;
        taken += n;
        part.iov_base = static_cast<char*>(part.iov_base) + n;
        part.iov_len -= n;
        if (part.iov_len == 0) to = to.subspan(1);
    }
    return taken;
}

ssize_t tls_stream::read(std::span<mongoc_iovec_t> to, std::size_t min_bytes, std::int32_t timeout) {
    std::size_t total = take_buffered(to);
    while (!to.empty() && (total == 0 || total < min_bytes)) {
        ssize_t const n = mongoc_stream_read(encrypted_.get(), buffer_.data(), buffer_.size(), 1, timeout);
        if (n <= 0) {
            int const why = errno;
            timed_out_last = mongoc_stream_timed_out(encrypted_.get());
            if (why != EAGAIN) socket_.shared().failed(error(coda::errc::connection_lost));
            errno = n == 0 ? ECONNRESET : why;
            return -1;
        }
        begin_ = 0;
        end_ = static_cast<std::size_t>(n);
        total += take_buffered(to);
    }
    return static_cast<ssize_t>(total);
}

ssize_t tls_stream::write(std::span<mongoc_iovec_t> from, std::int32_t timeout) {
    ssize_t const n = mongoc_stream_writev(encrypted_.get(), from.data(), from.size(), timeout);
    if (n < 0) timed_out_last = mongoc_stream_timed_out(encrypted_.get());
    return n;
}

} // namespace coda::mongo::detail
