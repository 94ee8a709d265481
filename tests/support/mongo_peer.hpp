// SPDX-License-Identifier: BSL-1.0
// MongoDB's side of a scripted_peer: reading messages, and answering them rightly or not.
//
//     scripted_peer peer([](conversation& with) {
//         mongo_handshake(with);
//         auto const asked = read_message(with);
//         with.send(reply_to(asked, bson::doc("ok", 1)));
//     });
#pragma once

#include "support/scripted_peer.hpp"

#include <coda/mongo/bson.hpp>

#include <cstring>

namespace coda::test {

// A message of a client's.
struct mongo_message {
    std::int32_t id = 0;
    std::int32_t opcode = 0;
    bson::document body;

    // The command's name.
    std::string name() const { return body.empty() ? "" : std::string(body.begin()->key()); }
};

inline constexpr std::int32_t op_reply = 1;
inline constexpr std::int32_t op_query = 2004;
inline constexpr std::int32_t op_msg = 2013;

inline std::string int32_bytes(std::int32_t n) {
    std::string bytes(4, '\0');
    std::memcpy(bytes.data(), &n, 4); // MongoDB's order is that of this machine
    return bytes;
}
inline std::int32_t int32_at(std::string_view bytes, std::size_t at) {
    std::int32_t n = 0;
    std::memcpy(&n, bytes.data() + at, 4);
    return n;
}
inline std::string bytes_of(bson::view v) { return {reinterpret_cast<char const*>(v.data()), v.size()}; }

// A message with its header.
inline std::string framed(std::int32_t answers, std::int32_t opcode, std::string const& payload) {
    auto const size = static_cast<std::int32_t>(payload.size()) + 16;
    return int32_bytes(size) + int32_bytes(1) + int32_bytes(answers) + int32_bytes(opcode) + payload;
}
// The answer to `asked`, in the form that it was asked in.
inline std::string reply_to(mongo_message const& asked, std::string const& document) {
    if (asked.opcode == op_msg) return framed(asked.id, op_msg, int32_bytes(0) + '\0' + document);
    return framed(asked.id, op_reply, int32_bytes(8) + std::string(12, '\0') + int32_bytes(1) + document);
}
inline std::string reply_to(mongo_message const& asked, bson::view document) {
    return reply_to(asked, bytes_of(document));
}

inline mongo_message parse_message(std::string const& bytes) {
    mongo_message m;
    m.id = int32_at(bytes, 4);
    m.opcode = int32_at(bytes, 12);
    std::size_t body = 21; // behind flags and the kind of the section
    if (m.opcode == op_query) body = bytes.find('\0', 20) + 9;
    auto const size = static_cast<std::size_t>(int32_at(bytes, body));
    auto const view = bson::view::from_bytes({reinterpret_cast<std::byte const*>(bytes.data()) + body, size});
    m.body = bson::document(view.value());
    return m;
}

inline mongo_message read_message(conversation& with) {
    return parse_message(with.expect_match([](std::string_view seen) -> std::optional<std::size_t> {
        if (seen.size() < 4) return std::nullopt;
        auto const size = static_cast<std::size_t>(int32_at(seen, 0));
        return seen.size() < size ? std::nullopt : std::optional(size);
    }));
}

// What a server says of itself: `fields`, and what all say.
template <class... Fields>
bson::document hello_of(Fields const&... fields) {
    return bson::doc(fields..., "maxBsonObjectSize", 16 * 1024 * 1024, "maxMessageSizeBytes", 48'000'000,
                     "maxWriteBatchSize", 100'000, "minWireVersion", 0, "maxWireVersion", 8, "ok", 1.0);
}
// A server without sessions, one with them, and a router of a cluster.
inline bson::document hello_reply() { return hello_of("ismaster", true); }
inline bson::document hello_with_sessions() { return hello_of("ismaster", true, "logicalSessionTimeoutMinutes", 30); }
inline bson::document router_hello(mongo_message const&) { return hello_of("ismaster", true, "msg", "isdbgrid"); }

inline bool is_hello(mongo_message const& m) { return m.name() == "isMaster" || m.name() == "hello"; }

// Answers until the client has found its server: the hello, and the ping that connecting ends with.
inline void mongo_handshake(conversation& with, bson::view hello) {
    while (true) {
        auto const asked = read_message(with);
        if (is_hello(asked)) {
            with.send(reply_to(asked, hello));
        } else {
            with.send(reply_to(asked, bson::doc("ok", 1.0)));
            return;
        }
    }
}
inline void mongo_handshake(conversation& with) { mongo_handshake(with, hello_reply()); }

} // namespace coda::test
