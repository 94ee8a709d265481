// SPDX-License-Identifier: BSL-1.0
// One connection of a fault_proxy: two sockets and a fault_flow each way. Its owner polls the
// sockets; here is what to poll for and what to do about it.
#pragma once

#include "fault_flow.hpp"
#include "socket.hpp"
#include "traffic_log.hpp"

#include <poll.h>

#include <array>
#include <optional>
#include <string_view>

namespace coda::test {

/// Used by the proxy's thread only.
class proxied_connection {
public:
    using time_point = fault_flow::time_point;
    /// The client's socket, then the server's.
    using poll_set = std::array<pollfd, 2>;

    /// Starts to connect to `upstream` for an accepted client. Throws std::system_error when no
    /// socket can be made; a server that refuses makes the client's side reset.
    proxied_connection(unique_fd client, endpoint const& upstream, fault_plan const& plan, connection_id id,
                       traffic_log& log);
    /// Closes both sockets and tells the log.
    ~proxied_connection();
    proxied_connection(proxied_connection const&) = delete;
    proxied_connection& operator=(proxied_connection const&) = delete;

    /// Replaces the plan; positions count from here.
    void apply(fault_plan const& plan);
    /// Cuts now; `d` says who is the receiver in a half-close.
    void cut_now(cut how, direction d);
    /// Does all that the flows ask for, as far as the sockets take it.
    void advance(time_point now);
    /// What to poll for at `now`.
    [[nodiscard]] poll_set interest(time_point now);
    /// Takes what poll said.
    void on_events(poll_set const& polled, time_point now);
    /// When to call `advance` again although nothing happened.
    [[nodiscard]] std::optional<time_point> wake_at(time_point now);
    /// Whether nothing more will happen.
    [[nodiscard]] bool over() const noexcept;

private:
    enum class link { waiting, connecting, up };

    struct side {
        unique_fd fd;
        direction outward; // the direction that this side's bytes take
        fault_flow out;    // what this side sent
        link state = link::up;
        bool writable = false; // poll said so, and nothing was written since
        bool failed = false;   // the peer aborted, and the socket has told so once
    };

    void connect(time_point now);
    void finish_connect();
    bool take_step(side& from, side& to, time_point now);
    void write(side& from, side& to, std::string_view bytes, time_point now);
    void read(side& from, time_point now);
    void pace(side& from, side& to);
    [[nodiscard]] pollfd interest_of(side& self, side& other, time_point now);
    void on_events_of(side& self, short events, time_point now);

    endpoint upstream_;
    connection_id id_;
    traffic_log& log_;
    side client_;
    side server_;
    std::optional<time_point> connect_at_; // the server's backlog was full
    bool closed_ = false;
};

} // namespace coda::test
