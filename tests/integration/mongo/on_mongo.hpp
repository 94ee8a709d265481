// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/eventually.hpp"
#include "support/fault_proxy.hpp"
#include "support/fd_snapshot.hpp"
#include "support/loops.hpp"
#include "support/mongo_server.hpp"

#include <coda/mongo.hpp>
#include <coda/runtime.hpp>

#include <gmock/gmock.h>

namespace coda::test {

// A test on a MongoDB behind a proxy, once per loop. In the end nothing may be left open.
class on_mongo : public on_every_loop {
protected:
    void SetUp() override {
        require_server("CODA_TEST_MONGO_URI");
        if (IsSkipped() || HasFatalFailure()) return;
        server_.emplace();
        static_cast<void>(server_->run(bson::doc("ping", 1))); // its own socket counts from the start
        proxy_.emplace(server_->where());
        sockets_ = sockets_open();
    }
    void TearDown() override {
        if (!server_) return;
        proxy_->heal(); // it keeps a connection open for as long as it holds something back
        EXPECT_TRUE(proxy_->wait_for([](proxy_stats const& s) { return s.open == 0; })) << "connections are left";
        EXPECT_EQ(sockets_open(), sockets_);
        proxy_.reset();
        server_.reset();
    }

    mongo_server& server() { return *server_; }
    fault_proxy& proxy() { return *proxy_; }
    std::string uri(std::string const& more = {}) { return server_->uri_at(proxy_->port(), more); }
    static std::string database() { return mongo_server::database; }

    // A connection and a client of this test, through the proxy, connected.
    std::unique_ptr<mongo::connection> connected(mongo::connection_options options = {}) {
        auto db = std::make_unique<mongo::connection>(loop(), uri(), options);
        auto const connect = [&]() -> task<> { co_await db->connect(); };
        run(connect());
        return db;
    }
    std::unique_ptr<mongo::client> client(mongo::client_options options = {}) {
        auto db = std::make_unique<mongo::client>(loop(), uri(), options);
        auto const connect = [&]() -> task<> { co_await db->connect(); };
        run(connect());
        return db;
    }

    // Replies wait in the proxy from now on, while requests reach the server.
    void hold_replies() { proxy().apply({.to_client = {.stall_after = 0}}); }
    std::uint64_t bytes_sent() { return proxy().stats().to_server.forwarded; }
    task<> until_sent(std::uint64_t before) {
        co_await until([&] { return bytes_sent() > before; });
    }

    template <class T>
    static void expect_error(result<T> const& r, error_code code, outcome what, char const* why = "") {
        EXPECT_TRUE(r.has_error()) << why;
        if (!r.has_error()) return;
        EXPECT_EQ(r.error().code(), code) << r.error().message() << " " << why;
        EXPECT_EQ(r.error().outcome(), what) << r.error().message() << " " << why;
    }

private:
    std::optional<mongo_server> server_;
    std::optional<fault_proxy> proxy_;
    std::size_t sockets_ = 0;
};

} // namespace coda::test
