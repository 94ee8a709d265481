// SPDX-License-Identifier: BSL-1.0
#include "wire_stream.hpp"

#include "socket_stream.hpp"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace coda::mongo::detail {

namespace {

// Any number that libmongoc does not use for its own.
constexpr int our_type = 0x636f6461;

wire_stream& ours(mongoc_stream_t* s) noexcept { return static_cast<wire_stream&>(*s); }

// Out of memory, then: no other exception comes from here. It must not reach libmongoc.
template <class F>
ssize_t guarded(F&& f) noexcept {
    try {
        return f();
    } catch (...) {
        errno = ENOMEM;
        return -1;
    }
}

readiness wanted_by(int events) noexcept {
    return ((events & POLLIN) != 0 ? readiness::read : readiness::none) |
           ((events & POLLOUT) != 0 ? readiness::write : readiness::none);
}

int events_of(readiness r, int asked) noexcept {
    return ((includes(r, readiness::read) ? POLLIN : 0) | (includes(r, readiness::write) ? POLLOUT : 0)) & asked;
}

// Tells libmongoc that the streams have had it: with an error alone it would poll again at once, until its own timeout.
ssize_t hang_up_all(std::span<mongoc_stream_poll_t> streams) noexcept {
    for (auto& s : streams) s.revents = POLLERR | POLLHUP;
    return static_cast<ssize_t>(streams.size());
}

// All streams of a client are ours, and waited for together.
ssize_t poll_streams(std::span<mongoc_stream_poll_t> streams, std::int32_t timeout) {
    ssize_t ready = 0;
    std::vector<stream_wait::item> items;
    for (auto& s : streams) {
        s.revents = ours(s.stream).has_buffered() ? s.events & POLLIN : 0;
        if (s.revents != 0) ++ready;
        items.push_back({&ours(s.stream).socket(), wanted_by(s.events)});
    }
    if (ready > 0) return ready;
    wire& w = items.front().socket->shared();
    stream_wait wait(items, std::chrono::milliseconds(timeout));
    if (auto const waited = w.wait(wait); waited.has_error()) {
        if (wait.at_limit()) return 0;
        w.failed(waited.error());
        return hang_up_all(streams);
    }
    for (std::size_t i = 0; i < items.size(); ++i) {
        streams[i].revents = events_of(items[i].got, streams[i].events);
        if (streams[i].revents != 0) ++ready;
    }
    return ready;
}

} // namespace

ssize_t write_checked(wire_stream& to, std::span<mongoc_iovec_t> from, std::int32_t timeout) {
    if (to.checked_) {
        if (to.begin_ < to.end_) to.malformed_ = true; // said unasked, and no answer to this
        to.check_.asked(from);
    }
    return to.write(from, timeout);
}

wire_stream::wire_stream(std::size_t buffer_size) : mongoc_stream_t{}, buffer_(buffer_size) {
    mongoc_stream_t::type = our_type;
    mongoc_stream_t::destroy = [](mongoc_stream_t* s) { delete &ours(s); };
    mongoc_stream_t::failed = [](mongoc_stream_t* s) { delete &ours(s); };
    mongoc_stream_t::close = [](mongoc_stream_t* s) { return ours(s).socket().close(); };
    mongoc_stream_t::flush = [](mongoc_stream_t*) { return 0; };
    mongoc_stream_t::readv = [](mongoc_stream_t* s, mongoc_iovec_t* to, std::size_t count, std::size_t min_bytes,
                                std::int32_t timeout) {
        ours(s).timed_out_last = false;
        return guarded([&] { return ours(s).read({to, count}, min_bytes, timeout); });
    };
    mongoc_stream_t::writev = [](mongoc_stream_t* s, mongoc_iovec_t* from, std::size_t count, std::int32_t timeout) {
        ours(s).timed_out_last = false;
        return guarded([&] { return write_checked(ours(s), {from, count}, timeout); });
    };
    mongoc_stream_t::poll = [](mongoc_stream_poll_t* streams, std::size_t count, std::int32_t timeout) {
        try {
            return poll_streams({streams, count}, timeout);
        } catch (...) { // out of memory, as above
            return hang_up_all({streams, count});
        }
    };
    mongoc_stream_t::setsockopt = [](mongoc_stream_t* s, int level, int name, void* value, mongoc_socklen_t size) {
        return ours(s).socket().set_option(level, name, value, size);
    };
    mongoc_stream_t::check_closed = [](mongoc_stream_t* s) { return ours(s).socket().closed_by_peer(); };
    mongoc_stream_t::timed_out = [](mongoc_stream_t* s) { return ours(s).timed_out_last; };
    mongoc_stream_t::should_retry = [](mongoc_stream_t*) { return errno == EAGAIN || errno == EINTR; };
    // get_base_stream stays null: libmongoc 1.23 follows a function without looking at what it gives.
}

// The parts are libmongoc's own to change: it looks at what was transferred, not at them.
std::size_t wire_stream::take_buffered(std::span<mongoc_iovec_t>& to) noexcept {
    std::size_t taken = 0;
    while (!to.empty() && begin_ < end_) {
        auto& part = to.front();
        std::size_t const n = std::min(part.iov_len, end_ - begin_);
        std::memcpy(part.iov_base, buffer_.data() + begin_, n);
        if (!sound(buffer_.data() + begin_, n)) malformed_ = true;
        begin_ += n;
        taken += n;
        to = without_first(to, n);
    }
    return taken;
}

ssize_t wire_stream::read(std::span<mongoc_iovec_t> to, std::size_t min_bytes, std::int32_t timeout) {
    to = without_first(to, 0); // empty parts go
    std::size_t total = take_buffered(to);
    while (!malformed_ && !to.empty() && (total == 0 || total < min_bytes)) {
        // What is larger than the buffer goes past it.
        auto const& part = to.front();
        bool const direct = part.iov_len >= buffer_.size();
        std::span<char> const place =
            direct ? std::span(static_cast<char*>(part.iov_base), part.iov_len) : std::span(buffer_);
        ssize_t const n = read_some(place, timeout);
        if (n < 0) return -1;
        if (direct) {
            total += static_cast<std::size_t>(n);
            if (!sound(place.data(), static_cast<std::size_t>(n))) malformed_ = true;
            to = without_first(to, static_cast<std::size_t>(n));
        } else {
            begin_ = 0;
            end_ = static_cast<std::size_t>(n);
            total += take_buffered(to);
        }
    }
    if (malformed_) {
        socket().shared().failed(error(coda::errc::protocol_error));
        errno = EPROTO;
        return -1;
    }
    return static_cast<ssize_t>(total);
}

std::span<mongoc_iovec_t> without_first(std::span<mongoc_iovec_t> parts, std::size_t bytes) noexcept {
    while (!parts.empty() && bytes >= parts.front().iov_len) {
        bytes -= parts.front().iov_len;
        parts = parts.subspan(1);
    }
    if (!parts.empty()) {
        parts.front().iov_base = static_cast<char*>(parts.front().iov_base) + bytes;
        parts.front().iov_len -= bytes;
    }
    return parts;
}

} // namespace coda::mongo::detail
