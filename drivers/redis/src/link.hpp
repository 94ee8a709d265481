// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "reply_builder.hpp"

#include <coda/redis/detail/arguments.hpp>
#include <coda/runtime/loop.hpp>

#include <memory>
#include <optional>

struct redisAsyncContext;
struct redisReadTask;

namespace coda::redis::detail {

struct free_context {
    void operator()(redisAsyncContext* c) const noexcept;
};
using context_handle = std::unique_ptr<redisAsyncContext, free_context>;

// hiredis' asynchronous API on a loop: this is the adapter. hiredis formats commands, matches replies and parses them,
// into our values instead of its own. What differs from its own way of doing I/O: commands are written when their owner
// says so, not when the poller reports that the socket is writable, and without SIGPIPE; and a reply that nobody asked
// for is an error rather than a failed assertion.
class link {
public:
    class listener {
    public:
        // The reply to the oldest command without one. Valid until this returns. From within `read`.
        virtual void on_reply(reply_view reply) noexcept = 0;
        // The socket is ready for what was waited for.
        virtual void on_ready(readiness r) noexcept = 0;

    protected:
        ~listener() = default;
    };

    // `connected` is a context whose socket is connected. Throws boost::system::system_error when the loop cannot watch
    // it.
    link(loop& l, context_handle connected, listener& owner);
    link(link const&) = delete;
    link& operator=(link const&) = delete;
    ~link() { close(); }

    // False once hiredis has given up, or after `close`: `failure` tells why.
    bool is_open() const noexcept { return context_ != nullptr; }
    error failure() const;
    void close() noexcept;

    // Puts a command behind those that are to be written. False: there is no memory for it.
    bool append(command_view const& command) noexcept;
    // Bytes that `append` has left to be written.
    std::size_t unwritten() const noexcept;
    // Writes as much as the kernel takes. The rest is waited for: while `blocked`, on_ready will come.
    void write() noexcept;
    bool blocked() const noexcept { return watch_ && includes(watch_->wanted(), readiness::write); }
    // Reads once, and hands on what has arrived completely.
    void read() noexcept;

private:
    struct hooks;

    void look_at_unexpected() noexcept;
    void look_at_rest() noexcept;
    void write_failed(int why) noexcept;
    void context_gone() noexcept;
    bool begin_value(redisReadTask const* task, std::string_view text = {}) noexcept;
    bool is_whole(redisReadTask const* task, std::string_view text) noexcept;
    bool is_whole_nil(redisReadTask const* task) noexcept;
    bool follows_line(char kind, long long number) noexcept;
    bool malformed() noexcept;

    listener& owner_;
    redisAsyncContext* context_; // hiredis frees it when it fails
    reply_builder reply_;
    std::string framed_;          // scratch
    std::size_t outstanding_ = 0; // commands without a reply
    std::size_t written_ = 0;     // of hiredis' buffer
    std::optional<error> failure_;
    std::optional<fd_watch> watch_; // last: it goes first
};

} // namespace coda::redis::detail
