// SPDX-License-Identifier: BSL-1.0
#include "connecting.hpp"
#include "conninfo.hpp"
#include "leased_connections.hpp"

#include <coda/pool/shared_connections.hpp>
#include <coda/postgres/client.hpp>

namespace coda::pg {

namespace {

operation<std::shared_ptr<detail::session>> open_session(loop& l, std::string uri, connection_options options,
                                                         detail::session::owner shared_by,
                                                         detail::session::counts count) {
    auto opened = co_await as_result(detail::open_connection(std::move(uri), detail::server_choice(options)));
    if (opened.has_error()) co_return opened.error();
    co_return detail::session::open(l, std::move(*opened), options, std::move(shared_by), std::move(count));
}

using sessions = std::shared_ptr<shared_connections<detail::session>>;

operation<> connect_one(sessions to) {
    auto const found = co_await as_result(to->wait());
    if (found.has_error()) co_return found.error();
    co_return result<>();
}

operation<> close_all(sessions shared, std::shared_ptr<detail::leased_connections> leased) {
    context const& here = co_await this_context();
    if (here.loop != &shared->home()) co_return used_from_another_loop("a postgres client");
    leased->refuse();
    auto const closed = co_await as_result(shared->close());
    if (closed.has_error()) co_return closed.error();
    co_return co_await as_result(leased->close());
}

} // namespace

client::client(loop& l, std::string uri, client_options options) : observer_(options.connection.observer) {
    check(options).value();
    grouping_ = std::make_shared<detail::grouping_policy>(options);
    detail::conninfo::parse(uri).value();
    leased_ = std::make_shared<detail::leased_connections>(l, uri, options);
    auto const& o = options.connection;
    auto open = [&l, uri = std::move(uri), o, by = grouping_, count = count_] {
        return open_session(l, uri, o, by, count);
    };
    sessions_ = std::make_shared<shared_connections<detail::session>>(
        l, std::move(open), sharing_of(options, options.connection.statement_timeout));
}

client::~client() {
    sessions_->end();
    leased_->end();
}

operation<> client::connect() { return connect_one(sessions_); }

operation<> client::close() { return close_all(sessions_, leased_); }

std::size_t client::open_connections() const noexcept { return sessions_->open(); }

pool_statistics client::statistics() const noexcept { return sessions_->statistics(); }

pool_statistics client::leased_statistics() const noexcept { return leased_->statistics(); }

operation<detail::borrowed> detail::borrow(std::shared_ptr<leased_connections> from) {
    auto taken = co_await as_result(from->acquire());
    co_return std::move(taken);
}

detail::grouped detail::client_source::group(std::string_view sql) const {
    return how == sent_as::alone ? grouped::never : policy->choose(sql, how == sent_as::read);
}

result<> detail::client_source::admit(std::string_view sql) const { return policy->admit(sql); }

loop& detail::client_source::home() const noexcept { return of->home(); }

detail::session* detail::client_source::pick() const { return of->pick(); }

operation<std::shared_ptr<detail::session>> detail::client_source::wait() const { return of->wait(); }

} // namespace coda::pg
