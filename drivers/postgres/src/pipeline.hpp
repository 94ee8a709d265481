// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/request_pipeline.hpp>

namespace coda::pg::detail {

// What the server's next message means for the statement it belongs to.
enum class reply : unsigned char {
    success, // rows, or a command's completion
    row,     // one of the rows of a statement whose rows come one by one
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
    bool by_row = false;         // its rows come one by one
};

// The order of statements on one connection in pipeline mode (libpq manual, 34.5). Each is isolated by a Sync of its
// own: then it is answered when the reply to that has come, after the replies to its commands. Or it shares one with
// others that only read, behind a fence: then it is answered by its own reply, and those that were not run because one
// failed are queued again.
//
// A batch is one request of many parts, each a statement that is answered for itself, in one Sync or several. It is
// open until its last Sync is sent: whatever is sent meanwhile is a part of it. Behind it, and behind a statement whose
// rows come one by one, nothing is sent before it is through: it may take as long as its caller likes.
class pipeline : public coda::request_pipeline {
public:
    pipeline(std::size_t max_in_flight, std::size_t max_queued)
        : coda::request_pipeline(max_in_flight, max_queued), sent_(max_in_flight + 1) {}

    // `next()` was sent.
    void sent(pipeline_request& r, sending how) {
        push({.statement = how.statement,
              .to_come = 1u + how.prepares + how.fenced,
              .prepares = how.prepares,
              .fenced = how.fenced,
              .grouped = how.grouped,
              .last = !how.open,
              .by_row = how.by_row});
        coda::request_pipeline::sent(r);
    }

    // `next()` is a batch, and open from now on.
    void sent_batch(pipeline_request& r) {
        push({.to_come = 0, .last = true, .open = true});
        coda::request_pipeline::sent(r);
    }
    // Of the batch that is open: one more statement, a Sync behind some of them, and the last Sync.
    void sent_part(sending how);
    void sent_part_sync() { push_part({.to_come = 0, .last = true, .part = true}); }
    void sent_last_sync() noexcept { sent_.back().open = false; }
    bool is_open() const noexcept { return !sent_.empty() && sent_.back().open; }

    // What was sent last is a statement whose rows come one by one, and is not through; and whether its rows are what
    // comes next.
    bool by_row() const noexcept { return !sent_.empty() && sent_.back().by_row; }
    bool at_rows() const noexcept { return !sent_.empty() && sent_.front().by_row && sent_.front().to_come == 1; }

    // `next()` was sent as a script: many statements in one text, each with a reply of its own, and then their Sync.
    // Nothing else may be in flight.
    void sent_script(pipeline_request& r) {
        push({.to_come = 0, .last = true, .script = true});
        coda::request_pipeline::sent(r);
    }
    bool in_script() const noexcept { return !sent_.empty() && sent_.front().script; }

    // Who waits for what was sent last, which there must be.
    pipeline_request* youngest() noexcept { return in_flight_at(in_flight() - 1); }

    // A statement that nobody waits for was sent, before `next()`; at most one where there is no more room.
    void sent_unowned() {
        push({.to_come = 1, .unowned = true, .last = true});
        coda::request_pipeline::sent_unowned();
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
            row,     // the reply is one of `who`'s rows
            part,    // the reply is what became of the next part of `who`, a batch
            skipped, // the next part of `who` was not run
            synced,  // a Sync of `who` has ended, and is not the last
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
    bool at_part() const noexcept { return sent_.front().part; }
    bool in_group() const noexcept { return sent_.front().grouped; }
    bool at_fence() const noexcept { return sent_.front().at_fence(); }
    bool prepares() const noexcept { return sent_.front().prepares; }
    bool at_preparation() const noexcept { return sent_.front().prepares && sent_.front().to_come == 2; }

private:
    struct statement_sent {
        std::uint64_t statement = 0;
        std::size_t to_come; // commands whose replies have not come
        bool prepares = false;
        bool fenced = false;
        bool grouped = false;
        bool failed = false;
        bool again = false;   // it was not run, and is to be sent again
        bool unowned = false; // from the start
        bool last = false;    // of its Sync
        bool part = false;    // of the batch that ends behind it; alike ones are counted in `to_come`
        bool open = false;    // the end of a batch that has not come to it
        bool by_row = false;
        bool script = false;

        bool at_fence() const noexcept { return fenced && to_come == 2 + (prepares ? 1 : 0); }
    };

    void push(statement_sent s);
    void push_part(statement_sent s);
    step on_part(reply r) noexcept;
    step on_script(reply r) noexcept;
    step on_sync() noexcept;
    step failed_at_sync() noexcept;
    pipeline_request* end_front() noexcept;

    boost::circular_buffer<statement_sent> sent_; // what is in flight, in its order: a place for each but parts
    std::size_t unowned_ = 0;                     // of these
};

} // namespace coda::pg::detail
