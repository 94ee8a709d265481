// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "pipeline.hpp"
#include "statement_cache.hpp"

#include <coda/postgres/options.hpp>
#include <coda/runtime/event.hpp>

#include <optional>

struct pg_conn;

namespace coda::pg::detail {

struct finish {
    void operator()(pg_conn* c) const noexcept;
};
using connection_handle = std::unique_ptr<pg_conn, finish>;

// An established libpq connection on a loop: the I/O below a pipeline. Statements of one turn of the loop are sent at
// its end; replies are taken as they come and wake their callers. When the connection is lost all callers are told, and
// the session is of no more use.
class session : public std::enable_shared_from_this<session> {
public:
    // The system's error when the loop cannot watch the socket.
    static result<std::shared_ptr<session>> open(loop& l, connection_handle established,
                                                 connection_options const& options);

    session(loop& l, connection_handle established, connection_options const& options);
    session(session const&) = delete;
    session& operator=(session const&) = delete;
    ~session();

    bool usable() const noexcept { return !lost_; }
    error const& why_lost() const noexcept { return *lost_; }
    std::size_t load() const noexcept { return pipeline_.load(); }
    bool draining() const noexcept { return pipeline_.draining(); }
    connection_options const& options() const noexcept { return options_; }
    int backend_pid() const noexcept;

    // Ends the connection at once; every caller gets `why`: not_sent, or unknown where his statement was sent.
    void lose(error const& why) noexcept;

    // Set while nothing is queued or in flight.
    event& idle() noexcept { return idle_; }

private:
    friend class execution;

    // For executions.
    bool full() const noexcept { return pipeline_.full(); }
    void submit(execution& e) noexcept;
    bool abandon(execution& e) noexcept;

    void flush() noexcept;
    bool send(execution& e);
    bool send_deallocate(std::string const& name);
    void ready(readiness r) noexcept;
    void receive();
    void on_result(pg_result* owned);
    void refuse_copy() noexcept;
    void remember_preparation(pg_result const* r, reply kind);
    void wake_ended(execution& e) noexcept;
    void watch_drain() noexcept;
    void drain_expired() noexcept;
    void lose_peer() noexcept;

    struct flush_deferred : deferred {
        explicit flush_deferred(session& s) noexcept
            : deferred([](deferred& d) noexcept { static_cast<flush_deferred&>(d).owner.flush(); }), owner(s) {}
        session& owner;
    };
    struct drain_timer : timer {
        explicit drain_timer(session& s) noexcept
            : timer([](timer& t) noexcept { static_cast<drain_timer&>(t).owner.drain_expired(); }), owner(s) {}
        session& owner;
    };

    loop& loop_;
    connection_options options_;
    connection_handle connection_;
    pipeline pipeline_;
    statement_cache cache_;
    std::string sql_; // scratch: libpq wants texts that end with a zero byte
    std::optional<error> lost_;
    event idle_{true};
    flush_deferred flush_;
    drain_timer drain_;
    std::uint64_t drained_ticket_ = 0;
    std::optional<fd_watch> watch_; // last: it goes first
};

} // namespace coda::pg::detail
