// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "link.hpp"

#include <coda/redis/detail/execution.hpp>
#include <coda/redis/options.hpp>

namespace coda::redis::detail {

// A connection to a server: the commands of one turn of the loop leave at its end in one write, replies are taken as
// they come and wake their callers.
class session final : public pipelined_connection,
                      public std::enable_shared_from_this<session>,
                      private link::listener {
public:
    // The system's error when the loop cannot watch the socket.
    static result<std::shared_ptr<session>> open(loop& l, context_handle connected, connection_options const& options);

    session(loop& l, context_handle connected, connection_options const& options);
    ~session();

    // While it lives, the commands of a login go out in one flight, whatever the user's bounds are, and within a time
    // of their own.
    class login {
    public:
        login(session& s, duration timeout) noexcept;
        login(login const&) = delete;
        login& operator=(login const&) = delete;
        ~login();

    private:
        session& session_;
    };

private:
    void flush() noexcept override;
    void disconnect() noexcept override;
    void on_reply(reply_view reply) noexcept override;
    void on_ready(readiness r) noexcept override;

    connection_options options_;
    request_pipeline commands_;
    link link_;
};

} // namespace coda::redis::detail
