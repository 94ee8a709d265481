// SPDX-License-Identifier: BSL-1.0
#include "blocking_calls.hpp"

#include "played_dns.hpp"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <resolv.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

namespace coda::test {

namespace {

thread_local blocking_calls* noting = nullptr;

void happened(char const* name) {
    if (noting != nullptr) noting->note(name);
}

bool blocks(int fd) { return noting != nullptr && (fcntl(fd, F_GETFL) & O_NONBLOCK) == 0; }

bool is_address(char const* host) {
    in6_addr any;
    return host != nullptr && (inet_pton(AF_INET, host, &any) == 1 || inet_pton(AF_INET6, host, &any) == 1);
}

template <class F>
F* next(F*, char const* name) {
    return reinterpret_cast<F*>(dlsym(RTLD_NEXT, name));
}

} // namespace

blocking_calls::blocking_calls() { noting = this; }
blocking_calls::~blocking_calls() { noting = nullptr; }

void blocking_calls::note(char const* name) { names_ += std::string(name) + ' '; }

} // namespace coda::test

using coda::test::blocks;
using coda::test::happened;
using coda::test::is_address;
using coda::test::next;
using coda::test::played_dns;

extern "C" {

int usleep(useconds_t time) {
    static auto* const real = next(&::usleep, "usleep");
    happened("usleep");
    return real(time);
}

int nanosleep(timespec const* time, timespec* left) {
    static auto* const real = next(&::nanosleep, "nanosleep");
    happened("nanosleep");
    return real(time, left);
}

int poll(pollfd* fds, nfds_t count, int timeout) {
    static auto* const real = next(&::poll, "poll");
    if (timeout != 0) happened("poll");
    return real(fds, count, timeout);
}

int select(int count, fd_set* reading, fd_set* writing, fd_set* failing, timeval* timeout) {
    static auto* const real = next(&::select, "select");
    if (timeout == nullptr || timeout->tv_sec != 0 || timeout->tv_usec != 0) happened("select");
    return real(count, reading, writing, failing, timeout);
}

int getaddrinfo(char const* host, char const* service, addrinfo const* hints, addrinfo** found) {
    static auto* const real = next(&::getaddrinfo, "getaddrinfo");
    // Of digits it does not ask anybody.
    bool const only_digits = hints != nullptr && (hints->ai_flags & AI_NUMERICHOST) != 0;
    if (!only_digits && !is_address(host)) happened("getaddrinfo");
    if (!only_digits && played_dns::was_silent(host)) return EAI_AGAIN;
    auto const addresses = played_dns::addresses_of(host);
    if (addresses.empty()) return real(host, service, hints, found);
    // The C library frees what is chained one by one.
    for (addrinfo** end = found; auto const& address : addresses) {
        if (int const failure = real(address.c_str(), service, hints, end); failure != 0) return failure;
        while (*end != nullptr) end = &(*end)->ai_next;
    }
    return 0;
}

// Of libmongoc for mongodb+srv. What it waits for is inside the C library, where no other of these sees it.
int res_nsearch(res_state state, char const* name, int of_class, int type, unsigned char* answer, int size) {
    static auto* const real = next(&::res_nsearch, "res_nsearch");
    happened("res_nsearch");
    int const played = played_dns::answer(name, type, {answer, static_cast<std::size_t>(size)});
    if (played >= 0) return played;
    return real(state, name, of_class, type, answer, size);
}

int connect(int fd, sockaddr const* address, socklen_t size) {
    static auto* const real = next(&::connect, "connect");
    if (blocks(fd)) happened("connect");
    return real(fd, address, size);
}

ssize_t recv(int fd, void* to, size_t size, int flags) {
    static auto* const real = next(&::recv, "recv");
    if ((flags & MSG_DONTWAIT) == 0 && blocks(fd)) happened("recv");
    return real(fd, to, size, flags);
}

ssize_t sendmsg(int fd, msghdr const* message, int flags) {
    static auto* const real = next(&::sendmsg, "sendmsg");
    if ((flags & MSG_DONTWAIT) == 0 && blocks(fd)) happened("sendmsg");
    return real(fd, message, flags);
}
}
