// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "store.hpp"
#include "support/fault_proxy.hpp"
#include "support/mongo_server.hpp"

#include <coda/mongo.hpp>

#include <algorithm>
#include <map>
#include <tuple>

namespace coda::test {

// - MongoDB has no echo, but it projects a literal from a document that exists.
// - It cannot be told to end connections. There is a proxy in front of it that can.
class mongo_store {
public:
    static constexpr char const* variable = "CODA_TEST_MONGO_URI";
    static constexpr char const* nowhere = "mongodb://127.0.0.1:1";
    static constexpr bool shares_connections = false;
    using client = mongo::client;
    using connection = mongo::connection;
    using stream_source = mongo::client;
    // A batch, and what its reply has beside it.
    static constexpr std::size_t most_read_ahead = 1'000'000;

    // Any number of processes may do this at once: one of them makes the document.
    mongo_store() {
        auto const one = bson::doc("q", bson::doc("_id", 1), "u", bson::doc("_id", 1), "upsert", true);
        static_cast<void>(server_.run(bson::doc("update", echoes, "updates", bson::array(one))));
    }
    ~mongo_store() {
        for (auto const& key : written_) {
            auto const one = bson::doc("q", bson::doc("_id", key), "limit", 1);
            static_cast<void>(server_.run(bson::doc("delete", writes, "deletes", bson::array(one))));
        }
    }

    endpoint where() const { return door_.where(); }
    std::string uri_at(endpoint const& e) const { return server_.uri_at(e.port); }
    static std::vector<std::string> malformed_uris(std::string const& password) {
        return {"mongodb://me:" + password + "@host:70000",
                "mongodb://me:" + password + "@[::1/x",
                "mongodb://me:" + password + "@host/x?colour=blue",
                "mongodb://me:my/" + password + "@host/x",
                "mongodb://me:%zz" + password + "@host",
                "mongodb://me:" + password + "@host/x?tls=" + password,
                "mongodb+srv://me:" + password + "@host:1/x",
                "http://me:" + password + "@host",
                password};
    }

    static std::unique_ptr<client> make(loop& l, std::string uri, client_limits const& limits) {
        mongo::client_options o;
        o.pool.max_size = limits.connections;
        o.pool.max_waiters = limits.max_queued;
        o.pool.acquire_timeout = std::max(limits.operation_timeout, limits.connect_timeout);
        o.pool.connect_timeout = o.connection.connect_timeout = limits.connect_timeout;
        o.pool.validate_after_idle = std::chrono::hours(1); // a ping is traffic that no test has asked for
        o.connection.operation_timeout = limits.operation_timeout;
        return std::make_unique<client>(l, std::move(uri), o);
    }
    static std::unique_ptr<connection> make_connection(loop& l, std::string uri) {
        return std::make_unique<connection>(l, std::move(uri));
    }
    static std::unique_ptr<stream_source> make_stream_source(loop& l, std::string uri, client_limits const& limits) {
        return make(l, std::move(uri), limits);
    }
    // From a collection of its own for each width, which is filled as it is needed.
    stream<std::tuple<std::int32_t, std::string>> rows(stream_source& db, std::int32_t count, std::int32_t width) {
        auto& [name, stored] = numbered_[width];
        if (name.empty()) name = server_.fresh_collection();
        while (stored < count) stored = fill(name, stored, std::min(count, stored + 1'000), width);
        return numbered(db, name, count);
    }
    // There is one connection, and that is the stream's.
    static error_code while_streaming() { return errc::timed_out; }
    static operation<std::string> echo(auto& db, std::string text) {
        auto const literal = bson::doc("_id", 0, "text", bson::doc("$literal", text));
        auto ask = bson::doc("aggregate", echoes, "pipeline", bson::array(bson::doc("$project", literal)), "cursor",
                             bson::document());
        return text_in(db.command(mongo_server::database, std::move(ask)));
    }
    static operation<> write(client& db, std::string key) {
        auto const one = bson::doc("_id", key);
        auto const more = bson::doc("$inc", bson::doc("n", 1));
        return without_value(db.collection(mongo_server::database, writes)
                                 .update_one(one.clone(), more.clone(), mongo::update_options{.upsert = true}));
    }
    static operation<> connect(client& db) { return db.connect(); }
    static operation<> close(client& db) { return db.close(); }
    static std::size_t open_connections(client const& db) { return db.statistics().size(); }

    long count(std::string const& key) {
        written_.push_back(key);
        auto const found = server_.run(bson::doc("find", writes, "filter", bson::doc("_id", key)));
        auto const n = found.try_get<std::int64_t>("cursor.firstBatch.0.n");
        return n.has_value() ? *n : 0;
    }
    void kill_connections() { door_.cut_now(cut::close); }
    // Its own proxy lets go of a connection a moment after the other side has.
    bool settled() const {
        return door_.wait_for([](auto const& s) { return s.open == 0; });
    }

private:
    static constexpr char const* echoes = "contract_echoes";
    static constexpr char const* writes = "contract_writes";

    static operation<std::string> text_in(operation<bson::document> asked) {
        auto const reply = co_await as_result(std::move(asked));
        if (reply.has_error()) co_return reply.error();
        co_return reply->try_get<std::string>("cursor.firstBatch.0.text");
    }
    static operation<> without_value(operation<mongo::update_result> asked) {
        auto const done = co_await as_result(std::move(asked));
        if (done.has_error()) co_return done.error();
        co_return result<>();
    }

    static stream<std::tuple<std::int32_t, std::string>> numbered(stream_source& db, std::string name,
                                                                  std::int32_t count) {
        auto filter = bson::doc("_id", bson::doc("$lte", count));
        auto options = mongo::find_options().sort(bson::doc("_id", 1)).batch_size(50);
        auto found = db.collection(mongo_server::database, name).find(std::move(filter), std::move(options));
        while (true) {
            auto const next = co_await as_result(found.next());
            if (next.has_error()) {
                co_yield next.error();
                co_return;
            }
            if (!*next) co_return;
            std::tuple<std::int32_t, std::string> row((*next)->get<std::int32_t>("_id"),
                                                      (*next)->get<std::string>("text"));
            co_yield std::move(row);
        }
    }
    std::int32_t fill(std::string const& name, std::int32_t from, std::int32_t to, std::int32_t width) {
        std::vector<bson::document> all;
        for (auto i = from + 1; i <= to; ++i) {
            auto const text = std::string(static_cast<std::size_t>(width), 'x');
            all.push_back(bson::doc("_id", i, "text", text));
        }
        static_cast<void>(server_.run(bson::doc("insert", name, "documents", all)));
        return to;
    }

    mongo_server server_;
    std::map<std::int32_t, std::pair<std::string, std::int32_t>> numbered_; // by width: a collection, documents in it
    fault_proxy door_{server_.where()};
    std::vector<std::string> written_;
};

static_assert(store<mongo_store>);

} // namespace coda::test
