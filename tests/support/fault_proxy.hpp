// SPDX-License-Identifier: BSL-1.0
// A proxy in front of one server that does to its connections what networks do, at exact bytes.
//
//     fault_proxy proxy{endpoint::tcp(server_port)};
//     proxy.apply({.to_client = {.cut_after = 17, .how = cut::reset}});
//     ... run the client against proxy.port() ...
//     EXPECT_TRUE(proxy.wait_for([](proxy_stats const& s) { return s.open == 0; }));
//
// It runs on a thread of its own and knows nothing of coda. Every public function may be called
// from any thread, and has taken effect when it returns: what the client sends afterwards meets the
// new plan, and a client that had connected before the call is not a "later" one. The bytes that
// pass are those of the client and the server, unchanged, until a plan says otherwise; ends of
// stream and resets are passed on too.
#pragma once

#include "fault_plan.hpp"
#include "listener.hpp"
#include "socket.hpp"
#include "traffic_log.hpp"

#include <poll.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace coda::test {

class proxied_connection;

/// A TCP or unix-socket proxy with faults.
class fault_proxy {
public:
    /// Listens at `listen` (by default a free port of 127.0.0.1) and passes connections on to
    /// `upstream`, which need not be up yet. Throws std::system_error.
    explicit fault_proxy(endpoint upstream, endpoint listen = endpoint::tcp());
    /// Closes everything and joins the thread, without waiting for any peer.
    ~fault_proxy();
    fault_proxy(fault_proxy const&) = delete;
    fault_proxy& operator=(fault_proxy const&) = delete;

    /// Where clients connect to.
    [[nodiscard]] endpoint const& where() const noexcept { return where_; }
    /// The TCP port that clients connect to, 0 on a unix socket.
    [[nodiscard]] std::uint16_t port() const noexcept { return where_.port; }

    /// Every open connection and every later one gets `plan`; what apply_to_next ordered is void.
    void apply(fault_plan const& plan);
    /// Every later connection gets `plan`; the open ones keep theirs.
    void apply_to_new(fault_plan const& plan);
    /// The next `count` connections get `plan`; those after them the one that held until now.
    void apply_to_next(std::size_t count, fault_plan const& plan);
    /// One open connection gets `plan`. Returns false when it is gone.
    bool apply_to(connection_id id, fault_plan const& plan);
    /// No faults any more: stalled bytes flow, and connections that a black hole took bytes from
    /// are reset.
    void heal() { apply({}); }

    /// Cuts every open connection now, dropping what waits; `d` names the receiver of a half-close.
    void cut_now(cut how, direction d = direction::to_client);
    /// Cuts one connection now. Returns false when it is gone.
    bool cut_now(connection_id id, cut how, direction d = direction::to_client);
    /// Connects are refused from now on; open connections stay.
    void refuse();
    /// Connects are accepted again, at the same place. Throws std::system_error.
    void accept_again();

    /// The traffic up to now.
    [[nodiscard]] proxy_stats stats() const { return log_.snapshot(); }
    /// Waits until `holds` does, at most `bound`; returns whether it did. `holds` must not call the
    /// proxy.
    [[nodiscard]] bool wait_for(std::function<bool(proxy_stats const&)> const& holds,
                                std::chrono::milliseconds bound = patience) const {
        return log_.wait_for(holds, bound);
    }
    /// Keeps the bytes that pass from now on (`connection_stats`), or stops to; what was kept
    /// stays.
    void capture(bool on = true) { log_.capture(on); }

private:
    using time_point = std::chrono::steady_clock::time_point;
    using connections = std::map<connection_id, std::unique_ptr<proxied_connection>>;

    struct command {
        std::function<void()> action;
        std::promise<void> done;
    };

    void call(std::function<void()> action);
    void wake();
    void run();
    void run_commands();
    void poll_once();
    void on_polled(std::vector<pollfd> const& polled);
    void accept_waiting();
    [[nodiscard]] fault_plan plan_for_next();
    [[nodiscard]] proxied_connection* find(connection_id id);

    // Of the thread, once it runs.
    endpoint const upstream_;
    listener door_;
    fault_plan standing_{};
    fault_plan next_{};
    std::size_t next_count_ = 0;
    traffic_log log_;
    connections connections_; // report to the log

    endpoint const where_;
    unique_fd wake_;
    std::mutex mutex_; // guards the two below
    std::vector<command> commands_;
    bool stopping_ = false;
    std::thread thread_;
};

} // namespace coda::test
