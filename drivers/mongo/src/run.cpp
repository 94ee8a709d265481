// SPDX-License-Identifier: BSL-1.0
#include "client_state.hpp"

#include <coda/mongo/bson/builder.hpp>
#include <coda/mongo/detail/run.hpp>
#include <coda/mongo/error.hpp>
#include <coda/runtime/deadline.hpp>

namespace coda::mongo::detail {

namespace {

operation<bson::document> run_now(std::shared_ptr<client_state> state, result<command> c) {
    if (c.has_error()) co_return c.error();
    auto db = co_await as_result(state->acquire());
    if (db.has_error()) co_return db.error();
    auto reply = co_await as_result((*db)->run(std::move(*c)));
    co_return std::move(reply);
}

// A cursor on the server, to be killed unless it came to its end.
class open_cursor {
public:
    open_cursor(std::shared_ptr<client_state> state, std::string database, std::string collection)
        : state_(std::move(state)), database_(std::move(database)), collection_(std::move(collection)) {}
    open_cursor(open_cursor const&) = delete;
    open_cursor& operator=(open_cursor const&) = delete;
    ~open_cursor() {
        if (id != 0) state_->kill_cursor(std::move(database_), std::move(collection_), id, std::move(server));
    }
    std::int64_t id = 0;
    std::string server; // the one that has it

private:
    std::shared_ptr<client_state> state_;
    std::string database_;
    std::string collection_;
};

} // namespace

operation<bson::document> run(std::shared_ptr<client_state> state, result<command> c) {
    auto const limit = state->operation_timeout();
    return with_timeout(limit, run_now(std::move(state), std::move(c)));
}

stream<bson::document> batches(std::shared_ptr<client_state> state, result<command> c, std::string collection,
                               std::int32_t batch_size) {
    if (c.has_error()) {
        co_yield c.error();
        co_return;
    }
    auto const limit = state->operation_timeout();
    auto db = co_await as_result(with_timeout(limit, state->acquire()));
    if (db.has_error()) {
        co_yield db.error();
        co_return;
    }
    std::string const database = c->database;
    command_kind const kind = c->kind;
    open_cursor cursor(state, database, collection);
    while (true) {
        auto reply = co_await as_result(with_timeout(limit, (*db)->run(std::move(*c))));
        if (reply.has_error()) {
            co_yield reply.error();
            co_return;
        }
        auto const id = reply->try_get<std::int64_t>("cursor.id");
        if (id.has_error()) {
            co_yield error(make_error_code(errc::malformed_reply), outcome::completed);
            co_return;
        }
        cursor.id = *id;
        if (cursor.server.empty()) cursor.server = (*db)->server();
        co_yield std::move(*reply);
        if (cursor.id == 0) co_return;
        bson::builder more;
        more.append("getMore", cursor.id).append("collection", collection);
        if (batch_size > 0) more.append("batchSize", batch_size);
        auto body = more.finish();
        if (body.has_error()) {
            co_yield body.error();
            co_return;
        }
        c = command(database, std::move(*body), kind);
        c->server = cursor.server;
    }
}

bson::array_view batch_of(bson::view reply) {
    for (auto const* place : {"cursor.firstBatch", "cursor.nextBatch"})
        if (auto const found = reply.try_get<bson::array_view>(place); found.has_value()) return *found;
    return {};
}

} // namespace coda::mongo::detail
