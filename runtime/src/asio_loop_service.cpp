// SPDX-License-Identifier: BSL-1.0
#include "asio_loop_service.hpp"

#include <boost/asio/steady_timer.hpp>

namespace coda::detail {

asio::execution_context::id asio_loop_service::id;

asio_loop_service::asio_loop_service(asio::io_context& io) : service(io), io_(io) {
    // Services are shut down last made first: the timers' exists before this one and so is there when the loop goes.
    asio::steady_timer const before(io);
}

asio_loop& asio_loop_service::loop() {
    std::lock_guard const lock(mutex_);
    if (loop_ == nullptr) own_ = std::make_unique<asio_loop>(io_);
    return *loop_;
}

void asio_loop_service::attach(asio_loop& l) {
    std::lock_guard const lock(mutex_);
    if (loop_ == nullptr) loop_ = &l;
}

void asio_loop_service::detach(asio_loop& l) noexcept {
    std::lock_guard const lock(mutex_);
    if (loop_ != &l) return;
    destroy_tasks();
    loop_ = nullptr;
}

void asio_loop_service::shutdown() noexcept {
    destroy_tasks();
    own_.reset();
}

void asio_loop_service::destroy_tasks() noexcept {
    while (!tasks_.empty()) tasks_.pop_front().destroy();
}

} // namespace coda::detail
