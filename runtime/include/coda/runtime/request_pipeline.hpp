// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/waiter.hpp>

#include <boost/circular_buffer.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

/// The order of requests and replies on one connection whose protocol answers in the order of asking: PostgreSQL's
/// pipeline mode, Redis, memcached. Knows who waits for which reply; does no I/O and knows no protocol.
///
///     if (p.takes(request)) p.enqueue(request);
///     while (auto* r = p.next()) { write(*r); p.sent(*r); }            // when the socket can be written
///     if (auto* r = p.answered()) r->wake();                           // when a whole reply was read
///
/// For writers of drivers; `pipelined_connection` is the same with timers and wake-ups.
namespace coda {

/// One request of one caller on its way through a pipeline. Lives in the caller's frame.
class pipeline_request : public waiter {
public:
    enum class stage : unsigned char { idle, queued, sent, ended };

    explicit pipeline_request(cancel_function on_cancel = nullptr) noexcept : waiter(on_cancel) {}

    stage at = stage::idle;
    std::uint64_t ticket = 0; ///< its place in the order of sending, once it was sent
    std::size_t bytes = 0;    ///< what it keeps in memory while it is queued, where that is bounded; not to be changed
                              ///< then
};

/// Some of them, in order.
using pipeline_request_list = detail::intrusive_list<resumption>;

/// Requests wait in a bounded queue, are sent in order with a bounded number in flight, and their replies come back in
/// that order. A caller who leaves before sending leaves nothing behind; one who leaves after it leaves a slot that
/// drains: its reply is taken and dropped. Nothing here allocates but the constructor.
class request_pipeline {
public:
    /// With a slot to spare, so that the request that `next` gives may always follow one that nobody waits for.
    request_pipeline(std::size_t max_in_flight, std::size_t max_queued)
        : slots_(max_in_flight + 1), max_in_flight_(max_in_flight), max_queued_(max_queued) {}

    /// Other bounds from here on; `max_in_flight` is at most what the constructor was given.
    void set_bounds(std::size_t max_in_flight, std::size_t max_queued) noexcept {
        assert(max_in_flight < slots_.capacity());
        max_in_flight_ = max_in_flight;
        max_queued_ = max_queued;
    }

    /// Besides their number, of the bytes of those that are queued.
    void set_max_queued_bytes(std::size_t bytes) noexcept { max_queued_bytes_ = bytes; }

    /// Whether there is room for it in the queue. For one that is larger than all may be, while no other is queued; for
    /// one of no bytes, by their number alone.
    bool takes(pipeline_request const& r) const noexcept {
        if (queued_ >= max_queued_) return false;
        if (queued_ == 0 || r.bytes == 0) return true;
        return queued_bytes_ <= max_queued_bytes_ && r.bytes <= max_queued_bytes_ - queued_bytes_;
    }

    /// Behind all others; only what it takes.
    void enqueue(pipeline_request& r) noexcept {
        assert(takes(r));
        queue_.push_back(r);
        ++queued_;
        queued_bytes_ += r.bytes;
        r.at = pipeline_request::stage::queued;
    }

    /// The next request to be sent now; nullptr where none is queued or enough are in flight.
    pipeline_request* next() noexcept {
        if (queue_.empty() || slots_.size() >= max_in_flight_) return nullptr;
        return &static_cast<pipeline_request&>(queue_.front());
    }

    /// The oldest in the queue, which there must be, whatever is in flight: for one who has counted them, and the room.
    pipeline_request& oldest_queued() noexcept { return static_cast<pipeline_request&>(queue_.front()); }
    /// How many of the oldest in the queue are such that `fits(request)`, one behind the other; `most` is where to stop
    /// counting.
    template <class Fits>
    std::size_t count_queued(std::size_t most, Fits fits) {
        std::size_t n = 0;
        for (resumption* r = queue_.first(); r != nullptr && n < most; r = queue_.after(*r), ++n)
            if (!fits(static_cast<pipeline_request&>(*r))) break;
        return n;
    }
    /// How many more may be sent now.
    std::size_t room() const noexcept { return max_in_flight_ - std::min(max_in_flight_, slots_.size()); }

    /// `next()` was sent.
    void sent(pipeline_request& r) noexcept {
        take_from_queue(r);
        r.at = pipeline_request::stage::sent;
        r.ticket = first_ticket_ + slots_.size();
        slots_.push_back(&r);
    }

    /// A request that nobody waits for was sent, before `next()`; at most one where there is no more room.
    void sent_unowned() noexcept {
        slots_.push_back(nullptr);
        ++abandoned_;
    }

    /// The caller leaves. True: it was not sent, and nothing of it is left. False: its slot drains (or it had ended).
    bool abandon(pipeline_request& r) noexcept;

    /// The oldest request in flight has its whole reply: it has ended. Gives it, or nullptr where nobody waits for it.
    /// Must not be called when nothing is in flight.
    pipeline_request* answered() noexcept {
        assert(!slots_.empty());
        pipeline_request* const owner = slots_.front();
        slots_.pop_front();
        ++first_ticket_;
        if (owner == nullptr)
            --abandoned_;
        else
            owner->at = pipeline_request::stage::ended;
        return owner;
    }

    /// A request that `answered` gave, and that was not run: it counts as queued, and is sent when `send_again` was
    /// called. The queue may be longer than its bound for a while.
    void set_aside(pipeline_request& r) noexcept {
        again_.push_back(r);
        ++queued_;
        queued_bytes_ += r.bytes;
        r.at = pipeline_request::stage::queued;
    }
    /// Those that were set aside are the first in the queue, in their order.
    void send_again() noexcept {
        while (!again_.empty()) {
            resumption& r = again_.back();
            r.unlink();
            queue_.push_front(r);
        }
    }

    struct orphan {
        pipeline_request* who;
        bool sent; ///< nobody knows whether it happened
    };

    /// The connection is gone: the oldest request that is still waited for, in flight first, then queued; it has ended.
    /// nullptr when none is left.
    orphan take_any() noexcept;

    std::size_t in_flight() const noexcept { return slots_.size(); }
    std::size_t queued() const noexcept { return queued_; }
    /// In flight and queued.
    std::size_t load() const noexcept { return slots_.size() + queued_; }
    /// Replies are outstanding that nobody waits for.
    bool draining() const noexcept { return abandoned_ > 0; }
    /// There are such, and no others.
    bool all_drain() const noexcept { return abandoned_ > 0 && abandoned_ == slots_.size(); }

    /// Of the oldest request in flight: its place in the order of sending, who waits for it (nobody: nullptr), and
    /// whether there is one that nobody waits for.
    std::uint64_t front_ticket() const noexcept { return first_ticket_; }
    pipeline_request* front() noexcept { return slots_.front(); }
    pipeline_request* in_flight_at(std::size_t place) noexcept { return slots_[place]; }
    bool front_drains() const noexcept { return !slots_.empty() && slots_.front() == nullptr; }

private:
    void take_from_queue(pipeline_request& r) noexcept {
        static_cast<resumption&>(r).unlink();
        --queued_;
        queued_bytes_ -= r.bytes;
    }

    pipeline_request_list queue_;
    pipeline_request_list again_; // set aside
    std::size_t queued_ = 0;
    boost::circular_buffer<pipeline_request*> slots_; // null: abandoned
    std::uint64_t first_ticket_ = 0;                  // of slots_.front()
    std::size_t abandoned_ = 0;
    std::size_t max_in_flight_;
    std::size_t max_queued_;
    std::size_t queued_bytes_ = 0;
    std::size_t max_queued_bytes_ = std::numeric_limits<std::size_t>::max();
};

} // namespace coda
