// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/eventually.hpp"
#include "support/fd_snapshot.hpp"
#include "support/loops.hpp"
#include "support/redis_server.hpp"

#include <coda/redis.hpp>
#include <coda/runtime.hpp>

#include <gmock/gmock.h>

namespace coda::test {

// A test on a real Redis, once per loop. In the end nothing may be left open, here or on the server.
class on_redis : public on_every_loop {
protected:
    void SetUp() override {
        require_server("CODA_TEST_REDIS_URI");
        if (IsSkipped() || HasFatalFailure()) return;
        server_.emplace();
        sockets_ = sockets_open();
    }
    void TearDown() override {
        if (!server_) return;
        for (auto const& key : keys_) server_->ask({"DEL", key});
        EXPECT_EQ(sockets_open(), sockets_);
        auto const nothing_left = [&]() -> task<> {
            co_await until([&] { return server_->connections().empty(); }, "connections are left on the server");
        };
        run(nothing_left());
    }

    redis_server& server() { return *server_; }

    // A key of this test's, deleted at its end.
    std::string fresh_key() { return keys_.emplace_back(server_->fresh_key()); }

    // A connection of this test, connected.
    std::unique_ptr<redis::connection> connected(redis::connection_options options = {}) {
        auto db = std::make_unique<redis::connection>(loop(), server().uri(), options);
        auto const connect = [&]() -> task<> { co_await db->connect(); };
        run(connect());
        return db;
    }

private:
    std::optional<redis_server> server_;
    std::vector<std::string> keys_;
    std::size_t sockets_ = 0;
};

} // namespace coda::test
