// SPDX-License-Identifier: BSL-1.0
#include "connecting.hpp"
#include "conninfo.hpp"

#include <coda/pool/shared_connections.hpp>
#include <coda/postgres/client.hpp>

namespace coda::pg {

namespace {

operation<std::shared_ptr<detail::session>> open_session(loop& l, std::string uri, connection_options options) {
    auto opened = co_await as_result(detail::open_connection(std::move(uri)));
    if (opened.has_error()) co_return opened.error();
    co_return detail::session::open(l, std::move(*opened), options);
}

} // namespace

client::client(loop& l, std::string uri, client_options options) {
    check(options).value();
    detail::conninfo::parse(uri).value();
    auto const& o = options.connection;
    auto open = [&l, uri = std::move(uri), o] { return open_session(l, uri, o); };
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

loop& client::home() const noexcept { return sessions_->home(); }

detail::session* client::ready_session() { return sessions_->pick(); }

operation<std::shared_ptr<detail::session>> client::wait_for_session() { return sessions_->wait(); }

} // namespace coda::pg
