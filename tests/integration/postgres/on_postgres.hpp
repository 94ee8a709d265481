// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "support/eventually.hpp"
#include "support/fd_snapshot.hpp"
#include "support/loops.hpp"
#include "support/postgres_server.hpp"

#include <coda/postgres.hpp>
#include <coda/runtime.hpp>

#include <gmock/gmock.h>

namespace coda::test {

// A test on a real PostgreSQL, once per loop. In the end nothing may be left open, here or on the server.
class on_postgres : public on_every_loop {
protected:
    void SetUp() override {
        require_server("CODA_TEST_POSTGRES_URI");
        if (IsSkipped() || HasFatalFailure()) return;
        server_.emplace();
        sockets_ = sockets_open();
    }
    void TearDown() override {
        if (!server_) return;
        EXPECT_EQ(sockets_open(), sockets_);
        auto const nothing_left = [&]() -> task<> {
            co_await until([&] { return server_->connections() == 0; }, "connections are left on the server");
        };
        run(nothing_left());
    }

    postgres_server& server() { return *server_; }

    // A connection of this test, connected.
    std::unique_ptr<pg::connection> connected(pg::connection_options options = {}) {
        auto db = std::make_unique<pg::connection>(loop(), server().uri(), options);
        auto const connect = [&]() -> task<> { co_await db->connect(); };
        run(connect());
        return db;
    }

private:
    std::optional<postgres_server> server_;
    std::size_t sockets_ = 0;
};

} // namespace coda::test
