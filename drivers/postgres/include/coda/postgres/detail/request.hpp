// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/postgres/parameters.hpp>
#include <coda/postgres/result_set.hpp>
#include <coda/runtime/pipelined_connection.hpp>

namespace coda::pg::detail {

class session;
struct statement_notes;

// Whether a statement may share a Sync with others, behind a fence that refuses writes.
enum class grouped : unsigned char {
    never,
    tried, // refused, it is sent again alone
    asked, // by its caller, who is told when it is refused
};

// What a session sends for one caller, and where the replies go.
class request : public pipelined_request {
public:
    enum class form : unsigned char {
        statement, // one, answered with all its rows
        rows,      // one whose rows are taken one by one
        batch,     // several
        script,    // several in one text
    };

    // Does not suspend either where a stream of rows has the connection (errc::stream_open).
    bool await_suspend(std::coroutine_handle<> h, context const* ctx) noexcept;

    // Where its session notes what becomes of it, if anywhere; must outlive it.
    void note_on(statement_notes* where) noexcept { notes_ = where; }

protected:
    request(session* on, form what, grouped group = grouped::never) noexcept;
    // What it keeps in memory while it is queued; before it is. Small ones are bounded by their number.
    void keeps(statement_view const& s) noexcept {
        constexpr std::size_t small = 1'024;
        if (auto const size = s.sql.size() + size_of(s); size >= small) bytes += size;
    }
    ~request() = default;

    session* on() const noexcept { return on_; }
    bool is_noted() const noexcept { return notes_ != nullptr; }

    // Whether it may be run again, once, where its preparation no longer held: then it has done nothing.
    enum class repeats : unsigned char {
        may,
        wants,   // it has failed so, and its Sync is to come
        granted, // by the session, to one who sends it again himself
        never,
    };
    repeats repeats_ = repeats::may;

private:
    friend class session;

    // Its result, that its Sync has failed, or why it was not even queued.
    virtual void take(result<result_set>&& reply) noexcept = 0;
    // Before it is run again: of what has come nothing holds.
    virtual void forget() noexcept {}

    session* on_;
    form form_;
    grouped group_;
    statement_notes* notes_ = nullptr;
};

} // namespace coda::pg::detail
