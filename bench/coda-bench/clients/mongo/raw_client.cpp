// SPDX-License-Identifier: BSL-1.0
// The limit: OP_MSG written and read by hand over epoll, with libbson for the documents, one thread. MongoDB
// answers one message of a connection after the other, so each connection has one query out, and queries wait,
// first come first served, while none is free.
#include "clients/mongo/clients.hpp"
#include "clients/request.hpp"
#include "workloads/mongo/commands.hpp"
#include "workloads/mongo/server.hpp"

#include <boost/endian/conversion.hpp>
#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace coda::bench::mongo {
namespace {

constexpr std::int32_t op_msg = 2013;
constexpr std::size_t body_at = 21; // after the header, the flags and the kind of the only section

// The header's fields, little endian, where `at` is.
void put_int32(std::uint8_t* at, std::size_t value) noexcept {
    boost::endian::store_little_s32(at, static_cast<std::int32_t>(value));
}

struct pending {
    request* owner;
    asked what;
};

class connection {
public:
    connection(std::string const& host, std::uint16_t port);
    ~connection() { ::close(socket_); }
    connection(connection const&) = delete;
    connection& operator=(connection const&) = delete;

    // A message of a hundred bytes on an idle connection always fits into the socket.
    void send(pending q);

    // Reads what there is.
    // Returns the reply's body when it is whole; valid until the next call.
    bool receive(bson_t& reply);

    [[nodiscard]] int socket() const noexcept { return socket_; }
    [[nodiscard]] pending const& unanswered() const noexcept { return unanswered_; }

private:
    int socket_ = -1;
    pending unanswered_{};
    std::size_t filled_ = 0;
    std::vector<std::uint8_t> buffer_ = std::vector<std::uint8_t>(4096);
};

[[noreturn]] void fail(char const* what) { throw std::system_error(errno, std::generic_category(), what); }

connection::connection(std::string const& host, std::uint16_t port) {
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0)
        throw std::runtime_error("no such host: " + host);
    std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> const owner(found, ::freeaddrinfo);
    socket_ = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int const on = 1;
    if (socket_ < 0 || ::connect(socket_, found->ai_addr, found->ai_addrlen) != 0 ||
        ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0)
        fail("connect");
}

void connection::send(pending q) {
    unanswered_ = q;
    bson_t command;
    bson_init(&command);
    append_command(command, q.what);
    BSON_APPEND_UTF8(&command, "$db", database_name);
    std::uint8_t message[512] = {};
    auto const size = body_at + command.len;
    if (size > sizeof message) throw std::length_error("the command is longer than was thought");
    put_int32(message, size);
    put_int32(message + 12, op_msg);
    std::memcpy(message + body_at, bson_get_data(&command), command.len);
    bson_destroy(&command);
    if (::send(socket_, message, size, MSG_NOSIGNAL | MSG_DONTWAIT) != static_cast<ssize_t>(size)) fail("send");
}

bool connection::receive(bson_t& reply) {
    auto const n = ::recv(socket_, buffer_.data() + filled_, buffer_.size() - filled_, MSG_DONTWAIT);
    if (n == 0) throw std::runtime_error("connection lost: closed by the server");
    if (n < 0 && errno == EAGAIN) return false;
    if (n < 0) fail("recv");
    filled_ += static_cast<std::size_t>(n);
    if (filled_ < body_at) return false;
    auto const size = static_cast<std::size_t>(boost::endian::load_little_u32(buffer_.data()));
    if (size > 16'000'000 || size < body_at) throw std::runtime_error("the reply has no sensible length");
    if (size > buffer_.size()) buffer_.resize(size);
    if (filled_ < size) return false;
    filled_ = 0;
    if (boost::endian::load_little_s32(buffer_.data() + 12) != op_msg ||
        !bson_init_static(&reply, buffer_.data() + body_at, size - body_at))
        throw std::runtime_error("the reply is not an OP_MSG");
    return true;
}

class driver {
public:
    driver(plan const& p, meter& m);
    ~driver() { ::close(epoll_); }
    driver(driver const&) = delete;
    driver& operator=(driver const&) = delete;

    void run();
    void send(request& r, asked q);

private:
    void receive(connection& from);

    meter& meter_;
    int epoll_;
    std::vector<std::unique_ptr<connection>> connections_;
    std::vector<connection*> idle_;
    std::deque<pending> waiting_; // for a connection
    request_loop<driver> requests_;
};

driver::driver(plan const& p, meter& m) : meter_(m), epoll_(::epoll_create1(EPOLL_CLOEXEC)), requests_(p, m, *this) {
    initialise();
    auto const uri = parse_uri(p.uris.at("mongo"));
    if (mongoc_uri_get_username(uri.get()) || mongoc_uri_get_tls(uri.get()))
        throw std::runtime_error("the hand-written client can neither authenticate nor TLS");
    auto const* host = mongoc_uri_get_hosts(uri.get());
    for (std::uint32_t i = 0; i < p.what.connections; ++i) {
        auto& c = connections_.emplace_back(std::make_unique<connection>(host->host, host->port));
        epoll_event e{};
        e.events = EPOLLIN;
        e.data.ptr = c.get();
        if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, c->socket(), &e) != 0) fail("epoll_ctl");
        idle_.push_back(c.get());
    }
}

void driver::run() {
    requests_.begin();
    epoll_event ready[64];
    while (requests_.running()) {
        int const n = ::epoll_wait(epoll_, ready, std::size(ready), 100);
        for (int i = 0; i < n; ++i) receive(*static_cast<connection*>(ready[i].data.ptr));
        meter_.tick(clock::now());
    }
}

void driver::send(request& r, asked q) {
    if (idle_.empty()) {
        waiting_.push_back({&r, q});
        return;
    }
    auto* const c = idle_.back();
    idle_.pop_back();
    c->send({&r, q});
}

void driver::receive(connection& from) {
    bson_t reply;
    if (!from.receive(reply)) return;
    auto const done = from.unanswered();
    std::int64_t next = 0;
    auto const* fault = fault_in(reply, done.what, next);
    // Whoever has waited longest goes first; what this reply gives rise to comes after.
    if (waiting_.empty()) {
        idle_.push_back(&from);
    } else {
        from.send(waiting_.front());
        waiting_.pop_front();
    }
    requests_.answered(*done.owner, done.what.what, next, fault);
}

} // namespace

void run_raw(plan const& p, meter& m) { driver(p, m).run(); }

} // namespace coda::bench::mongo
