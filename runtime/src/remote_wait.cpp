// SPDX-License-Identifier: BSL-1.0
#include <coda/runtime/detail/remote_wait.hpp>

namespace coda::detail {

void remote_wait::begin(waiter& w) noexcept {
    waiter_ = &w;
    home_ = w.ctx()->loop;
}

void remote_wait::abandon() noexcept {
    waiter_ = nullptr;
    std::lock_guard const lock(mutex_);
    home_ = nullptr;
}

void remote_wait::end(error_code reason) noexcept {
    std::lock_guard const lock(mutex_); // the loop lives while this is held
    if (home_ == nullptr) return;
    ending_.wait = shared_from_this();
    ending_.reason = reason;
    home_->enqueue(ending_);
}

void remote_wait::end_here(error_code reason) noexcept {
    if (waiter_ == nullptr) return;
    waiter& w = *std::exchange(waiter_, nullptr);
    if (reason.failed())
        w.fail(reason);
    else
        w.wake();
}

} // namespace coda::detail
