// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "store.hpp"
#include "support/postgres_server.hpp"

#include <coda/postgres.hpp>

#include <algorithm>
#include <functional>
#include <tuple>

namespace coda::test {

// A user of its own: `max_connections` is everyone's, and wants a restart.
class postgres_limited {
public:
    postgres_limited() { server_.ask("create role " + user_ + " login"); }
    ~postgres_limited() { server_.ask("drop role " + user_); }
    postgres_limited(postgres_limited const&) = delete;
    postgres_limited& operator=(postgres_limited const&) = delete;

    endpoint where() const { return server_.where(); }
    std::string uri_at(endpoint const& e) const {
        return fmt::format("postgresql://{}@127.0.0.1:{}/coda?sslmode=disable&application_name={}", user_, e.port,
                           server_.mark());
    }
    void allow(int connections) { server_.ask(fmt::format("alter role {} connection limit {}", user_, connections)); }

private:
    postgres_server server_;
    std::string user_ = server_.fresh_name();
};

class postgres_store {
public:
    static constexpr char const* variable = "CODA_TEST_POSTGRES_URI";
    static constexpr char const* nowhere = "host=127.0.0.1 port=1";
    static constexpr bool shares_connections = true;
    using client = pg::client;
    using connection = pg::connection;
    using limited = postgres_limited;
    using transaction = pg::transaction;
    using stream_source = pg::connection;
    // What the kernel keeps for a socket, here and in the proxy.
    static constexpr std::size_t most_read_ahead = 16'000'000;

    // Under a lock: of two that create the table at once, one would fail even so.
    postgres_store() {
        server_.ask("select pg_advisory_xact_lock(27182);"
                    "create table if not exists contract_writes (key text)");
    }

    endpoint where() const { return server_.where(); }
    std::string uri_at(endpoint const& e) const { return server_.uri_at(e.port); }
    static std::vector<std::string> malformed_uris(std::string const& password) {
        return {"postgresql://me:" + password + "@host:70000/x",
                "postgresql://me:" + password + "@[::1/x",
                "postgresql://me:" + password + "@host/x?colour=blue",
                "postgresql://me:my@" + password + "@host/x",
                "host=a password=my " + password,
                "host=a password='" + password};
    }

    static std::unique_ptr<client> make(loop& l, std::string uri, client_limits const& limits) {
        pg::client_options o;
        o.connections = limits.connections;
        o.connection = options_of(limits);
        o.pool = pool_of(limits);
        return std::make_unique<client>(l, std::move(uri), o);
    }
    static std::unique_ptr<connection> make_connection(loop& l, std::string uri) {
        return std::make_unique<connection>(l, std::move(uri));
    }
    static std::unique_ptr<connection> make_connection(loop& l, std::string uri, client_limits const& limits) {
        return std::make_unique<connection>(l, std::move(uri), options_of(limits));
    }
    static pool_options pool_of(client_limits const& limits) {
        pool_options o;
        o.max_size = limits.connections;
        o.acquire_timeout = std::max(limits.operation_timeout, limits.connect_timeout);
        o.connect_timeout = limits.connect_timeout;
        o.reset_timeout = limits.drain_timeout;
        o.validate_after_idle = std::chrono::hours(1); // a ping is traffic that no test has asked for
        return o;
    }
    static operation<std::string> echo(auto& db, std::string text) {
        return db.template query_one<std::string>("select $1::text", std::move(text));
    }
    static operation<> write(auto& db, std::string key) {
        auto const done = co_await as_result(db.execute("insert into contract_writes values ($1)", key));
        if (done.has_error()) co_return done.error();
        co_return result<>();
    }
    static operation<> transact(auto& db, std::function<task<>(transaction&)> body, client_limits const& limits) {
        pg::transaction_options o;
        o.rollback_timeout = limits.drain_timeout;
        return db.transaction(o, std::move(body));
    }
    static pool_statistics leased(client const& db) { return db.leased_statistics(); }
    static std::unique_ptr<stream_source> make_stream_source(loop& l, std::string uri, client_limits const& limits) {
        return make_connection(l, std::move(uri), limits);
    }
    static stream<std::tuple<std::int32_t, std::string>> rows(stream_source& db, std::int32_t count,
                                                              std::int32_t width) {
        return db.stream<std::tuple<std::int32_t, std::string>>(
            "select i, repeat('x', $2::int4) from generate_series(1, $1::int4) i", count, width);
    }
    static error_code while_streaming() { return pg::errc::stream_open; }
    static operation<> connect(auto& db) { return db.connect(); }
    static operation<> close(client& db) { return db.close(); }
    static std::size_t open_connections(client const& db) { return db.open_connections(); }

    long count(std::string const& key) {
        return server_.count("select count(*) from contract_writes where key = '" + key + "'");
    }
    void kill_connections() { server_.terminate_all(); }

private:
    static pg::connection_options options_of(client_limits const& limits) {
        pg::connection_options o;
        o.max_in_flight = limits.max_in_flight;
        o.max_queued = limits.max_queued;
        o.connect_timeout = limits.connect_timeout;
        o.statement_timeout = limits.operation_timeout;
        o.drain_timeout = limits.drain_timeout;
        o.cancel_on_server = false; // the contract is what holds without
        return o;
    }

    postgres_server server_;
};

static_assert(store<postgres_store>);

} // namespace coda::test
