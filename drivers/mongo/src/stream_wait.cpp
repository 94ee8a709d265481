// SPDX-License-Identifier: BSL-1.0
#include "stream_wait.hpp"

#include "socket_stream.hpp"

namespace coda::mongo::detail {

stream_wait::stream_wait(std::span<item> items, duration limit) noexcept
    : items_(items), limit_(limit), expiry_(*this) {}

stream_wait::~stream_wait() {
    for (item const& i : items_) i.socket->stop_waiting();
}

bool stream_wait::await_suspend(std::coroutine_handle<> h, context const* ctx) noexcept {
    if (!suspend(h, ctx)) return false;
    for (item const& i : items_) i.socket->start_waiting(*this, i.wanted);
    if (limit_ >= duration::zero()) ctx->loop->arm(expiry_, ctx->loop->now() + limit_);
    return true;
}

void stream_wait::ready(socket_stream& socket, readiness r) noexcept {
    for (item& i : items_)
        if (i.socket == &socket) i.got = i.got | r;
    if (!waiting()) return;
    ctx()->loop->disarm(expiry_);
    wake();
}

// Cancelled in the same turn, it is on its way already.
void stream_wait::expiry::expired(timer& t) noexcept {
    auto& w = static_cast<expiry&>(t).owner;
    if (!w.waiting()) return;
    w.at_limit_ = true;
    w.fail(coda::errc::timed_out);
}

} // namespace coda::mongo::detail
