// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/waiter.hpp>

#include <span>

namespace coda::mongo::detail {

class socket_stream;

// Waits until one of several sockets is ready, at most for a while: what poll(2) would do.
class stream_wait : public void_waiter {
public:
    struct item {
        socket_stream* socket;
        readiness wanted;
        readiness got = readiness::none;
    };

    // A limit below 0 is none. Errors: errc::timed_out at the limit, which `at_limit` tells from the context's
    // deadline.
    stream_wait(std::span<item> items, duration limit) noexcept;
    ~stream_wait();

    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> h, context const* ctx) noexcept;

    void ready(socket_stream& socket, readiness r) noexcept;
    bool at_limit() const noexcept { return at_limit_; }

private:
    struct expiry : timer {
        explicit expiry(stream_wait& w) noexcept : timer(&expiry::expired), owner(w) {}
        static void expired(timer& t) noexcept;
        stream_wait& owner;
    };

    std::span<item> items_;
    duration limit_;
    bool at_limit_ = false;
    expiry expiry_;
};

} // namespace coda::mongo::detail
