// SPDX-License-Identifier: BSL-1.0
#include "asio_loop_service.hpp"

#include <coda/runtime/co_spawn.hpp>

namespace coda {

asio_loop& loop_of(boost::asio::io_context& io) { return detail::asio_loop_service::of(io).loop(); }

namespace detail {

asio_spawned::asio_spawned(asio::io_context& io) : loop_(loop_of(io)), work_(io.get_executor()) {
    context_.loop = &loop_;
    context_.cancel = source_.token();
}

void asio_spawned::start() noexcept {
    loop_.post([self = shared_from_this()] {
        asio_loop_service::of(self->loop_.context()).add(*self);
        self->self_ = self;
        self->start_child(self->context_, *self);
    });
}

void asio_spawned::request_cancel() noexcept {
    loop_.post([self = shared_from_this()] { self->source_.request(); });
}

void asio_spawned::destroy() noexcept {
    auto const self = std::move(self_);
    drop();
    work_.reset();
}

void asio_spawned::child_ended(child_promise_base&) noexcept {
    auto const self = std::move(self_);
    unlink();
    complete();
    work_.reset();
}

asio::io_context& io_context_of(asio::any_io_executor const& e) {
    if (auto const* plain = e.target<asio::io_context::executor_type>()) return plain->context();
    if (auto const* strand = e.target<asio::strand<asio::io_context::executor_type>>()) return io_context_of(*strand);
    if (auto const* strand = e.target<asio::strand<asio::any_io_executor>>()) return io_context_of(*strand);
    throw exception(error(errc::invalid_argument, "coda::co_spawn: the executor is not one of an io_context"));
}

} // namespace detail

} // namespace coda
