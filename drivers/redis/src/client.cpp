// SPDX-License-Identifier: BSL-1.0
#include "connecting.hpp"

#include <coda/pool/shared_connections.hpp>
#include <coda/redis/client.hpp>

namespace coda::redis {

client::client(loop& l, std::string_view uri, client_options options) {
    check(options).value();
    auto const to = std::make_shared<detail::address const>(detail::address::parse(uri).value());
    auto const& o = options.connection;
    auto open = [&l, to, o] { return detail::open_session(l, to, o); };
    sharing_options const sharing{options.connections, o.max_queued, o.connect_timeout, o.drain_timeout};
    sessions_ = std::make_unique<shared_connections<detail::session>>(l, std::move(open), sharing);
}

client::~client() = default;

operation<> client::connect() {
    auto const found = co_await as_result(sessions_->wait());
    if (found.has_error()) co_return found.error();
    co_return result<>();
}

operation<> client::close() { return sessions_->close(); }

std::size_t client::open_connections() const noexcept { return sessions_->open(); }

detail::session* client::ready_session() { return sessions_->pick(); }

operation<std::shared_ptr<detail::session>> client::wait_for_session() { return sessions_->wait(); }

} // namespace coda::redis
