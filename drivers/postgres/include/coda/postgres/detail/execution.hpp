// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/postgres/detail/request.hpp>

namespace coda::pg::detail {

// The wait below all statements: sends one on a session and waits for its result. The statement's arrays and texts must
// outlive it.
class execution final : public request {
public:
    execution(session* on, statement_view const& statement, grouped group, statement_notes* notes) noexcept;

    // An error that came before the connection was lost stands; rows do not: their transaction may not have ended.
    result<result_set> await_result() noexcept {
        if (outcome_.has_value() && failed()) return *failed();
        return std::move(outcome_);
    }
    result_set await_resume() { return coda::detail::value_or_throw(await_result()); }

private:
    friend class session;

    void take(result<result_set>&& reply) noexcept override { outcome_ = std::move(reply); }
    void forget() noexcept override { outcome_ = result_set(); }

    statement_view statement_;
    result<result_set> outcome_;
};

// Awaitable of an execution; made in place where it is awaited.
struct [[nodiscard]] execute_on {
    session* on;
    statement_view const& statement;
    grouped group = grouped::never;
    statement_notes* notes = nullptr;
    execution operator co_await() const noexcept { return {on, statement, group, notes}; }
};

} // namespace coda::pg::detail
