// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/runtime/request_pipeline.hpp>

namespace coda::pg::detail {

// What the server's next message means for the statement it belongs to.
enum class reply : unsigned char {
    success, // rows, or a command's completion
    failure, // the statement failed
    skipped, // not run: one before it in the same Sync failed
    sync,    // the end of a Sync: the statement is through
};

// The order of statements on one connection in pipeline mode, each isolated by a Sync of its own (libpq manual, 34.5):
// a statement is answered when the reply to its Sync has come, after the replies to its one or two commands.
class pipeline : public coda::request_pipeline {
public:
    pipeline(std::size_t max_in_flight, std::size_t max_queued)
        : coda::request_pipeline(max_in_flight, max_queued), syncs_(max_in_flight + 1) {}

    // `next()` was sent, as `commands` commands (2 where it had to be prepared first) before its Sync. `statement`
    // comes back with its replies.
    void sent(pipeline_request& r, int commands, std::uint64_t statement) noexcept {
        coda::request_pipeline::sent(r);
        syncs_.push_back({statement, static_cast<unsigned char>(commands), false, false});
    }

    // A statement that nobody waits for was sent, before `next()`; at most one.
    void sent_unowned() noexcept {
        coda::request_pipeline::sent_unowned();
        syncs_.push_back({0, 1, false, true});
        ++unowned_;
    }

    // All that is in flight was sent for callers who have left.
    bool unwanted() const noexcept { return unowned_ == 0 && all_drain(); }

    struct step {
        enum class what : unsigned char {
            nothing, // the reply tells the caller nothing, or nobody waits for it
            result,  // the reply is `who`'s result
            ended,   // `who`'s statement is through: resume the caller
            broken,  // the server answers what it was not asked: its replies can no longer be told apart
        };
        what does = what::nothing;
        pipeline_request* who = nullptr;
    };

    // The server's next message. Must not be called when nothing is in flight.
    step on_reply(reply r) noexcept;

    // Of the oldest statement in flight: the commands that have not answered, and the statement it was sent with.
    int front_to_come() const noexcept { return syncs_.front().to_come; }
    std::uint64_t front_statement() const noexcept { return syncs_.front().statement; }

private:
    struct sync {
        std::uint64_t statement;
        unsigned char to_come; // commands whose replies have not come
        bool failed;
        bool unowned; // from the start
    };

    boost::circular_buffer<sync> syncs_; // of what is in flight, in its order
    std::size_t unowned_ = 0;            // of these
};

} // namespace coda::pg::detail
