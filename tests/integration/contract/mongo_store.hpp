// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "store.hpp"
#include "support/fault_proxy.hpp"
#include "support/mongo_server.hpp"

#include <coda/mongo.hpp>

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
        o.connection.operation_timeout = limits.operation_timeout;
        return std::make_unique<client>(l, std::move(uri), o);
    }
    static std::unique_ptr<connection> make_connection(loop& l, std::string uri) {
        return std::make_unique<connection>(l, std::move(uri));
    }
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

    mongo_server server_;
    fault_proxy door_{server_.where()};
    std::vector<std::string> written_;
};

static_assert(store<mongo_store>);

} // namespace coda::test
