// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <coda/postgres/detail/request.hpp>

namespace coda::pg::detail {

// Statements of one text, which the server takes apart and runs one behind the other (the simple query protocol). The
// connection leaves pipeline mode for it, and so it begins when all before it is answered, and nothing is sent before
// it is through. Rows are dropped as they come. `sql` must outlive it.
class script final : public request {
public:
    script(session* on, std::string_view sql) noexcept : request(on, form::script), sql_(sql) {
        keeps(statement_view{sql, {}});
    }

    // Waits until all of it was run, or one has failed.
    struct [[nodiscard]] run_through {
        script& of;
        bool await_ready() const noexcept { return false; }
        bool await_suspend(std::coroutine_handle<> h, context const* ctx) const noexcept {
            return of.request::await_suspend(h, ctx);
        }
        result<> await_result() const noexcept { return of.ended(); }
        void await_resume() const { coda::detail::value_or_throw(await_result()); }
    };
    run_through run() noexcept { return {*this}; }

    // How many were run, the rows that these affected, and how many of them came before the script's last COMMIT.
    std::size_t statements() const noexcept { return statements_; }
    std::uint64_t affected() const noexcept { return affected_; }
    std::size_t committed() const noexcept { return committed_; }

private:
    friend class session;

    void take(result<result_set>&& reply) noexcept override;
    result<> ended() const noexcept {
        if (failure_) return *failure_;
        if (failed()) return *failed();
        return {};
    }

    std::string_view sql_;
    std::size_t statements_ = 0;
    std::size_t committed_ = 0;
    std::uint64_t affected_ = 0;
    std::optional<error> failure_; // the server's
};

} // namespace coda::pg::detail
