// SPDX-License-Identifier: BSL-1.0
#include "client_state.hpp"

#include <coda/mongo/bson/builder.hpp>
#include <coda/runtime/deadline.hpp>
#include <coda/runtime/this_context.hpp>

namespace coda::mongo::detail {

namespace {

// Cursors to be killed at once: a server that hangs must not make them heap up. It forgets idle cursors by itself,
// after ten minutes.
constexpr std::size_t most_kills = 100;

operation<lease<client_connection>> closed() { co_return error(coda::errc::closed); }

} // namespace

client_state::client_state(loop& l, std::string uri, client_options const& options) : loop_(l), options_(options) {
    auto make = [this, uri = std::move(uri)] {
        return std::make_unique<client_connection>(ended_.token(), loop_, uri, options_.connection);
    };
    pool_.emplace(l, std::move(make), options.pool);
    background_.emplace(l);
}

void client_state::shut() noexcept {
    ended_.request(coda::errc::closed);
    background_.reset();
    pool_.reset();
}

operation<> client_state::close() {
    auto const self = shared_from_this();
    context const& here = co_await this_context();
    if (here.loop != &loop_) co_return used_from_another_loop("a mongo client");
    if (background_) {
        background_->cancel(coda::errc::closed);
        co_await background_->join();
    }
    if (pool_) co_await pool_->close();
    co_return result<>();
}

operation<lease<client_connection>> client_state::acquire() {
    if (pool_) return pool_->acquire();
    return closed();
}

void client_state::kill_cursor(std::string database, std::string collection, std::int64_t cursor,
                               std::string server) noexcept {
    if (!background_ || background_->size() >= most_kills) return;
    try {
        auto body = bson::doc("killCursors", collection, "cursors", bson::array(cursor));
        command kill(std::move(database), std::move(body), command_kind::ask);
        kill.server = std::move(server);
        background_->spawn(send_kill(std::move(kill)));
    } catch (std::exception const&) {} // without memory the server has to forget it by itself
}

// Never fails: that would end the scope.
task<> client_state::send_kill(command kill) {
    try {
        auto db = co_await as_result(acquire());
        if (db.has_error()) co_return;
        static_cast<void>(co_await as_result(with_timeout(operation_timeout(), (*db)->run(std::move(kill)))));
    } catch (std::bad_alloc const&) {} // the server has to forget it by itself
}

} // namespace coda::mongo::detail
