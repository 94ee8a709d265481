// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/pool/listener.hpp>
#include <coda/pool/sharing_options.hpp>
#include <coda/pool/statistics.hpp>
#include <coda/runtime/waiter.hpp>

#include <memory>
#include <optional>

namespace coda::detail {

// Whether another connection should be opened, given those that are open, those being opened, and the load of the one
// that is least loaded: one at a time while there is none, then as long as all are busy.
bool should_open_another(std::size_t open, std::size_t opening, std::size_t limit, std::size_t least_load) noexcept;

// One who waits until a connection can be had, or an attempt to open one has failed.
class connection_wait : public waiter {
public:
    connection_wait(wait_queue& q, std::size_t& waiting) noexcept : queue_(q), waiting_(waiting) { ++waiting_; }
    ~connection_wait() { --waiting_; }
    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> h, context const* ctx) noexcept { return queue_.suspend(*this, h, ctx); }
    result<> await_result() noexcept {
        if (why_) return *std::move(why_);
        if (failure().failed()) return error(failure());
        return {};
    }
    void await_resume() { detail::value_or_throw(await_result()); }

    void refuse(error const& why) noexcept {
        why_ = why;
        wake();
    }

private:
    wait_queue& queue_;
    std::size_t& waiting_; // how many there are
    std::optional<error> why_;
};

// What shared connections know about themselves and the server: when to try again, what to count and to tell. No I/O,
// no clock.
class sharing_core {
public:
    explicit sharing_core(sharing_options const& o);
    ~sharing_core();
    sharing_core(sharing_core const&) = delete;
    sharing_core& operator=(sharing_core const&) = delete;

    // An attempt to connect: its number, which is the connection's. Then `connected`, `failed` or `given_up`; after
    // `connected`, `ended`.
    std::uint64_t begun() noexcept;
    void connected(std::uint64_t number, duration took) noexcept;
    void failed(std::uint64_t number, error const& why, time_point now) noexcept;
    void given_up(std::uint64_t number) noexcept;
    void ended(std::uint64_t number, close_reason reason, error const* why) noexcept;
    // For good: attempts that are under way are given up.
    void closed() noexcept;

    // No attempt before then.
    time_point retry_at() const noexcept;
    // Whether a task may be begun that opens one when it is time: while there are some, or trying again will not help,
    // it must be time.
    bool may_open(bool none_open, time_point now) const noexcept {
        return now >= retry_at() || (none_open && !hopeless());
    }
    // The last attempt failed, and another will not help (error_class::permanent).
    bool hopeless() const noexcept;
    // Of the last attempt, if that failed.
    std::optional<error> const& last_error() const noexcept;

    // A request has waited, and got a connection or none. The error of one that got none has all of `acquire_error`.
    void served(duration waited) noexcept;
    error not_served(error const& why, duration waited, pool_counts const& now) noexcept;

    // What is open is for the caller to add.
    pool_counts const& counts() const noexcept;
    pool_statistics statistics(pool_counts const& now) const noexcept;

private:
    struct state;
    std::unique_ptr<state> state_;
};

} // namespace coda::detail
