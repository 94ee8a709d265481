// SPDX-License-Identifier: BSL-1.0
#include "connecting.hpp"

#include <coda/redis/connection.hpp>
#include <coda/runtime/deadline.hpp>

namespace coda::redis {

connection::connection(loop& l, std::string_view uri, connection_options options) : loop_(l), options_(options) {
    check(options_).value();
    address_ = std::make_shared<detail::address const>(detail::address::parse(uri).value());
}

connection::~connection() = default;

operation<> connection::connect() {
    if (usable()) co_return result<>();
    auto const timeout = options_.connect_timeout;
    auto opened = co_await as_result(with_timeout(timeout, detail::open_session(loop_, address_, options_)));
    if (opened.has_error()) co_return opened.error();
    if (usable()) co_return result<>(); // another task was faster
    session_ = std::move(*opened);
    used_ = false;
    co_return result<>();
}

operation<> connection::reset() {
    if (!session_) co_return error(coda::errc::not_connected);
    auto const done = co_await as_result(detail::reset_session(session_, address_, options_.command_timeout));
    if (done.has_value()) used_ = false;
    co_return done;
}

operation<> connection::close() {
    if (usable()) static_cast<void>(co_await as_result(with_timeout(options_.drain_timeout, session_->idle().wait())));
    abort();
    co_return result<>();
}

void connection::abort() noexcept {
    if (session_) session_->lose(error(coda::errc::closed));
}

bool connection::usable() const noexcept { return session_ && session_->usable(); }

// One that was lost answers with the reason; a connection never reconnects by itself: its state would be gone.
detail::session* connection::ready_session() noexcept {
    used_ = true;
    return session_.get();
}

operation<std::shared_ptr<detail::session>> connection::wait_for_session() {
    co_return error(coda::errc::not_connected);
}

} // namespace coda::redis
