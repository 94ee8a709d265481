// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/postgres/parameters.hpp>
#include <coda/postgres/result_set.hpp>
#include <coda/runtime/pipelined_connection.hpp>

namespace coda::pg::detail {

class session;

// Whether a statement may share a Sync with others, behind a fence that refuses writes.
enum class grouped : unsigned char {
    never,
    tried, // refused, it is sent again alone
    asked, // by its caller, who is told when it is refused
};

// The wait below all statements: sends one on a session and waits for its result. The statement's arrays and texts must
// outlive it.
class execution : public pipelined_request {
public:
    execution(session* on, statement_view const& statement, grouped group) noexcept;

    // An error that came before the connection was lost stands; rows do not: their transaction may not have ended.
    result<result_set> await_result() noexcept {
        if (outcome_.has_value() && failed()) return *failed();
        return std::move(outcome_);
    }
    result_set await_resume() { return coda::detail::value_or_throw(await_result()); }

private:
    friend class session;

    // Whether it is sent again where its preparation no longer held.
    enum class repeats : unsigned char { may, wants, never };

    statement_view statement_;
    grouped group_;
    repeats repeats_ = repeats::may;
    result<result_set> outcome_;
};

// Awaitable of an execution; made in place where it is awaited.
struct [[nodiscard]] execute_on {
    session* on;
    statement_view const& statement;
    grouped group = grouped::never;
    execution operator co_await() const noexcept { return {on, statement, group}; }
};

} // namespace coda::pg::detail
