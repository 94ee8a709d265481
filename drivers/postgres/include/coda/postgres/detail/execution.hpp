// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/postgres/parameters.hpp>
#include <coda/postgres/result_set.hpp>
#include <coda/runtime/waiter.hpp>

namespace coda::pg::detail {

class session;

// One statement of one caller on its way through a connection.
class request : public waiter {
public:
    enum class stage : unsigned char { idle, queued, sent, ended };

    explicit request(cancel_function on_cancel = nullptr) noexcept : waiter(on_cancel) {}

    stage at = stage::idle;
    std::uint64_t ticket = 0; // its place in the order of sending
};

// The wait below all statements: sends one on a session and waits for its result. The statement's arrays and texts must
// outlive it.
class execution : public request {
public:
    execution(session* on, statement_view const& statement) noexcept;
    ~execution();

    bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> h, context const* ctx) noexcept;
    result<result_set> await_result() noexcept { return std::move(outcome_); }
    result_set await_resume() { return coda::detail::value_or_throw(await_result()); }

private:
    friend class session;

    struct timeout : timer {
        explicit timeout(execution& e) noexcept : timer(&timeout::expired), owner(e) {}
        static void expired(timer& t) noexcept;
        execution& owner;
    };

    void leave(error_code reason) noexcept;

    session* session_; // null: there is no connection
    statement_view statement_;
    result<result_set> outcome_;
    timeout timeout_;
};

// Awaitable of an execution; made in place where it is awaited.
struct [[nodiscard]] execute_on {
    session* on;
    statement_view const& statement;
    execution operator co_await() const noexcept { return {on, statement}; }
};

} // namespace coda::pg::detail
