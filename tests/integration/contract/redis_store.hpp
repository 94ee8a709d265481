// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "store.hpp"
#include "support/own_redis.hpp"
#include "support/redis_server.hpp"

#include <coda/redis.hpp>

namespace coda::test {

// A server of its own: `maxclients` is everyone's.
class redis_limited {
public:
    redis_limited() : asks_(redisConnectUnix(own_.where().path.c_str())) {}
    endpoint where() const { return own_.where(); }
    static std::string uri_at(endpoint const& e) { return fmt::format("redis://127.0.0.1:{}", e.port); }
    void allow(int connections) {
        std::unique_ptr<redisReply, decltype(&freeReplyObject)> const r(
            static_cast<redisReply*>(redisCommand(asks_.get(), "CONFIG SET maxclients %d", connections + 1)),
            &freeReplyObject);
        if (r == nullptr || r->type != REDIS_REPLY_STATUS) throw std::runtime_error("no other limit for Redis");
    }

private:
    struct release {
        void operator()(redisContext* c) const noexcept { redisFree(c); }
    };

    own_redis own_;
    std::unique_ptr<redisContext, release> asks_;
};

class redis_store {
public:
    static constexpr char const* variable = "CODA_TEST_REDIS_URI";
    static constexpr char const* nowhere = "redis://127.0.0.1:1";
    static constexpr bool shares_connections = true;
    using client = redis::client;
    using connection = redis::connection;
    using limited = redis_limited;

    ~redis_store() {
        for (auto const& key : written_) server_.ask({"DEL", key});
    }

    endpoint where() const { return server_.where(); }
    std::string uri_at(endpoint const& e) const { return server_.uri_at(e.port); }
    static std::vector<std::string> malformed_uris(std::string const& password) {
        return {"redis://me:" + password + "@host:70000",  "redis://me:" + password + "@[::1",
                "redis://me:" + password + "@host/x",      "redis://me:" + password + "@host?colour=blue",
                "redis://me:my@" + password + "@host",     "redis://" + password + "@host",
                "redis://me:%zz" + password + "@host",     "redis://me:my?" + password + "@host",
                "rediss://me:" + password + "@host",       "me:" + password + "@host",
                "unix://me:" + password + "@relative/path"};
    }

    static std::unique_ptr<client> make(loop& l, std::string uri, client_limits const& limits) {
        redis::client_options o;
        o.connections = limits.connections;
        o.connection.max_in_flight = limits.max_in_flight;
        o.connection.max_queued = limits.max_queued;
        o.connection.connect_timeout = limits.connect_timeout;
        o.connection.command_timeout = limits.operation_timeout;
        o.connection.drain_timeout = limits.drain_timeout;
        return std::make_unique<client>(l, uri, o);
    }
    static std::unique_ptr<connection> make_connection(loop& l, std::string uri) {
        return std::make_unique<connection>(l, uri);
    }
    static operation<std::string> echo(auto& db, std::string text) {
        return db.template command<std::string>("ECHO", std::move(text));
    }
    static operation<> write(client& db, std::string key) {
        auto const done = co_await as_result(db.incr(key));
        if (done.has_error()) co_return done.error();
        co_return result<>();
    }
    static operation<> connect(client& db) { return db.connect(); }
    static operation<> close(client& db) { return db.close(); }
    static std::size_t open_connections(client const& db) { return db.open_connections(); }

    long count(std::string const& key) {
        written_.push_back(key);
        auto const value = server_.ask({"GET", key});
        return value.empty() ? 0 : std::stol(value);
    }
    void kill_connections() { server_.kill_all(); }

private:
    redis_server server_;
    std::vector<std::string> written_;
};

static_assert(store<redis_store>);

} // namespace coda::test
