// SPDX-License-Identifier: BSL-1.0
#include "session.hpp"

#include <coda/postgres/detail/request.hpp>

namespace coda::pg::detail {

request::request(session* on, form what, grouped group) noexcept
    : pipelined_request(on), on_(on), form_(what), group_(group) {}

// A task that reads a stream and waits for something else on its connection would wait for itself.
bool request::await_suspend(std::coroutine_handle<> h, context const* ctx) noexcept {
    if (on_ != nullptr && ctx->loop == &on_->home() && on_->usable() && on_->is_read()) {
        take(error(make_error_code(errc::stream_open)));
        return false;
    }
    return pipelined_request::await_suspend(h, ctx);
}

} // namespace coda::pg::detail
