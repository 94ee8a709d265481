// SPDX-License-Identifier: BSL-1.0
#include "cancel_request.hpp"

#include "libpq_17.hpp"

#include <coda/runtime/dial.hpp>
#include <coda/runtime/wait_ready.hpp>

#include <sys/socket.h>

#include <cerrno>
#include <memory>

namespace coda::pg::detail {

namespace {

error system_failure(int why, outcome what = outcome::not_sent) {
    return {error_code(why, boost::system::system_category()), what};
}

// A socket on its way to where `connected` leads.
result<socket_fd> connect_beside(int connected) {
    sockaddr_storage peer{};
    socklen_t size = sizeof peer;
    auto* const address = reinterpret_cast<sockaddr*>(&peer);
    if (::getpeername(connected, address, &size) != 0) return system_failure(errno);
    socket_fd fd(::socket(peer.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (fd.get() < 0) return system_failure(errno);
    if (::connect(fd.get(), address, size) != 0 && errno != EINPROGRESS) return system_failure(errno);
    return fd;
}

// The server says nothing; its closing is the answer.
operation<> until_closed(int fd) {
    while (true) {
        auto const readable = co_await as_result(wait_ready(fd, readiness::read));
        if (readable.has_error()) co_return readable.error();
        char ignored = 0;
        auto const n = ::recv(fd, &ignored, sizeof ignored, 0);
        if (n == 0) co_return result<>();
        if (n < 0 && errno != EAGAIN && errno != EINTR) co_return system_failure(errno);
    }
}

operation<> ask_beside(int connected, backend_key key) {
    auto const opened = connect_beside(connected);
    if (opened.has_error()) co_return opened.error();
    int const fd = opened->get();
    auto const writable = co_await as_result(wait_ready(fd, readiness::write));
    if (writable.has_error()) co_return writable.error();
    auto const message = cancel_message(key);
    // A new socket takes so little as a whole, or has failed to connect.
    if (::send(fd, message.data(), message.size(), MSG_NOSIGNAL) < 0) co_return system_failure(errno);
    auto const closed = co_await as_result(until_closed(fd));
    if (closed.has_error()) co_return closed.error().with_outcome(outcome::unknown);
    co_return result<>();
}

struct finish_request {
    void operator()(pg_cancel_conn* c) const noexcept { PQcancelFinish(c); }
};

operation<> ask_by_libpq(pg_conn* c) {
    std::unique_ptr<pg_cancel_conn, finish_request> const request(PQcancelCreate(c));
    if (request == nullptr || PQcancelStart(request.get()) == 0) co_return error(coda::errc::connection_lost);
    auto next = PGRES_POLLING_WRITING;
    auto how = outcome::not_sent;
    while (next != PGRES_POLLING_OK) {
        auto const wanted = next == PGRES_POLLING_READING ? readiness::read : readiness::write;
        auto const waited = co_await as_result(wait_ready(PQcancelSocket(request.get()), wanted));
        if (waited.has_error()) co_return waited.error().with_outcome(how);
        next = PQcancelPoll(request.get());
        if (next == PGRES_POLLING_FAILED) co_return error(coda::errc::connection_lost).with_outcome(how);
        if (PQcancelStatus(request.get()) == CONNECTION_AWAITING_RESPONSE) how = outcome::unknown;
    }
    co_return result<>();
}

} // namespace

std::array<std::byte, 16> cancel_message(backend_key const& key) noexcept {
    constexpr std::uint32_t cancel_request_code = 80877102;
    std::uint32_t const words[] = {16, cancel_request_code, key.process, key.secret};
    std::array<std::byte, 16> message;
    for (std::size_t i = 0; i < message.size(); ++i)
        message[i] = static_cast<std::byte>(words[i / 4] >> (24 - 8 * (i % 4)));
    return message;
}

bool can_ask_to_cancel(pg_conn const* c, std::optional<backend_key> const& key) noexcept {
    return PQcancelCreate != nullptr ? PQbackendPID(c) != 0 : key.has_value();
}

operation<> ask_to_cancel(pg_conn* c, std::optional<backend_key> key) {
    return PQcancelCreate != nullptr ? ask_by_libpq(c) : ask_beside(PQsocket(c), *key);
}

} // namespace coda::pg::detail
