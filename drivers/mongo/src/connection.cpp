// SPDX-License-Identifier: BSL-1.0
#include "session.hpp"
#include "uri.hpp"

#include <coda/mongo/bson/builder.hpp>
#include <coda/mongo/connection.hpp>
#include <coda/runtime/deadline.hpp>
#include <coda/runtime/this_context.hpp>

namespace coda::mongo {

namespace {

operation<std::shared_ptr<detail::session>> open_session(loop& l, std::string uri, connection_options options) {
    auto servers = co_await as_result(detail::look_up_servers(std::move(uri), options));
    if (servers.has_error()) co_return servers.error();
    auto made = std::make_shared<detail::session>(l, options);
    auto const opened = co_await as_result(made->open(std::move(*servers)));
    if (opened.has_error()) co_return opened.error();
    co_return made;
}

error elsewhere() { return used_from_another_loop("a mongo connection"); }

// The session is kept until the command has ended, whatever becomes of the connection.
operation<bson::document> run_on(std::shared_ptr<exclusive_session<detail::session>> own, detail::command c) {
    context const& here = co_await this_context();
    if (here.loop != &own->home) co_return elsewhere();
    auto const session = own->session;
    if (session == nullptr) co_return error(coda::errc::not_connected);
    auto reply = co_await as_result(session->run(std::move(c)));
    co_return std::move(reply);
}

operation<> without_reply(operation<bson::document> asked) {
    auto const answered = co_await as_result(std::move(asked));
    if (answered.has_error()) co_return answered.error();
    co_return result<>();
}

} // namespace

connection::connection(loop& l, std::string uri, connection_options options)
    : loop_(l), uri_(std::move(uri)), options_(options) {
    check(options_).value();
    detail::parse_uri(uri_, options_).value();
}

connection::~connection() { abort(); }

operation<> connection::connect() {
    context const& here = co_await this_context();
    if (here.loop != &loop_) co_return elsewhere();
    if (usable()) co_return result<>();
    auto opened = co_await as_result(with_timeout(options_.connect_timeout, open_session(loop_, uri_, options_)));
    if (opened.has_error()) co_return opened.error();
    if (!usable()) own_->session = std::move(*opened); // another task may have been faster
    co_return result<>();
}

operation<> connection::ping() {
    detail::command c("admin", bson::doc("ping", 1), detail::command_kind::ask);
    return without_reply(with_timeout(options_.operation_timeout, run(std::move(c))));
}

operation<bson::document> connection::command(std::string database, bson::document what) {
    detail::command c(std::move(database), std::move(what), detail::command_kind::plain);
    return with_timeout(options_.operation_timeout, run(std::move(c)));
}

operation<bson::document> connection::run(detail::command c) { return run_on(own_, std::move(c)); }

std::size_t connection::stack_used() const { return own_->session ? own_->session->stack_used() : 0; }

std::string connection::server() const { return own_->session ? own_->session->server() : std::string(); }

operation<> connection::reset() { co_return result<>(); }

operation<> connection::close() {
    context const& here = co_await this_context();
    if (here.loop != &loop_) co_return elsewhere();
    auto const session = own_->session;
    if (usable()) static_cast<void>(co_await as_result(with_timeout(options_.operation_timeout, session->close())));
    abort();
    co_return result<>();
}

void connection::abort() noexcept {
    if (own_->session) own_->session->abort();
}

bool connection::usable() const noexcept { return own_->session && own_->session->usable(); }

} // namespace coda::mongo
