// SPDX-License-Identifier: BSL-1.0
#include "client_state.hpp"
#include "uri.hpp"

#include <coda/mongo/bson/builder.hpp>
#include <coda/mongo/client.hpp>
#include <coda/mongo/detail/run.hpp>

namespace coda::mongo {

namespace {

using state_pointer = std::shared_ptr<detail::client_state>;

operation<> connect_one(state_pointer state) {
    auto const db = co_await as_result(state->acquire());
    if (db.has_error()) co_return db.error();
    co_return result<>();
}

operation<> close_all(state_pointer state) {
    auto const closed = co_await as_result(state->close());
    co_return closed;
}

operation<> ping_server(state_pointer state) {
    detail::command c("admin", bson::doc("ping", 1), detail::command_kind::ask);
    auto const answered = co_await as_result(detail::run(std::move(state), std::move(c)));
    if (answered.has_error()) co_return answered.error();
    co_return result<>();
}

} // namespace

client::client(loop& l, std::string uri, client_options options) {
    check(options).value();
    detail::parse_uri(uri, options.connection).value();
    state_ = std::make_shared<detail::client_state>(l, std::move(uri), options);
}

client::~client() { state_->shut(); }

operation<> client::connect() { return connect_one(state_); }

operation<> client::ping() { return ping_server(state_); }

operation<bson::document> client::command(std::string database, bson::document what) {
    return detail::run(state_, detail::command(std::move(database), std::move(what), detail::command_kind::plain));
}

mongo::collection client::collection(std::string database, std::string name) {
    return {state_, std::move(database), std::move(name)};
}

operation<> client::close() { return close_all(state_); }

pool_statistics client::statistics() const noexcept { return std::as_const(*state_).connections().statistics(); }

void client::watch(coda::detail::pool_watcher* w) noexcept { state_->connections().watch(w); }
bool client::starved() const noexcept { return std::as_const(*state_).connections().starved(); }
bool client::give_up_permit() noexcept { return state_->connections().give_up_permit(); }
bool client::permits_free() const noexcept { return std::as_const(*state_).connections().permits_free(); }
void client::add_permit() noexcept { state_->connections().add_permit(); }
std::size_t client::permits() const noexcept { return std::as_const(*state_).connections().permits(); }

} // namespace coda::mongo
