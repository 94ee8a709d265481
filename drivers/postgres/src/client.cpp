// SPDX-License-Identifier: BSL-1.0
#include "conninfo.hpp"
#include "shared_sessions.hpp"

#include <coda/postgres/client.hpp>

namespace coda::pg {

client::client(loop& l, std::string uri, client_options options) {
    check(options).value();
    detail::conninfo::parse(uri).value();
    sessions_ = std::make_unique<detail::shared_sessions>(l, std::move(uri), options);
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

} // namespace coda::pg
