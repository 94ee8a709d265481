// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "pipeline.hpp"
#include "statement_cache.hpp"

#include <coda/postgres/detail/execution.hpp>
#include <coda/postgres/options.hpp>

#include <memory>

struct pg_conn;

namespace coda::pg::detail {

struct finish {
    void operator()(pg_conn* c) const noexcept;
};
using connection_handle = std::unique_ptr<pg_conn, finish>;

// An established libpq connection on a loop: the I/O below a pipeline. Statements of one turn of the loop are sent at
// its end; replies are taken as they come and wake their callers.
class session final : public pipelined_connection, public std::enable_shared_from_this<session> {
public:
    // The system's error when the loop cannot watch the socket.
    static result<std::shared_ptr<session>> open(loop& l, connection_handle established,
                                                 connection_options const& options);

    session(loop& l, connection_handle established, connection_options const& options);
    ~session();

    int backend_pid() const noexcept;

private:
    void flush() noexcept override;
    void disconnect() noexcept override;

    bool send(execution& e);
    bool send_deallocate(std::string const& name);
    void ready(readiness r) noexcept;
    bool send_rest();
    void take_replies(bool alive);
    void on_result(pg_result* owned);
    void refuse_copy() noexcept;
    void remember_preparation(pg_result const* r, reply kind);
    void lose_peer() noexcept;

    connection_handle connection_;
    pipeline pipeline_;
    statement_cache cache_;
    std::string sql_;               // scratch: libpq wants texts that end with a zero byte
    std::optional<fd_watch> watch_; // last: it goes first
};

} // namespace coda::pg::detail
