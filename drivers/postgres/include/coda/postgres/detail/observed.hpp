// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/postgres/observer.hpp>
#include <coda/postgres/parameters.hpp>
#include <coda/postgres/result_set.hpp>

namespace coda::pg::detail {

class session;

// What a session notes about a statement on its way: its moments, by the system's clock, since a loop's stands still
// within a turn.
struct statement_notes {
    using clock = std::chrono::steady_clock;

    void was_sent(statement_use how) noexcept {
        use = how;
        if (sent == clock::time_point()) sent = clock::now();
    }
    void was_answered() noexcept { answered = clock::now(); }

    statement_use use = statement_use::not_sent;
    clock::time_point queued = clock::now();
    clock::time_point sent{};
    clock::time_point answered{};
};

// Who is told of a session's statements; nullptr: nobody, or there is no session.
statement_observer* observer_of(session const* s) noexcept;

// A statement as its observer, if there is one, is told of it: when this goes, with what was said of it until then.
// Belongs into the coroutine's frame behind the statement.
class observed {
public:
    observed(statement_observer* who, statement_view const& s) {
        if (who != nullptr) state_.emplace(*who, s);
    }
    // Of a stream: its statement goes before it ends. The text is copied.
    observed(statement_observer* who, std::string_view sql) {
        if (who == nullptr) return;
        state_.emplace(*who, statement_view{sql, {}});
        state_->keep_text();
    }
    observed(observed const&) = delete;
    observed& operator=(observed const&) = delete;
    ~observed() { tell(); }

    // For the request that is sent; nullptr: nobody asks.
    statement_notes* notes() noexcept { return state_ ? &state_->notes : nullptr; }
    // The request was another's, who had it sent for several.
    void as_in(observed& other) noexcept {
        if (state_) state_->notes = other.state_->notes;
    }

    void came(result_set const& rows) noexcept {
        if (state_) state_->add(rows);
    }
    void were(std::uint64_t sets, std::uint64_t affected) noexcept {
        if (!state_) return;
        state_->event.sets = sets;
        state_->event.affected = affected;
    }
    void failed(error const& why) noexcept {
        if (state_) state_->failure = why;
    }
    void succeeded() noexcept {
        if (state_) state_->failure.reset();
    }
    // What came has been read since then.
    void was_read() noexcept {
        if (state_) state_->was_read();
    }
    // The same of all that came, or it could not be read.
    template <class T>
    void decoded(result<T> const& value) noexcept {
        was_read();
        value.has_error() ? failed(value.error()) : succeeded();
    }
    // Now rather than when this goes.
    void tell() noexcept {
        if (state_) state_->tell();
        state_.reset();
    }

private:
    struct state {
        state(statement_observer& who, statement_view const& s) noexcept;
        void keep_text();
        void add(result_set const& rows) noexcept;
        void was_read() noexcept;
        void tell() noexcept;

        statement_observer& told;
        statement_event event;
        statement_notes notes;
        std::string text; // where it is kept here
        statement_notes::clock::time_point came{};
        std::optional<error> failure;
    };

    std::optional<state> state_;
};

} // namespace coda::pg::detail
