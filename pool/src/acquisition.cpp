// SPDX-License-Identifier: BSL-1.0
#include "pool_engine.hpp"

#include <coda/pool/detail/acquisition.hpp>

namespace coda::detail {

acquisition::acquisition(pool_engine& from) noexcept
    : waiter([](waiter& w) noexcept {
          auto& self = static_cast<acquisition&>(w);
          self.give_up(self.ctx()->cancel.reason());
      }),
      pool_(from),
      expiry_(*this) {}

acquisition::~acquisition() {
    if (waiting()) pool_.leave(*this);
    if (granted_ != nullptr) give_back(*granted_);
}

bool acquisition::await_suspend(std::coroutine_handle<> h, context const* ctx) noexcept {
    if (ctx->loop != &pool_.home()) {
        why_ = used_from_another_loop("a pool");
        return false;
    }
    if ((granted_ = pool_.take()) != nullptr) return false;
    if (auto refused = pool_.refusal()) {
        why_ = std::move(*refused);
        return false;
    }
    since_ = pool_.home().now();
    if (!suspend(h, ctx)) {
        why_ = pool_.ended(failure(), since_);
        return false;
    }
    pool_.home().arm(expiry_, since_ + pool_.options().acquire_timeout);
    pool_.wait(*this);
    return true;
}

// One who was cancelled, or whose pool was closed, after he was handed a connection does not take it: it goes on to the
// next. Only one who has waited has a context.
result<pooled*> acquisition::await_resume() noexcept {
    if (granted_ == nullptr) return std::move(why_);
    pooled& c = *std::exchange(granted_, nullptr);
    bool const cancelled = ctx() != nullptr && ctx()->cancel.requested();
    if (!cancelled && c.pool != nullptr) return &c;
    error_code const reason = cancelled ? ctx()->cancel.reason() : make_error_code(errc::closed);
    error why = c.pool != nullptr ? c.pool->ended(reason, since_) : error(reason);
    give_back(c);
    return why;
}

void acquisition::grant(pooled& c) noexcept {
    ctx()->loop->disarm(expiry_);
    granted_ = &c;
    wake();
}

void acquisition::refuse(error why) noexcept {
    ctx()->loop->disarm(expiry_);
    why_ = std::move(why);
    fail(why_.code());
}

void acquisition::give_up(error_code reason) noexcept {
    pool_.leave(*this);
    refuse(pool_.ended(reason, since_));
}

} // namespace coda::detail
