// SPDX-License-Identifier: BSL-1.0
#include "session.hpp"

#include <boost/system/errc.hpp>
#include <boost/system/system_error.hpp>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace memcached::detail {

namespace {

// What the kernel does not take is a reason to stop: the rest waits where it can still be cancelled.
constexpr std::size_t enough_for_a_write = std::size_t{128} << 10;
constexpr std::size_t largest_buffer_kept = std::size_t{1} << 20;

bool try_again(int why) noexcept { return why == EAGAIN || why == EWOULDBLOCK || why == EINTR; }

coda::error out_of_memory() noexcept { return make_error_code(boost::system::errc::not_enough_memory); }

} // namespace

session::session(coda::loop& l, coda::socket_fd connected, client_options const& options)
    : pipelined_connection(l, requests_, {options.command_timeout, options.drain_timeout}),
      requests_(options.max_in_flight, options.max_queued),
      parser_(options.largest_value),
      fd_(std::move(connected)) {
    watch_.emplace(
        l, fd_.get(), [](void* self, coda::readiness r) noexcept { static_cast<session*>(self)->on_ready(r); }, this);
    watch_->want(coda::readiness::read);
}

session::~session() { lose(coda::error(coda::errc::closed)); }

void session::disconnect() noexcept {
    watch_.reset();
    fd_.reset();
}

void session::lose_as(coda::error_code code, std::string why) {
    lose(coda::error(code, std::move(why), coda::outcome::unknown));
}

// Called at the end of each turn in which something was queued.
void session::flush() noexcept {
    if (blocked()) return;
    try {
        while (auto* const next = static_cast<request*>(requests_.next())) {
            out_ += next->command_.text;
            requests_.sent(*next);
            if (out_.size() - written_ < enough_for_a_write) continue;
            write();
            if (!usable() || blocked()) return;
        }
    } catch (std::bad_alloc const&) {
        return lose(out_of_memory());
    }
    write();
}

void session::write() noexcept {
    std::size_t const left = out_.size() - written_;
    ssize_t const n = left > 0 ? ::send(fd_.get(), out_.data() + written_, left, MSG_NOSIGNAL) : 0;
    int const why = n < 0 ? errno : 0;
    if (n > 0) written_ += static_cast<std::size_t>(n);
    if (why != 0 && !try_again(why)) {
        read(); // what the server said before it went
        if (usable()) lose_as(make_error_code(coda::errc::connection_lost), std::strerror(why));
        return;
    }
    if (written_ < out_.size()) return watch_->want(coda::readiness::both);
    watch_->want(coda::readiness::read);
    written_ = 0;
    out_.clear();
    if (out_.capacity() > largest_buffer_kept) out_ = std::string();
}

void session::on_ready(coda::readiness ready) noexcept {
    if (coda::includes(ready, coda::readiness::read)) {
        read();
        if (!usable()) return;
        replies_taken();
    }
    if (blocked()) write();
    if (usable() && requests_.next() != nullptr) flush_soon();
}

// Once for each wake-up: where more is there, the loop calls again.
void session::read() noexcept {
    std::array<char, 16384> bytes;
    ssize_t const n = ::recv(fd_.get(), bytes.data(), bytes.size(), 0);
    int const why = n < 0 ? errno : 0;
    if (why != 0 && try_again(why)) return;
    try {
        if (n > 0) return take_replies({bytes.data(), static_cast<std::size_t>(n)});
        lose_as(make_error_code(coda::errc::connection_lost),
                why != 0 ? std::strerror(why) : "the server closed the connection");
    } catch (std::bad_alloc const&) {
        lose(out_of_memory());
    }
}

void session::take_replies(std::string_view bytes) {
    while (usable()) {
        auto const now = parser_.feed(bytes);
        if (now == reply_parser::progress::more) return;
        if (now == reply_parser::progress::malformed)
            return lose_as(make_error_code(coda::errc::protocol_error), std::string(parser_.why()));
        take(parser_.take());
    }
}

// Checked before it is handed on: after a reply to something else none is where it belongs.
void session::take(reply r) {
    if (requests_.in_flight() == 0) {
        bool const said_why = failure_of(r).has_value(); // "ERROR Too many open connections"
        return lose_as(make_error_code(said_why ? coda::errc::connection_lost : coda::errc::protocol_error),
                       said_why ? "the server said: " + r.line : "a reply that nobody asked for");
    }
    auto* const owner = static_cast<request*>(requests_.front());
    if (owner != nullptr && !answers(r, owner->command_))
        return lose_as(make_error_code(coda::errc::protocol_error), "a reply to another command");
    requests_.answered();
    if (owner == nullptr) return;
    owner->reply_ = std::move(r);
    finish(*owner);
}

} // namespace memcached::detail
