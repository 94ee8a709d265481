// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/postgres/detail/request.hpp>

namespace coda::pg::detail {

// A statement whose rows are taken one by one (libpq manual, 34.6). No more than one is held here; what comes behind it
// stays in libpq's buffer and, when that is full, in the socket, until it is asked for: a slow reader makes the server
// wait. Destroyed before the end, the rest drains.
class row_feed final : public request {
public:
    // The statement's arrays and texts must live until the first row, or the end, has come.
    row_feed(session* on, statement_view const& statement) noexcept : request(on, form::rows), statement_(statement) {
        keeps(statement);
    }

    // Gives the next row as a result of one row; nothing when all were taken.
    struct [[nodiscard]] next_row {
        row_feed& from;
        bool await_ready() const noexcept { return from.has_next(); }
        bool await_suspend(std::coroutine_handle<> h, context const* ctx) const noexcept {
            return from.at == stage::idle ? from.request::await_suspend(h, ctx) : from.await_more(h, ctx);
        }
        result<std::optional<result_set>> await_result() const noexcept { return from.take_next(); }
        std::optional<result_set> await_resume() const { return coda::detail::value_or_throw(await_result()); }
    };
    next_row next() noexcept { return {*this}; }

private:
    friend class session;

    void take(result<result_set>&& reply) noexcept override;
    void forget() noexcept override { failure_.reset(); }
    bool has_next() noexcept;
    result<std::optional<result_set>> take_next() noexcept;

    statement_view statement_;
    std::optional<result_set> row_;
    std::optional<error> failure_; // the server's
};

} // namespace coda::pg::detail
