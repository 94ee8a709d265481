// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/mongo_peer.hpp"

#include <string>

namespace coda::test {

// The server's side of one login with SCRAM-SHA-256 (RFC 5802 and 7677), as MongoDB's saslStart and saslContinue carry
// it.
class scram_server {
public:
    // It knows the password, as far as that is ASCII. One that is an `impostor` accepts whatever comes, and cannot
    // prove that it knew.
    explicit scram_server(std::string password, bool impostor = false);

    // The answer to saslStart or saslContinue: the server's next message, or MongoDB's error 18.
    bson::document answer(mongo_message const& asked);
    bool logged_in() const noexcept { return logged_in_; }

private:
    bson::document first(std::string const& clients);
    bson::document final(std::string const& clients);

    std::string salted_;
    bool impostor_;
    bool logged_in_ = false;
    std::string auth_message_; // as far as it is known
    std::string nonce_;
};

} // namespace coda::test
