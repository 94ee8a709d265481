// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/postgres/detail/request.hpp>

#include <exception>
#include <optional>

namespace coda::pg::detail {

// The wait below all statements: sends one on a session and waits for its result. The statement's arrays and texts must
// outlive it.
class execution : public request {
public:
    execution(session* on, statement_view const& statement, grouped group, statement_notes* notes) noexcept;

    // An error that came before the connection was lost stands; rows do not: their transaction may not have ended.
    result<result_set> await_result() noexcept {
        if (outcome_.has_value() && failed()) return *failed();
        return std::move(outcome_);
    }
    result_set await_resume() { return coda::detail::value_or_throw(await_result()); }

protected:
    void take(result<result_set>&& reply) noexcept override { outcome_ = std::move(reply); }
    void forget() noexcept override { outcome_ = result_set(); }

private:
    friend class session;

    statement_view statement_;
    result<result_set> outcome_;
};

// Reads the reply when it comes rather than when its caller goes on: a result is libpq's three kilobytes, and with many
// replies in one read there would be as many at once. Not where the statement is observed, whose reading is timed, nor
// what may be so large that others have to run meanwhile.
template <class Decode>
class reading_execution final : public execution {
public:
    reading_execution(session* on, statement_view const& statement, grouped group, statement_notes* notes,
                      Decode decode) noexcept
        : execution(on, statement, group, notes), decode_(decode) {}

    // Once awaited without an error: what has been read, or throws what reading has thrown. Else the rows are the
    // caller's to read.
    std::optional<result<typename Decode::value_type>> value() {
        if (thrown_) std::rethrow_exception(thrown_);
        return std::move(value_);
    }

private:
    static constexpr bool is_small = !requires { typename Decode::by_part; };

    void take(result<result_set>&& reply) noexcept override {
        if (is_small && !is_noted() && reply.has_value()) {
            read(std::move(*reply));
            reply = result_set();
        }
        execution::take(std::move(reply));
    }
    void forget() noexcept override {
        value_.reset();
        thrown_ = nullptr;
        execution::forget();
    }
    void read(result_set&& rows) noexcept {
        try {
            value_.emplace(decode_(std::move(rows)));
        } catch (...) {
            thrown_ = std::current_exception(); // a codec of the user's, or no memory
        }
    }

    [[no_unique_address]] Decode decode_;
    std::optional<result<typename Decode::value_type>> value_;
    std::exception_ptr thrown_;
};

// Awaitable of an execution; made in place where it is awaited.
struct [[nodiscard]] execute_on {
    session* on;
    statement_view const& statement;
    execution operator co_await() const noexcept { return {on, statement, grouped::never, nullptr}; }
};

} // namespace coda::pg::detail
