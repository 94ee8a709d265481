// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/error.hpp>
#include <coda/runtime/event.hpp>
#include <coda/runtime/request_pipeline.hpp>

#include <optional>

/// What every driver's established connection does besides its I/O: requests queue, leave together at the end of the
/// loop's turn, time out, are cancelled by the contract (docs/contracts.md), and are all told when the connection is
/// lost. For writers of drivers:
///
///     class session final : public coda::pipelined_connection {
///         void flush() noexcept override;      // while (auto* r = requests_.next()) write it; requests_.sent(*r)
///         void disconnect() noexcept override; // close the socket
///         coda::request_pipeline requests_;    // a reply was read:  finish(*requests_.answered())
///     };
namespace coda {

class pipelined_connection;

/// What a request that was sent costs when its caller leaves.
enum class when_left : unsigned char {
    drains,      ///< its reply is taken and dropped, if it comes in time
    disconnects, ///< the peer may be long in answering, on purpose: the connection is lost at once
};

/// The wait for one request: derive from it, add what is to be sent and the place for the reply, and give an
/// `await_result` that reads `failed` first. The request must outlive its wait; destroyed while it waits, it leaves.
class pipelined_request : public pipeline_request {
public:
    /// `on` may be nullptr: there is no connection, which the wait ends with (errc::not_connected).
    explicit pipelined_request(pipelined_connection* on, when_left what = when_left::drains) noexcept;
    pipelined_request(pipelined_request const&) = delete;
    pipelined_request& operator=(pipelined_request const&) = delete;
    ~pipelined_request();

    bool await_ready() const noexcept { return false; }
    /// Does not suspend where it fails at once: there is no connection, its queue is full, the context is cancelled.
    bool await_suspend(std::coroutine_handle<> h, context const* ctx) noexcept;

protected:
    /// Suspends again, for more of a reply that comes in parts, or for room to send more of what is asked: ended by
    /// `finish`, and by all that ends the first wait. Does not suspend where the request has ended, or ends so.
    bool await_more(std::coroutine_handle<> h, context const* ctx) noexcept;

    /// Why it ended without a reply; nothing where there was one.
    std::optional<error> const& failed() const noexcept { return failed_; }

private:
    friend class pipelined_connection;

    struct timeout : timer {
        explicit timeout(pipelined_request& r) noexcept : timer(&timeout::expired), owner(r) {}
        static void expired(timer& t) noexcept;
        pipelined_request& owner;
    };

    void arm_timeout(context const* ctx) noexcept;
    void leave(error_code reason) noexcept;
    void give_up(error_code reason) noexcept;

    pipelined_connection* connection_;
    when_left when_left_;
    std::optional<error> failed_;
    timeout timeout_;
};

/// The bounds in time of a connection's requests.
struct pipeline_timeouts {
    duration request; ///< the longest that a request may take, queueing included
    duration drain;   ///< how long the reply to a request whose caller has left may take; then the connection is lost
};

/// An established connection to a peer that answers in order. Belongs to one loop. Once lost it is of no more use.
class pipelined_connection {
public:
    pipelined_connection(pipelined_connection const&) = delete;
    pipelined_connection& operator=(pipelined_connection const&) = delete;

    /// Where it is to be used.
    loop& home() const noexcept { return loop_; }
    bool usable() const noexcept { return !lost_; }
    /// Only where it is not usable.
    error const& why_lost() const noexcept { return *lost_; }
    /// Requests in flight and queued.
    std::size_t load() const noexcept { return requests_.load(); }
    /// Set while there are none.
    event& idle() noexcept { return idle_; }
    /// Set when it is no longer usable.
    event& ended() noexcept { return ended_; }

    /// For requests that are made from here on.
    void set_timeouts(pipeline_timeouts timeouts) noexcept { timeouts_ = timeouts; }

    /// Ends the connection at once; every caller gets `why`: not_sent, or unknown where his request was sent.
    void lose(error const& why) noexcept;

protected:
    /// `requests` is a member of the derived class.
    pipelined_connection(loop& l, request_pipeline& requests, pipeline_timeouts timeouts) noexcept;
    /// The derived destructor has called `lose`.
    ~pipelined_connection() = default;

    /// This request has ended, or a part of its reply has come, with what the derived class has put into it: resumes
    /// its caller. One who does not wait now, between two parts, finds it when he asks.
    void finish(pipelined_request& r) noexcept {
        loop_.disarm(r.timeout_);
        if (r.waiting()) r.wake();
    }

    /// To be called when replies were read.
    void replies_taken() noexcept {
        if (requests_.load() == 0) idle_.set();
        watch_drain();
    }

    /// Has `flush` called at the end of the turn: where more may be sent now.
    void flush_soon() noexcept { loop_.defer(flush_); }

private:
    friend class pipelined_request;

    /// Sends what `next` of the pipeline gives. Called once at the end of a turn in which something was queued.
    virtual void flush() noexcept = 0;
    /// Gives up the socket. Called once, when the connection is lost and every caller was told.
    virtual void disconnect() noexcept = 0;
    /// A caller has left a request that is in flight and drains: for protocols in which the peer can be told. Must not
    /// resume or destroy anything.
    virtual void left_in_flight() noexcept {}

    void submit(pipelined_request& r) noexcept;
    bool abandon(pipelined_request& r) noexcept;
    void watch_drain() noexcept;
    void drain_expired() noexcept;

    struct flush_deferred : deferred {
        explicit flush_deferred(pipelined_connection& c) noexcept : deferred(&flush_deferred::run), owner(c) {}
        static void run(deferred& d) noexcept;
        pipelined_connection& owner;
    };
    struct drain_timer : timer {
        explicit drain_timer(pipelined_connection& c) noexcept
            : timer([](timer& t) noexcept { static_cast<drain_timer&>(t).owner.drain_expired(); }), owner(c) {}
        pipelined_connection& owner;
    };

    loop& loop_;
    request_pipeline& requests_;
    pipeline_timeouts timeouts_;
    std::optional<error> lost_;
    event idle_{true};
    event ended_;
    flush_deferred flush_;
    drain_timer drain_;
    std::uint64_t drained_ticket_ = 0;
};

} // namespace coda
