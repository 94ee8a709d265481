// SPDX-License-Identifier: BSL-1.0
#include "tls_relay.hpp"

#include <fcntl.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

namespace coda::test {

namespace {

struct free_ssl {
    void operator()(SSL* s) const noexcept { SSL_free(s); }
};
using session = std::unique_ptr<SSL, free_ssl>;

constexpr std::size_t piece = 16 * 1024;

} // namespace

void tls_relay::free_context::operator()(ssl_ctx_st* c) const noexcept { SSL_CTX_free(c); }

tls_relay::tls_relay(std::string const& certificate, std::string const& key, endpoint to, begins how)
    : context_(SSL_CTX_new(TLS_server_method())), to_(std::move(to)), how_(how), end_(::eventfd(0, EFD_CLOEXEC)) {
    bool const good = SSL_CTX_use_certificate_chain_file(context_.get(), certificate.c_str()) == 1 &&
                      SSL_CTX_use_PrivateKey_file(context_.get(), key.c_str(), SSL_FILETYPE_PEM) == 1;
    if (!good) throw std::runtime_error("no certificate and key: " + certificate + ", " + key);
    accepting_ = std::thread([this] { accept_all(); });
}

tls_relay::~tls_relay() {
    std::uint64_t const one = 1;
    static_cast<void>(::write(end_.get(), &one, sizeof one));
    accepting_.join();
    for (auto& t : serving_) t.join();
}

bool tls_relay::wait_for(int fd) const noexcept {
    std::array<pollfd, 2> fds{{{fd, POLLIN, 0}, {end_.get(), POLLIN, 0}}};
    return ::poll(fds.data(), fds.size(), -1) > 0 && fds[1].revents == 0;
}

void tls_relay::accept_all() {
    while (wait_for(door_.fd()))
        if (auto client = door_.accept())
            serving_.emplace_back([this, c = std::move(client)]() mutable { serve(std::move(c)); });
}

// As proxies do, as much as makes a record, unless nothing more comes for a while.
ssize_t tls_relay::receive(int server, std::span<char> to) const noexcept {
    constexpr int pause = 5; // milliseconds
    ssize_t n = ::recv(server, to.data(), to.size(), 0);
    pollfd more{server, POLLIN, 0};
    while (how_ == begins::as_postgres && n > 0 && static_cast<std::size_t>(n) < to.size() &&
           ::poll(&more, 1, pause) > 0) {
        auto const rest = to.subspan(static_cast<std::size_t>(n));
        ssize_t const m = ::recv(server, rest.data(), rest.size(), 0);
        if (m <= 0) break; // told by the next
        n += m;
    }
    return n;
}

// SSLRequest, and the answer to it (PostgreSQL manual, 55.2.11).
bool tls_relay::agreed(int client) const noexcept {
    if (how_ == begins::at_once) return true;
    std::array<char, 8> request{};
    return ::recv(client, request.data(), request.size(), MSG_WAITALL) == 8 &&
           ::send(client, "S", 1, MSG_NOSIGNAL) == 1;
}

// What a client may do, broken handshakes included, is no fault of the relay's.
void tls_relay::serve(unique_fd client) noexcept {
    ::fcntl(client.get(), F_SETFL, ::fcntl(client.get(), F_GETFL) & ~O_NONBLOCK);
    session const tls(SSL_new(context_.get()));
    SSL_set_fd(tls.get(), client.get());
    if (!wait_for(client.get()) || !agreed(client.get()) || SSL_accept(tls.get()) != 1) return;
    try {
        auto const server = connect_to(to_);
        std::array<char, piece> bytes{};
        while (true) {
            std::array<pollfd, 3> fds{{{client.get(), POLLIN, 0}, {server.get(), POLLIN, 0}, {end_.get(), POLLIN, 0}}};
            if (SSL_pending(tls.get()) == 0 && ::poll(fds.data(), fds.size(), -1) <= 0) return;
            if (fds[2].revents != 0) return;
            if (fds[0].revents != 0 || SSL_pending(tls.get()) > 0) {
                int const n = SSL_read(tls.get(), bytes.data(), static_cast<int>(bytes.size()));
                if (n <= 0) return;
                write_all(server.get(), {bytes.data(), static_cast<std::size_t>(n)});
            }
            if (fds[1].revents != 0) {
                ssize_t const n = receive(server.get(), bytes);
                if (n <= 0) {
                    SSL_shutdown(tls.get());
                    return;
                }
                if (SSL_write(tls.get(), bytes.data(), static_cast<int>(n)) <= 0) return;
            }
        }
    } catch (std::exception const&) {} // the server refuses
}

} // namespace coda::test
