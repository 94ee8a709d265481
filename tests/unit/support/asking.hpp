// SPDX-License-Identifier: BSL-1.0
// A server behind a fault_proxy that answers a question, and its client: for the proxy's own tests.
#pragma once

#include "support/fault_proxy.hpp"
#include "support/scripted_peer.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <system_error>

namespace coda::test {

inline std::string const ask = "ask?";
inline std::string const reply = "a reply";

// Answers once, then waits for the client to leave.
inline void answer_once(conversation& with) {
    with.expect(ask);
    with.send(reply);
    with.hang();
}

// Answers until the client leaves.
inline void answer_all(conversation& with) {
    for (;;) {
        with.expect(ask);
        with.send(reply);
    }
}

inline unique_fd connect_and_ask(fault_proxy const& proxy) {
    auto fd = connect_to(proxy.where());
    write_all(fd.get(), ask);
    return fd;
}

inline int connect_error(endpoint const& where) {
    try {
        (void)connect_to(where);
        return 0;
    } catch (std::system_error const& e) {
        return e.code().value();
    }
}

inline bool wait_until_open(fault_proxy const& proxy, std::size_t count) {
    return proxy.wait_for([=](proxy_stats const& s) { return s.open == count; });
}

inline bool wait_until_received(fault_proxy const& proxy, direction d, std::uint64_t count) {
    return proxy.wait_for([=](proxy_stats const& s) {
        return (d == direction::to_server ? s.to_server : s.to_client).received == count;
    });
}

// Lets the proxy do all that it is going to do with what has arrived. A call is answered after the
// proxy has looked at its sockets once more since the call before; to read, to ask for room and to
// write are three looks.
inline void settle(fault_proxy& proxy) {
    for (int i = 0; i < 5; ++i) (void)proxy.apply_to(0, {});
}

// Whether the proxy keeps the client waiting.
inline bool nothing_arrives(fault_proxy& proxy, unique_fd const& client) {
    settle(proxy);
    char byte = 0;
    return ::recv(client.get(), &byte, 1, MSG_DONTWAIT) == -1 && errno == EAGAIN;
}

} // namespace coda::test
