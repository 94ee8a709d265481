// SPDX-License-Identifier: BSL-1.0
#include "scram_server.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <stdexcept>

namespace coda::test {

namespace {

constexpr int iterations = 4096; // the least that libmongoc takes
constexpr std::size_t digest_size = 32;
constexpr std::string_view salt = "twenty-eight bytes of a salt"; // as many as libmongoc wants

unsigned char const* bytes(std::string_view s) { return reinterpret_cast<unsigned char const*>(s.data()); }
unsigned char* bytes(std::string& s) { return reinterpret_cast<unsigned char*>(s.data()); }

std::string hmac(std::string_view key, std::string_view text) {
    std::string digest(digest_size, '\0');
    unsigned size = 0;
    HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes(text), text.size(), bytes(digest), &size);
    return digest;
}

std::string sha256(std::string_view text) {
    std::string digest(digest_size, '\0');
    EVP_Digest(text.data(), text.size(), bytes(digest), nullptr, EVP_sha256(), nullptr);
    return digest;
}

std::string pbkdf2(std::string_view password) {
    std::string digest(digest_size, '\0');
    PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), bytes(salt), static_cast<int>(salt.size()),
                      iterations, EVP_sha256(), static_cast<int>(digest.size()), bytes(digest));
    return digest;
}

std::string base64(std::string_view text) {
    std::string encoded((text.size() + 2) / 3 * 4 + 1, '\0'); // and a zero byte
    auto const size = EVP_EncodeBlock(bytes(encoded), bytes(text), static_cast<int>(text.size()));
    encoded.resize(static_cast<std::size_t>(size));
    return encoded;
}

std::string exclusive_or(std::string a, std::string_view b) {
    std::ranges::transform(a, b, a.begin(), [](char x, char y) { return static_cast<char>(x ^ y); });
    return a;
}

// The value of `name` in a message such as "r=nonce,s=salt".
std::string attribute(std::string const& message, char name) {
    for (std::size_t at = 0; at != std::string::npos; at = message.find(',', at)) {
        if (message[at] == ',') ++at;
        if (message.compare(at, 2, {name, '='}) == 0) return message.substr(at + 2, message.find(',', at) - at - 2);
    }
    throw std::runtime_error(fmt::format("no {}= in {:?}", name, message));
}

bson::binary binary(std::string_view text) {
    auto const* const begin = reinterpret_cast<std::byte const*>(text.data());
    return bson::binary(std::vector<std::byte>(begin, begin + text.size()));
}

bson::document says(std::string_view text, bool done) {
    return bson::doc("conversationId", 1, "done", done, "payload", binary(text), "ok", 1.0);
}

bson::document refuses() {
    return bson::doc("ok", 0.0, "code", 18, "codeName", "AuthenticationFailed", "errmsg", "Authentication failed.");
}

} // namespace

scram_server::scram_server(std::string password, bool impostor) : salted_(pbkdf2(password)), impostor_(impostor) {}

bson::document scram_server::answer(mongo_message const& asked) {
    auto const payload = asked.body.get<bson::binary_view>("payload").data;
    std::string const clients(reinterpret_cast<char const*>(payload.data()), payload.size());
    if (asked.name() == "saslStart") return first(clients);
    return clients.empty() ? says("", true) : final(clients); // empty: an acknowledgement of the last
}

bson::document scram_server::first(std::string const& clients) {
    std::string const bare = clients.substr(std::string_view("n,,").size());
    nonce_ = attribute(bare, 'r') + "server";
    auto const says_first = fmt::format("r={},s={},i={}", nonce_, base64(salt), iterations);
    auth_message_ = bare + ',' + says_first + ',';
    return says(says_first, false);
}

bson::document scram_server::final(std::string const& clients) {
    auth_message_ += clients.substr(0, clients.rfind(",p="));
    auto const client_key = hmac(salted_, "Client Key");
    auto const proof = exclusive_or(client_key, hmac(sha256(client_key), auth_message_));
    logged_in_ = attribute(clients, 'p') == base64(proof) && attribute(clients, 'r') == nonce_;
    if (!logged_in_ && !impostor_) return refuses();
    auto const key = impostor_ ? std::string(digest_size, '?') : hmac(salted_, "Server Key");
    return says("v=" + base64(hmac(key, auth_message_)), false);
}

} // namespace coda::test
