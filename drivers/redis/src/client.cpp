// SPDX-License-Identifier: BSL-1.0
#include "connecting.hpp"

#include <coda/pool/shared_connections.hpp>
#include <coda/redis/client.hpp>

namespace coda::redis {

namespace {

using sessions = std::shared_ptr<shared_connections<detail::session>>;

operation<> connect_one(sessions to) {
    auto const found = co_await as_result(to->wait());
    if (found.has_error()) co_return found.error();
    co_return result<>();
}

operation<> close_all(sessions all) { co_return co_await as_result(all->close()); }

} // namespace

client::client(loop& l, std::string_view uri, client_options options) {
    check(options).value();
    auto const to = std::make_shared<detail::address const>(detail::address::parse(uri).value());
    auto const& o = options.connection;
    auto open = [&l, to, o] { return detail::open_session(l, to, o); };
    sessions_ = std::make_shared<shared_connections<detail::session>>(
        l, std::move(open), sharing_of(options, options.connection.command_timeout));
}

client::~client() { sessions_->end(); }

operation<> client::connect() { return connect_one(sessions_); }

operation<> client::close() { return close_all(sessions_); }

std::size_t client::open_connections() const noexcept { return sessions_->open(); }

pool_statistics client::statistics() const noexcept { return sessions_->statistics(); }

loop& detail::client_source::home() const noexcept { return of->home(); }

detail::session* detail::client_source::pick() const { return of->pick(); }

operation<std::shared_ptr<detail::session>> detail::client_source::wait() const { return of->wait(); }

} // namespace coda::redis
