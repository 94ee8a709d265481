// SPDX-License-Identifier: BSL-1.0
#include "session.hpp"

#include <coda/postgres/detail/execution.hpp>

namespace coda::pg::detail {

execution::execution(session* on, statement_view const& statement) noexcept
    : request([](waiter& w) noexcept {
          auto& self = static_cast<execution&>(w);
          self.leave(self.ctx()->cancel.reason());
      }),
      session_(on),
      statement_(statement),
      outcome_(error(coda::errc::not_connected)),
      timeout_(*this) {}

execution::~execution() {
    if (at == stage::queued || at == stage::sent) session_->abandon(*this);
}

bool execution::await_suspend(std::coroutine_handle<> h, context const* ctx) noexcept {
    if (session_ == nullptr) return false;
    if (!session_->usable()) {
        outcome_ = session_->why_lost().with_outcome(outcome::not_sent);
        return false;
    }
    if (session_->full()) {
        outcome_ = error(coda::errc::queue_full);
        return false;
    }
    if (!suspend(h, ctx)) {
        outcome_ = error(failure());
        return false;
    }
    time_point const latest = ctx->loop->now() + session_->options().statement_timeout;
    if (latest < ctx->deadline) ctx->loop->arm(timeout_, latest);
    session_->submit(*this);
    return true;
}

void execution::timeout::expired(timer& t) noexcept { static_cast<timeout&>(t).owner.leave(coda::errc::timed_out); }

void execution::leave(error_code reason) noexcept {
    bool const unsent = session_->abandon(*this);
    outcome_ = error(reason, unsent ? outcome::not_sent : outcome::unknown);
    ctx()->loop->disarm(timeout_);
    wake();
}

} // namespace coda::pg::detail
