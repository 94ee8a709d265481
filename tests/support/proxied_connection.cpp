// SPDX-License-Identifier: BSL-1.0
#include "proxied_connection.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <utility>

namespace coda::test {

namespace {

constexpr std::size_t read_size = 64 * 1024;
constexpr std::chrono::milliseconds backlog_retry{1};

using kind = fault_flow::step::kind;

} // namespace

proxied_connection::proxied_connection(unique_fd client, endpoint const& upstream, fault_plan const& plan,
                                       connection_id id, traffic_log& log)
    : upstream_(upstream),
      id_(id),
      log_(log),
      client_{.fd = std::move(client), .outward = direction::to_server, .out = fault_flow{}},
      server_{.fd = open_socket(upstream, SOCK_NONBLOCK),
              .outward = direction::to_client,
              .out = fault_flow{},
              .state = link::waiting} {
    apply(plan);
    connect(std::chrono::steady_clock::now());
}

proxied_connection::~proxied_connection() {
    close_orderly(client_.fd);
    close_orderly(server_.fd);
    log_.closed(id_);
}

void proxied_connection::apply(fault_plan const& plan) {
    client_.out.set(plan.to_server);
    server_.out.set(plan.to_client);
    pace(client_, server_);
    pace(server_, client_);
}

// Small writes are merged while they wait for the congestion window, and a reset drops them. So,
// where it matters, the socket counts as writable only when nothing unsent is left.
void proxied_connection::pace(side& from, side& to) {
    int const low_water = from.out.paced() ? 1 : 0;
    if (to.fd) {
        ::setsockopt(to.fd.get(), IPPROTO_TCP, TCP_NOTSENT_LOWAT, &low_water, sizeof low_water);
    }
}

void proxied_connection::connect(time_point now) {
    socket_address const address{upstream_};
    connect_at_.reset();
    server_.state = link::connecting;
    if (::connect(server_.fd.get(), address.get(), address.size) == 0) {
        server_.state = link::up;
    } else if (errno == EAGAIN) {
        // A unix socket whose backlog is full: no event will tell when there is room.
        server_.state = link::waiting;
        connect_at_ = now + backlog_retry;
    } else if (errno != EINPROGRESS) {
        cut_now(cut::reset, direction::to_client);
    }
}

void proxied_connection::finish_connect() {
    int failure = 0;
    socklen_t size = sizeof failure;
    ::getsockopt(server_.fd.get(), SOL_SOCKET, SO_ERROR, &failure, &size);
    // Only a server that had accepted can have aborted: what it said before is there to be read.
    server_.failed = failure == ECONNRESET || failure == EPIPE;
    if (failure == 0 || server_.failed) {
        server_.state = link::up;
    } else {
        cut_now(cut::reset, direction::to_client);
    }
}

void proxied_connection::cut_now(cut how, direction d) {
    auto& from = d == direction::to_server ? client_ : server_;
    auto& to = d == direction::to_server ? server_ : client_;
    switch (how) {
    case cut::close:
        close_orderly(client_.fd);
        close_orderly(server_.fd);
        closed_ = true;
        break;
    case cut::reset:
        close_with_reset(client_.fd);
        close_with_reset(server_.fd);
        closed_ = true;
        break;
    case cut::half_close:
        ::shutdown(to.fd.get(), SHUT_WR);
        from.out.finish();
        break;
    case cut::half_open:
        close_orderly(server_.fd);
        connect_at_.reset();
        client_.out.finish();
        server_.out.finish();
        server_.out.end(fault_flow::source_end::orderly, {});
        break;
    }
}

bool proxied_connection::over() const noexcept { return closed_ || (client_.out.over() && server_.out.over()); }

void proxied_connection::advance(time_point now) {
    if (connect_at_ && *connect_at_ <= now) connect(now);
    while (!closed_ && take_step(client_, server_, now)) {}
    while (!closed_ && take_step(server_, client_, now)) {}
}

bool proxied_connection::take_step(side& from, side& to, time_point now) {
    auto const step = from.out.next(now);
    if (step.what == kind::idle || !to.writable) return false;
    switch (step.what) {
    case kind::idle: break;
    case kind::write: write(from, to, step.bytes, now); break;
    case kind::finish:
        ::shutdown(to.fd.get(), SHUT_WR);
        from.out.finish();
        break;
    case kind::cut: cut_now(step.how, from.outward); break;
    }
    return true;
}

void proxied_connection::write(side& from, side& to, std::string_view bytes, time_point now) {
    to.writable = false;
    auto const n = log_.forward(id_, from.outward, bytes, [&](std::string_view out) {
        return ::send(to.fd.get(), out.data(), out.size(), MSG_NOSIGNAL);
    });
    if (n >= 0) {
        from.out.written(static_cast<std::size_t>(n), now);
    } else if (errno != EAGAIN && errno != EINTR) {
        // Aborted by its peer. What that peer sent before is still read and passed on.
        to.failed = true;
        from.out.finish();
    }
}

void proxied_connection::read(side& from, time_point now) {
    static thread_local std::array<char, read_size> buffer;
    auto const n = ::recv(from.fd.get(), buffer.data(), buffer.size(), 0);
    if (n > 0) {
        auto const count = static_cast<std::size_t>(n);
        log_.received(id_, from.outward, count);
        from.out.push({buffer.data(), count}, now);
    } else if (n == 0) {
        using end = fault_flow::source_end;
        from.out.end(from.failed ? end::reset : end::orderly, now);
    } else if (errno != EAGAIN && errno != EINTR) {
        from.out.end(fault_flow::source_end::reset, now);
    }
}

pollfd proxied_connection::interest_of(side& self, side& other, time_point now) {
    if (!self.fd || self.state == link::waiting) return {.fd = -1, .events = 0, .revents = 0};
    if (self.state == link::connecting) return {.fd = self.fd.get(), .events = POLLOUT, .revents = 0};
    int events = 0;
    if (self.out.wants_input()) events |= POLLIN;
    if (other.out.next(now).what != kind::idle) events |= POLLOUT;
    // Without an interest, poll still reports a hang-up; of use only while the end was not read.
    bool const silent = events == 0 && self.out.source_ended();
    return {.fd = silent ? -1 : self.fd.get(), .events = static_cast<short>(events), .revents = 0};
}

proxied_connection::poll_set proxied_connection::interest(time_point now) {
    return {interest_of(client_, server_, now), interest_of(server_, client_, now)};
}

void proxied_connection::on_events_of(side& self, short events, time_point now) {
    self.writable = (events & POLLOUT) != 0;
    if (events == 0 || closed_) return;
    if (self.state == link::connecting) {
        finish_connect();
        if (closed_) return;
    }
    // A peer that hung up is read to its end whether there is room or not: no more than the
    // socket's buffer is left, and poll would report it for ever.
    if ((events & (POLLIN | POLLERR | POLLHUP)) != 0) read(self, now);
}

void proxied_connection::on_events(poll_set const& polled, time_point now) {
    on_events_of(client_, polled[0].revents, now);
    on_events_of(server_, polled[1].revents, now);
}

std::optional<proxied_connection::time_point> proxied_connection::wake_at(time_point now) {
    auto earliest = connect_at_;
    for (auto* flow : {&client_.out, &server_.out}) {
        auto const until = flow->next(now).until;
        if (until && (!earliest || *until < *earliest)) earliest = until;
    }
    return earliest;
}

} // namespace coda::test
