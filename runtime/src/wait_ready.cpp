// SPDX-License-Identifier: BSL-1.0
#include <coda/runtime/wait_ready.hpp>

#include <boost/system/system_error.hpp>

namespace coda::detail {

bool ready_awaiter::await_suspend(std::coroutine_handle<> h, context const* ctx) {
    if (!suspend(h, ctx)) return false;
    try {
        watch_.emplace(*ctx->loop, fd_, &ready_awaiter::ready, this);
    } catch (boost::system::system_error const& e) {
        fail(e.code());
        return true;
    }
    watch_->want(wanted_);
    return true;
}

void ready_awaiter::ready(void* self, readiness) noexcept {
    auto& w = *static_cast<ready_awaiter*>(self);
    w.watch_->want(readiness::none);
    if (w.waiting()) w.wake();
}

} // namespace coda::detail
