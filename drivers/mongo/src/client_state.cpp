// SPDX-License-Identifier: BSL-1.0
#include "client_state.hpp"

#include <coda/mongo/bson/builder.hpp>
#include <coda/runtime/deadline.hpp>

namespace coda::mongo::detail {

namespace {

// Cursors to be killed at once: a server that hangs must not make them heap up. It forgets idle cursors by itself,
// after ten minutes.
constexpr std::size_t most_kills = 100;

} // namespace

client_state::client_state(loop& l, std::string uri, client_options const& options) : options_(options) {
    auto make = [&l, uri = std::move(uri), o = options.connection] { return std::make_unique<connection>(l, uri, o); };
    pool_.emplace(l, std::move(make), options.pool);
    background_.emplace(l);
}

void client_state::shut() noexcept {
    background_.reset();
    pool_.reset();
}

operation<> client_state::close() {
    auto const self = shared_from_this();
    if (background_) {
        background_->cancel(coda::errc::closed);
        co_await background_->join();
    }
    if (pool_) co_await pool_->close();
    co_return result<>();
}

pool_statistics client_state::statistics() const noexcept { return pool_ ? pool_->statistics() : pool_statistics(); }

operation<lease<connection>> client_state::acquire() {
    if (!pool_) co_return error(coda::errc::closed);
    auto taken = co_await as_result(pool_->acquire());
    co_return std::move(taken);
}

void client_state::kill_cursor(std::string database, std::string collection, std::int64_t cursor) noexcept {
    if (!background_ || background_->size() >= most_kills) return;
    try {
        auto body = bson::doc("killCursors", collection, "cursors", bson::array(cursor));
        background_->spawn(send_kill(std::move(database), std::move(body)));
    } catch (std::exception const&) {} // without memory the server has to forget it by itself
}

// Never fails: that would end the scope.
task<> client_state::send_kill(std::string database, bson::document body) {
    auto db = co_await as_result(acquire());
    if (db.has_error()) co_return;
    command c(std::move(database), std::move(body), command_kind::plain);
    static_cast<void>(co_await as_result(with_timeout(operation_timeout(), (*db)->run(std::move(c)))));
}

} // namespace coda::mongo::detail
