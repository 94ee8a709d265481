// SPDX-License-Identifier: BSL-1.0
#include "fiber_pool.hpp"

#include <coda/runtime/fiber.hpp>

namespace coda {

fiber::fiber(fiber_stacks& stacks, context const& ctx, function f, void* argument)
    : pool_(stacks.pool()), host_(pool_.take()), ctx_(&ctx), function_(f), argument_(argument) {}

fiber::~fiber() {
    abandoned_ = true;
    while (at_ == state::waiting) host_.enter();
    pool_.give_back(host_);
}

bool fiber::resume() noexcept {
    if (at_ == state::fresh)
        host_.begin(*this);
    else
        host_.enter();
    return at_ == state::waiting;
}

void fiber::run() noexcept {
    at_ = state::running;
    function_(argument_, *this);
    at_ = state::ended;
}

void fiber::suspend(detail::fiber_suspension s) noexcept {
    if (abandoned_) return;
    waits_for_ = s;
    at_ = state::waiting;
    host_.leave();
    at_ = state::running;
}

void fiber::let_others_go_first() noexcept {
    detail::yield_awaiter turn;
    suspend({&detail::suspend_at<detail::yield_awaiter>, &turn});
}

} // namespace coda
