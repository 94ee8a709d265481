// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/postgres/detail/request.hpp>

#include <limits>

namespace coda::pg::detail {

// Several statements in one flight, written by their caller as the socket takes them, under one Sync (a transaction of
// its own, or a part of the one that is open) or under one for each chunk:
//
//     batch flight(on, announced, batch::whole);
//     co_await flight.turn();                           // nothing else is sent on the connection until the end
//     while (...) { flight.add(statement); if (flight.part_is_full()) co_await flight.part(); }
//     co_await flight.end(batch::keep::all);            // the last Sync, and all replies
//
// Destroyed before `end`, what has no Sync yet is undone.
class batch final : public request {
public:
    static constexpr std::size_t whole = std::numeric_limits<std::size_t>::max();

    // `announced` are the statements that will come, for which there should be room among the prepared ones; they must
    // live until the turn has come. `chunk` is after how many comes a Sync. Results go to `results`, where it is not
    // empty: one for each statement.
    batch(session* on, std::span<statement_view const> announced, std::size_t chunk,
          std::span<result_set> results = {}) noexcept
        : request(on, form::batch), announced_(announced), chunk_(chunk), results_(results) {
        for (auto const& s : announced) keeps(s);
    }

    class step;
    // Waits until it is its turn: until then nothing was sent.
    step turn() noexcept;
    // Writes one statement, which need not live longer. False: it is of no use to go on, `end` tells why. After the
    // turn has come.
    bool add(statement_view const& s);
    // Whether so much was added that it is time to wait for `part`.
    bool part_is_full() const noexcept { return part_bytes_ >= most_bytes || part_statements_ >= most_statements; }
    // Waits until what was added has been written, and what was added before the last `part` has been answered: so much
    // is in flight at most, on either side.
    step part() noexcept;
    // Ends it: with all that was added, or without what has no Sync yet. Gives what has failed, whole or in part.
    enum class keep : bool { none, all };
    step end(keep what) noexcept;

    // Once it has ended: nothing of it stands, because what was prepared for it no longer held, and nothing of it can
    // have ended its transaction before. It may be begun again, as another.
    bool may_begin_again() const noexcept { return repeats_ == repeats::granted && stored_ == 0 && !failed(); }
    // Where it has failed: the statement's place, unless it was the transaction's end.
    std::optional<std::size_t> failed_at() const noexcept { return failed_at_; }
    // Of what stands, once it has ended: statements, and the rows that they affected.
    std::size_t stored() const noexcept { return stored_; }
    std::uint64_t affected() const noexcept { return affected_; }

private:
    friend class session;

    static constexpr std::size_t most_bytes = 64 * 1024;
    static constexpr std::size_t most_statements = 512;

    void take(result<result_set>&& reply) noexcept override; // of a Sync: that it failed
    void take_part(result<result_set>&& reply) noexcept;
    void skip_part() noexcept { ++answered_; }
    void synced() noexcept;
    void note(error const& e, std::optional<std::size_t> place) noexcept;
    // Only while it is open.
    bool may_go_on() const noexcept { return hopeless() || answered_ >= to_answer_; }
    bool hopeless() const noexcept { return failure_ && chunk_ == whole; }
    result<> outcome_of(bool ended) noexcept;

    std::span<statement_view const> announced_;
    std::size_t chunk_;
    std::span<result_set> results_;
    std::size_t added_ = 0;
    std::size_t answered_ = 0;
    std::size_t to_answer_ = 0; // before more is added
    std::size_t part_began_ = 0;
    std::size_t part_bytes_ = 0;
    std::size_t part_statements_ = 0;
    bool chunk_failed_ = false;
    std::size_t chunk_stored_ = 0;
    std::uint64_t chunk_affected_ = 0;
    std::size_t stored_ = 0;
    std::uint64_t affected_ = 0;
    std::optional<std::size_t> failed_at_;
    std::optional<error> failure_; // the server's first
};

// One wait of a batch.
class [[nodiscard]] batch::step {
public:
    enum class what : unsigned char { turn, part, end };

    step(batch& of, what w) noexcept : of_(of), what_(w) {}
    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> h, context const* ctx) const noexcept {
        return what_ == what::turn ? of_.request::await_suspend(h, ctx) : of_.await_more(h, ctx);
    }
    result<> await_result() const noexcept { return of_.outcome_of(what_ == what::end); }
    void await_resume() const { coda::detail::value_or_throw(await_result()); }

private:
    batch& of_;
    what what_;
};

} // namespace coda::pg::detail
