// SPDX-License-Identifier: BSL-1.0
#include <coda/runtime/pipelined_connection.hpp>

namespace coda {

pipelined_request::pipelined_request(pipelined_connection* on, when_left what) noexcept
    : pipeline_request([](waiter& w) noexcept {
          auto& self = static_cast<pipelined_request&>(w);
          self.leave(self.ctx()->cancel.reason());
      }),
      connection_(on),
      when_left_(what),
      timeout_(*this) {}

pipelined_request::~pipelined_request() {
    if (at == stage::queued || at == stage::sent) connection_->abandon(*this);
}

bool pipelined_request::await_suspend(std::coroutine_handle<> h, context const* ctx) noexcept {
    if (connection_ == nullptr) {
        failed_.emplace(errc::not_connected);
    } else if (ctx->loop != &connection_->loop_) {
        failed_ = used_from_another_loop("a connection");
    } else if (!connection_->usable()) {
        failed_ = connection_->why_lost().with_outcome(outcome::not_sent);
    } else if (!connection_->requests_.takes(*this)) {
        failed_.emplace(errc::queue_full);
    } else if (!suspend(h, ctx)) {
        failed_.emplace(failure());
    } else {
        arm_timeout(ctx);
        connection_->submit(*this);
        return true;
    }
    return false;
}

bool pipelined_request::await_more(std::coroutine_handle<> h, context const* ctx) noexcept {
    if (failed_ || at == stage::ended) return false;
    if (!suspend(h, ctx)) {
        give_up(failure());
        return false;
    }
    arm_timeout(ctx);
    return true;
}

void pipelined_request::arm_timeout(context const* ctx) noexcept {
    time_point const latest = ctx->loop->now() + connection_->timeouts_.request;
    if (latest < ctx->deadline) ctx->loop->arm(timeout_, latest);
}

void pipelined_request::timeout::expired(timer& t) noexcept {
    static_cast<timeout&>(t).owner.leave(make_error_code(errc::timed_out));
}

void pipelined_request::leave(error_code reason) noexcept {
    give_up(reason);
    ctx()->loop->disarm(timeout_);
    wake();
}

void pipelined_request::give_up(error_code reason) noexcept {
    bool const unsent = connection_->abandon(*this);
    failed_.emplace(reason, unsent ? outcome::not_sent : outcome::unknown);
}

pipelined_connection::pipelined_connection(loop& l, request_pipeline& requests, pipeline_timeouts timeouts) noexcept
    : loop_(l), requests_(requests), timeouts_(timeouts), flush_(*this), drain_(*this) {}

void pipelined_connection::flush_deferred::run(deferred& d) noexcept {
    auto& c = static_cast<flush_deferred&>(d).owner;
    if (c.usable()) c.flush();
}

void pipelined_connection::submit(pipelined_request& r) noexcept {
    requests_.enqueue(r);
    idle_.reset();
    loop_.defer(flush_);
}

bool pipelined_connection::abandon(pipelined_request& r) noexcept {
    bool const unsent = requests_.abandon(r);
    if (requests_.load() == 0) idle_.set();
    watch_drain();
    if (unsent) return true;
    if (r.when_left_ == when_left::disconnects)
        lose(described(errc::connection_lost, "the caller has left a request that may block", outcome::unknown));
    else
        left_in_flight();
    return false;
}

void pipelined_connection::watch_drain() noexcept {
    if (!requests_.front_drains()) return loop_.disarm(drain_);
    if (drain_.armed() && drained_ticket_ == requests_.front_ticket()) return;
    drained_ticket_ = requests_.front_ticket();
    loop_.arm(drain_, loop_.now() + timeouts_.drain);
}

void pipelined_connection::drain_expired() noexcept {
    lose(described(errc::connection_lost, "a request whose caller had left was not answered within drain_timeout",
                   outcome::unknown));
}

void pipelined_connection::lose(error const& why) noexcept {
    if (lost_) return;
    lost_ = why;
    loop_.disarm(drain_);
    flush_.unlink();
    while (true) {
        auto const left = requests_.take_any();
        if (left.who == nullptr) break;
        auto& r = static_cast<pipelined_request&>(*left.who);
        r.failed_ = lost_->with_outcome(left.sent ? outcome::unknown : outcome::not_sent);
        finish(r);
    }
    idle_.set();
    ended_.set();
    disconnect();
}

} // namespace coda
