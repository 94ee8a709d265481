// SPDX-License-Identifier: BSL-1.0
// latency_proxy UPSTREAM MICROSECONDS
//
// A network of a given length: forwards each connection to UPSTREAM (HOST:PORT or the path of a unix socket)
// and delivers every byte, in either direction, that long after it came. Listens on a free port of 127.0.0.1,
// which it prints first. A process of its own, so that its work is not counted as a client's; whoever
// starts it ends it.
//
// The delay is the same for all bytes, so they fall due in the order in which they come: one queue and
// one timer serve all connections.
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <deque>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace {

using clock_type = std::chrono::steady_clock;

[[noreturn]] void fail(char const* what) { throw std::system_error(errno, std::generic_category(), what); }

int checked(int result, char const* what) {
    if (result < 0) fail(what);
    return result;
}

// Nagle's algorithm would add a delay of its own.
void no_delay(int socket) {
    int const on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

struct address {
    sockaddr_storage storage{};
    socklen_t size = 0;
};

address unix_address(std::string_view path) {
    sockaddr_un un{};
    un.sun_family = AF_UNIX;
    if (path.size() >= sizeof un.sun_path) throw std::runtime_error("the socket's path is too long");
    path.copy(un.sun_path, path.size());
    address a;
    std::memcpy(&a.storage, &un, sizeof un);
    a.size = sizeof un;
    return a;
}

address resolve(std::string_view upstream) {
    if (upstream.starts_with('/')) return unix_address(upstream);
    auto const colon = upstream.rfind(':');
    if (colon == std::string_view::npos) throw std::runtime_error("upstream is not HOST:PORT");
    std::string const host(upstream.substr(0, colon));
    std::string const port(upstream.substr(colon + 1));
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (int const e = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found))
        throw std::runtime_error(host + ": " + ::gai_strerror(e));
    address a;
    std::memcpy(&a.storage, found->ai_addr, found->ai_addrlen);
    a.size = found->ai_addrlen;
    ::freeaddrinfo(found);
    return a;
}

struct connection;

// One of a connection's two sockets.
struct end {
    int fd = -1;
    connection* of = nullptr;
    end* peer = nullptr;
    std::string unsent; // has fallen due, but the socket is full
    bool receiving = true;
};

// Ends as a whole when either side hangs up, once what that side sent has been delivered.
struct connection {
    end client;
    end server;
    int chunks_under_way = 0;
    bool ending = false;
    bool closed = false;
};

struct chunk {
    clock_type::time_point due;
    end* to;
    std::string bytes; // empty: the sender hung up
};

class proxy {
public:
    proxy(address upstream, std::chrono::microseconds delay);
    [[nodiscard]] std::uint16_t port() const { return port_; }
    void run();

private:
    void accept_all();
    void receive(end& from);
    void deliver_due();
    void send(end& to, std::string_view bytes);
    void flush(end& to);
    void watch(end& e);
    void close(connection& c);
    void arm_timer();
    void bury();

    address upstream_;
    std::chrono::microseconds delay_;
    int epoll_ = checked(::epoll_create1(EPOLL_CLOEXEC), "epoll_create1");
    int timer_ = checked(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), "timerfd");
    int listener_ = checked(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket");
    std::uint16_t port_ = 0;
    std::deque<chunk> under_way_;
    std::vector<std::unique_ptr<connection>> connections_;
    std::array<char, 65536> buffer_{};
};

void add(int epoll, int fd, void* what) {
    epoll_event e{};
    e.events = EPOLLIN;
    e.data.ptr = what;
    checked(::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e), "epoll_ctl");
}

proxy::proxy(address upstream, std::chrono::microseconds delay) : upstream_(upstream), delay_(delay) {
    sockaddr_in here{};
    here.sin_family = AF_INET;
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof here;
    checked(::bind(listener_, reinterpret_cast<sockaddr*>(&here), size), "bind");
    checked(::listen(listener_, 1024), "listen");
    checked(::getsockname(listener_, reinterpret_cast<sockaddr*>(&here), &size), "getsockname");
    port_ = ntohs(here.sin_port);
    add(epoll_, listener_, &listener_);
    add(epoll_, timer_, &timer_);
}

void proxy::run() {
    std::array<epoll_event, 256> ready{};
    for (;;) {
        int const n = ::epoll_wait(epoll_, ready.data(), int(ready.size()), -1);
        if (n < 0 && errno != EINTR) fail("epoll_wait");
        for (int i = 0; i < n; ++i) {
            auto& event = ready[static_cast<std::size_t>(i)];
            if (event.data.ptr == &listener_) {
                accept_all();
            } else if (event.data.ptr != &timer_) {
                auto& e = *static_cast<end*>(event.data.ptr);
                if (event.events & EPOLLOUT) flush(e);
                if (event.events & ~unsigned{EPOLLOUT}) receive(e);
            }
        }
        deliver_due();
        arm_timer();
        bury();
    }
}

