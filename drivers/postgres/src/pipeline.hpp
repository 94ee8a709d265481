// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/postgres/detail/execution.hpp>

#include <boost/circular_buffer.hpp>

#include <cstdint>

namespace coda::pg::detail {

// What the server's next message means for the statement it belongs to.
enum class reply : unsigned char {
    success, // rows, or a command's completion
    failure, // the statement failed
    skipped, // not run: one before it in the same Sync failed
    sync,    // the end of a Sync: the statement is through
};

// The order of statements on one connection in pipeline mode, each isolated by a Sync of its own (libpq manual, 34.5).
// Knows who waits for which reply; does no I/O. Statements wait in a bounded queue, are sent in order with a bounded
// number in flight, and their replies come back in that order. One who leaves after sending leaves a slot that drains.
class pipeline {
public:
    // With a slot to spare, so that the statement that `next` gives may always follow one that nobody waits for.
    pipeline(std::size_t max_in_flight, std::size_t max_queued)
        : slots_(max_in_flight + 1), max_in_flight_(max_in_flight), max_queued_(max_queued) {}

    bool full() const noexcept { return queued_ >= max_queued_; }

    // Behind all others; must not be called when full.
    void enqueue(request& r) noexcept;

    // The next statement to be sent now, or nullptr.
    request* next() noexcept;

    // `next()` was sent, as `commands` commands (2 where it had to be prepared first) before its Sync. `statement`
    // comes back with its replies.
    void sent(request& r, int commands, std::uint64_t statement);

    // A statement that nobody waits for was sent, before `next()`; at most one.
    void sent_unowned();

    // The caller leaves. True: it was not sent, and nothing of it is left. False: its slot drains.
    bool abandon(request& r) noexcept;

    struct step {
        enum class what : unsigned char {
            nothing, // the reply tells the caller nothing, or nobody waits for it
            result,  // the reply is `who`'s result
            ended,   // `who`'s statement is through: resume the caller
            broken,  // the server answers what it was not asked: its replies can no longer be told apart
        };
        what does = what::nothing;
        request* who = nullptr;
    };

    // The server's next message. Must not be called when nothing is in flight.
    step on_reply(reply r) noexcept;

    struct orphan {
        request* who;
        bool sent; // nobody knows whether it happened
    };

    // The connection is gone: the caller of the oldest statement that is still waited for, in flight first, then
    // queued; nullptr when none is left.
    orphan take_any() noexcept;

    std::size_t in_flight() const noexcept { return slots_.size(); }
    std::size_t load() const noexcept { return slots_.size() + queued_; }
    bool draining() const noexcept { return abandoned_ > 0; }

    // Of the oldest statement in flight: its place in the order of sending, whether nobody waits for it any more, the
    // commands that have not answered, and the statement it was sent with.
    std::uint64_t front_ticket() const noexcept { return first_ticket_; }
    bool front_drains() const noexcept { return !slots_.empty() && slots_.front().owner == nullptr; }
    int front_to_come() const noexcept { return slots_.front().to_come; }
    std::uint64_t front_statement() const noexcept { return slots_.front().statement; }

private:
    struct slot {
        request* owner; // null: abandoned
        std::uint64_t statement;
        unsigned char to_come; // commands whose replies have not come
        bool failed;
    };

    void take_from_queue(request& r) noexcept;

    coda::detail::intrusive_list<resumption> queue_; // of requests
    std::size_t queued_ = 0;
    boost::circular_buffer<slot> slots_;
    std::uint64_t first_ticket_ = 0; // of slots_.front()
    std::size_t abandoned_ = 0;
    std::size_t max_in_flight_;
    std::size_t max_queued_;
};

} // namespace coda::pg::detail
