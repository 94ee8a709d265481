// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "protocol.hpp"

#include <coda/runtime/dial.hpp>
#include <coda/runtime/loop.hpp>
#include <coda/runtime/operation.hpp>
#include <coda/runtime/pipelined_connection.hpp>

#include <memcached/options.hpp>

#include <memory>

namespace memcached::detail {

// The wait for one command. The command must outlive it.
class request final : public coda::pipelined_request {
public:
    request(coda::pipelined_connection* on, command const& c) noexcept : pipelined_request(on), command_(c) {}

    coda::result<reply> await_result() {
        if (failed()) return *failed();
        return std::move(reply_);
    }
    reply await_resume() { return await_result().value(); }

private:
    friend class session;

    command const& command_;
    reply reply_;
};

// A connection to a server: the commands of one turn of the loop leave at its end in one write, replies are taken as
// they come and wake their callers.
class session final : public coda::pipelined_connection, public std::enable_shared_from_this<session> {
public:
    // `connected` does not block. Throws boost::system::system_error when the loop cannot watch it.
    session(coda::loop& l, coda::socket_fd connected, client_options const& options);
    ~session();

private:
    void flush() noexcept override;
    void disconnect() noexcept override;

    void on_ready(coda::readiness ready) noexcept;
    void read() noexcept;
    void take_replies(std::string_view bytes);
    void take(reply r);
    void write() noexcept;
    bool blocked() const noexcept { return coda::includes(watch_->wanted(), coda::readiness::write); }
    void lose_as(coda::error_code code, std::string why);

    coda::request_pipeline requests_;
    reply_parser parser_;
    std::string out_;         // what is to be written
    std::size_t written_ = 0; // of it
    coda::socket_fd fd_;
    std::optional<coda::fd_watch> watch_; // last: it goes first
};

// Where a server is.
struct address {
    std::string host;
    std::string port;
    // memcached://host:port; coda::errc::invalid_argument names the part that is wrong, and no value.
    static coda::result<address> parse(std::string_view uri);
};

// Connects without blocking, and asks the server for its version: only then is it known to answer. All failures are
// not_sent.
coda::operation<std::shared_ptr<session>> open_session(coda::loop& l, address to, client_options options);

} // namespace memcached::detail
