// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/request_pipeline.hpp>

namespace coda::pg::detail {

// What the server's next message means for the statement it belongs to.
enum class reply : unsigned char {
    success, // rows, or a command's completion
    failure, // the statement failed
    refused, // it did nothing, and is to be sent again
    skipped, // not run: one before it in the same Sync failed
    sync,    // the end of a Sync: its statements are through
};

// How a statement is sent: as one to three commands, and the Sync behind them unless it is `open`.
struct sending {
    std::uint64_t statement = 0; // comes back with its replies
    bool fenced = false;         // behind the command that fences its group in
    bool prepares = false;       // behind its preparation
    bool grouped = false;        // together with others
    bool open = false;           // the next statement shares its Sync
};

// The order of statements on one connection in pipeline mode (libpq manual, 34.5). Each is isolated by a Sync of its
// own: then it is answered when the reply to that has come, after the replies to its commands. Or it shares one with
// others that only read, behind a fence: then it is answered by its own reply, and those that were not run because one
// failed are queued again.
class pipeline : public coda::request_pipeline {
public:
    pipeline(std::size_t max_in_flight, std::size_t max_queued)
        : coda::request_pipeline(max_in_flight, max_queued), sent_(max_in_flight + 1) {}

    // `next()` was sent.
    void sent(pipeline_request& r, sending how) noexcept {
        coda::request_pipeline::sent(r);
        sent_.push_back({.statement = how.statement,
                         .to_come = static_cast<unsigned char>(1 + how.prepares + how.fenced),
                         .prepares = how.prepares,
                         .fenced = how.fenced,
                         .grouped = how.grouped,
                         .last = !how.open});
    }

    // A statement that nobody waits for was sent, before `next()`; at most one.
    void sent_unowned() noexcept {
        coda::request_pipeline::sent_unowned();
        sent_.push_back({.to_come = 1, .unowned = true, .last = true});
        ++unowned_;
    }

    // All that is in flight was sent for callers who have left.
    bool unwanted() const noexcept { return unowned_ == 0 && all_drain(); }

    struct step {
        enum class what : unsigned char {
            nothing, // the reply tells the caller nothing, or nobody waits for it
            result,  // the reply is `who`'s result
            ended,   // `who`'s statement is through: resume the caller
            answer,  // both
            broken,  // the server answers what it was not asked: its replies can no longer be told apart
        };
        what does = what::nothing;
        pipeline_request* who = nullptr;
    };

    // The statement whose Sync comes next has done nothing, and is to be sent again: a failure that its caller is not
    // told.
    void repeat() noexcept { sent_.front().again = true; }

    // The server's next message. Must not be called when nothing is in flight.
    step on_reply(reply r) noexcept;

    // What the next reply is about: the statement as it was sent, who waits for it, and what of it.
    std::uint64_t current_statement() const noexcept { return sent_.front().statement; }
    pipeline_request* current() noexcept { return front(); }
    bool in_group() const noexcept { return sent_.front().grouped; }
    bool at_fence() const noexcept { return sent_.front().at_fence(); }
    bool prepares() const noexcept { return sent_.front().prepares; }
    bool at_preparation() const noexcept { return sent_.front().prepares && sent_.front().to_come == 2; }

private:
    struct statement_sent {
        std::uint64_t statement = 0;
        unsigned char to_come; // commands whose replies have not come
        bool prepares = false;
        bool fenced = false;
        bool grouped = false;
        bool failed = false;
        bool again = false;   // it was not run, and is to be sent again
        bool unowned = false; // from the start
        bool last = false;    // of its Sync

        bool at_fence() const noexcept { return fenced && to_come == 2 + (prepares ? 1 : 0); }
    };

    step on_sync() noexcept;
    step failed_at_sync() noexcept;
    pipeline_request* end_front() noexcept;

    boost::circular_buffer<statement_sent> sent_; // what is in flight, in its order
    std::size_t unowned_ = 0;                     // of these
    pipeline_request_list again_;                 // to be queued when their Sync has come
};

} // namespace coda::pg::detail
