// SPDX-License-Identifier: BSL-1.0
#include "pool_engine.hpp"

#include <coda/pool/detail/acquisition.hpp>

namespace coda::detail {

acquisition::acquisition(engine_reference from, std::source_location by) noexcept
    : waiter([](waiter& w) noexcept { static_cast<acquisition&>(w).cancelled(); }), pool_(std::move(from)), by_(by) {}

acquisition::~acquisition() {
    if (waiting()) pool_->leave(*this, make_error_code(errc::cancelled));
    if (granted_ != nullptr) give_back(*let_go());
}

bool acquisition::await_suspend(std::coroutine_handle<> h, context const* ctx) noexcept {
    if (ctx->loop != &pool_->home()) {
        why_ = used_from_another_loop("a pool");
        return false;
    }
    since_ = pool_->home().now();
    if ((granted_ = pool_->take(since_, by_)) != nullptr) return false;
    if (auto refused = pool_->refusal(since_)) {
        why_ = std::move(*refused);
        return false;
    }
    if (!suspend(h, ctx)) {
        why_ = pool_->refuse(failure(), since_);
        return false;
    }
    pool_->wait(*this, since_, by_);
    return true;
}

// One who was cancelled, or whose pool was closed, paused or interrupted, after he was handed a connection does not
// take it: it goes on to the next. Only one who has waited has a context; one who has not can have let others go first.
result<pooled*> acquisition::take_outcome() noexcept {
    if (granted_ == nullptr) return std::move(why_);
    pooled& c = *let_go();
    error_code reason = c.pool != nullptr ? c.pool->taken_away(c) : make_error_code(errc::closed);
    if (ctx() != nullptr && ctx()->cancel.requested()) reason = ctx()->cancel.reason();
    if (!reason.failed()) return &c;
    error why = c.pool != nullptr ? c.pool->ended(reason, since_) : error(reason);
    give_back(c);
    return why;
}

void acquisition::grant(pooled& c) noexcept {
    granted_ = &c;
    c.handed_to = this;
    wake();
}

pooled* acquisition::let_go() noexcept {
    granted_->handed_to = nullptr;
    return std::exchange(granted_, nullptr);
}

// Suspended as before, and no longer about to be resumed.
bool acquisition::wait_again() noexcept {
    if (ctx()->cancel.requested() || !resumption::linked()) return false;
    let_go();
    resumption::unlink();
    return suspend(handle, ctx());
}

void acquisition::refuse(error why) noexcept {
    why_ = std::move(why);
    fail(why_.code());
}

void acquisition::cancelled() noexcept { refuse(pool_->leave(*this, ctx()->cancel.reason())); }

} // namespace coda::detail
