// SPDX-License-Identifier: BSL-1.0
#include "connecting.hpp"

#include <coda/redis/connection.hpp>
#include <coda/runtime/deadline.hpp>
#include <coda/runtime/this_context.hpp>

namespace coda::redis {

connection::connection(loop& l, std::string_view uri, connection_options options) : loop_(l), options_(options) {
    check(options_).value();
    address_ = std::make_shared<detail::address const>(detail::address::parse(uri).value());
}

connection::~connection() { abort(); }

operation<> connection::connect() {
    context const& here = co_await this_context();
    if (here.loop != &loop_) co_return used_from_another_loop("a redis connection");
    if (usable()) co_return result<>();
    auto const timeout = options_.connect_timeout;
    auto opened = co_await as_result(with_timeout(timeout, detail::open_session(loop_, address_, options_)));
    if (opened.has_error()) co_return opened.error();
    if (usable()) co_return result<>(); // another task was faster
    own_->session = std::move(*opened);
    own_->used = false;
    co_return result<>();
}

operation<> connection::reset() {
    context const& here = co_await this_context();
    if (here.loop != &loop_) co_return used_from_another_loop("a redis connection");
    if (!own_->session) co_return error(coda::errc::not_connected);
    auto const done = co_await as_result(detail::reset_session(own_->session, address_, options_.command_timeout));
    if (done.has_value()) own_->used = false;
    co_return done;
}

operation<> connection::close() {
    context const& here = co_await this_context();
    if (here.loop != &loop_) co_return used_from_another_loop("a redis connection");
    if (usable())
        static_cast<void>(co_await as_result(with_timeout(options_.drain_timeout, own_->session->idle().wait())));
    abort();
    co_return result<>();
}

void connection::abort() noexcept {
    if (own_->session) own_->session->lose(error(coda::errc::closed));
}

bool connection::usable() const noexcept { return own_->session && own_->session->usable(); }

} // namespace coda::redis