void proxy::accept_all() {
    for (;;) {
        int const fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) return;
        int const up = ::socket(upstream_.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        // Blocking: the upstream is on this machine, and a connection here waits for it anyway.
        if (up < 0 || ::connect(up, reinterpret_cast<sockaddr*>(&upstream_.storage), upstream_.size) != 0) {
            ::close(fd);
            if (up >= 0) ::close(up);
            continue;
        }
        no_delay(fd);
        no_delay(up);
        auto& c = *connections_.emplace_back(std::make_unique<connection>());
        c.client = {fd, &c, &c.server, {}};
        c.server = {up, &c, &c.client, {}};
        add(epoll_, fd, &c.client);
        add(epoll_, up, &c.server);
    }
}

void proxy::receive(end& from) {
    if (from.of->closed || !from.receiving) return;
    auto const n = ::recv(from.fd, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    std::string bytes(buffer_.data(), n > 0 ? static_cast<std::size_t>(n) : 0);
    ++from.of->chunks_under_way;
    under_way_.push_back({clock_type::now() + delay_, from.peer, std::move(bytes)});
    if (n > 0) return;
    from.receiving = false;
    watch(from);
}

void proxy::deliver_due() {
    auto const now = clock_type::now();
    while (!under_way_.empty() && under_way_.front().due <= now) {
        auto& [due, to, bytes] = under_way_.front();
        --to->of->chunks_under_way;
        to->of->ending |= bytes.empty();
        send(*to, bytes);
        under_way_.pop_front();
    }
}

void proxy::send(end& to, std::string_view bytes) {
    auto& c = *to.of;
    if (c.closed) return;
    if (to.unsent.empty() && !bytes.empty()) {
        auto const n = ::send(to.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno != EAGAIN && errno != EINTR) return close(c);
        bytes.remove_prefix(n > 0 ? static_cast<std::size_t>(n) : 0);
    }
    bool const was_waiting = !to.unsent.empty();
    to.unsent += bytes;
    if (to.unsent.empty() && c.ending) return close(c);
    if (was_waiting == to.unsent.empty()) watch(to);
}

void proxy::flush(end& to) {
    auto const waiting = std::exchange(to.unsent, {});
    send(to, waiting);
    if (to.unsent.empty() && !to.of->closed) watch(to);
}

void proxy::watch(end& e) {
    epoll_event want{};
    want.events = (e.receiving ? unsigned{EPOLLIN} : 0u) | (e.unsent.empty() ? 0u : unsigned{EPOLLOUT});
    want.data.ptr = &e;
    // With nothing wanted epoll would still report a hang-up, again and again.
    if (want.events == 0)
        ::epoll_ctl(epoll_, EPOLL_CTL_DEL, e.fd, nullptr);
    else if (::epoll_ctl(epoll_, EPOLL_CTL_MOD, e.fd, &want) != 0)
        ::epoll_ctl(epoll_, EPOLL_CTL_ADD, e.fd, &want);
}

void proxy::close(connection& c) {
    if (std::exchange(c.closed, true)) return;
    ::close(c.client.fd);
    ::close(c.server.fd);
}

void proxy::arm_timer() {
    itimerspec when{};
    if (!under_way_.empty()) {
        auto const ns = under_way_.front().due.time_since_epoch().count();
        when.it_value.tv_sec = ns / 1'000'000'000;
        when.it_value.tv_nsec = ns % 1'000'000'000;
    }
    checked(::timerfd_settime(timer_, TFD_TIMER_ABSTIME, &when, nullptr), "timerfd_settime");
}

// Only here is memory given back: no event of this turn and no chunk refers to it any more.
void proxy::bury() {
    std::erase_if(connections_, [](auto const& c) { return c->closed && c->chunks_under_way == 0; });
}

} // namespace

int main(int argc, char** argv) {
    try {
        long delay = 0;
        if (argc == 3) std::from_chars(argv[2], argv[2] + std::strlen(argv[2]), delay);
        if (argc != 3 || delay < 0) throw std::runtime_error("usage: latency_proxy UPSTREAM MICROSECONDS");
        ::prctl(PR_SET_TIMERSLACK, 1); // the default lets a timer be 50 us late
        proxy p(resolve(argv[1]), std::chrono::microseconds(delay));
        std::printf("%u\n", unsigned{p.port()});
        std::fflush(stdout);
        p.run();
    } catch (std::exception const& e) {
        std::fprintf(stderr, "latency_proxy: %s\n", e.what());
        return 1;
    }
}
