// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "listener.hpp"

#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

struct ssl_ctx_st;

namespace coda::test {

// TLS in front of a server that speaks it not: takes connections with this certificate, and passes on what they say.
// Where that server ends one, it is ended as TLS has it, with a farewell.
class tls_relay {
public:
    // How a client asks for it. PostgreSQL's get records as large as TLS has them, which its server never sends.
    enum class begins : unsigned char { at_once, as_postgres };

    // Throws std::runtime_error where the files are no certificate and its key.
    tls_relay(std::string const& certificate, std::string const& key, endpoint to, begins how = begins::at_once);
    ~tls_relay();
    tls_relay(tls_relay const&) = delete;
    tls_relay& operator=(tls_relay const&) = delete;

    std::uint16_t port() const noexcept { return door_.where().port; }

private:
    struct free_context {
        void operator()(ssl_ctx_st* c) const noexcept;
    };

    void accept_all();
    void serve(unique_fd client) noexcept;
    bool agreed(int client) const noexcept;
    ssize_t receive(int server, std::span<char> to) const noexcept;
    // Whether there is something to read on `fd`; not when this is to end.
    bool wait_for(int fd) const noexcept;

    std::unique_ptr<ssl_ctx_st, free_context> context_;
    endpoint to_;
    begins how_;
    listener door_;
    unique_fd end_; // readable when this ends
    std::vector<std::thread> serving_;
    std::thread accepting_; // last: it uses the rest
};

} // namespace coda::test
