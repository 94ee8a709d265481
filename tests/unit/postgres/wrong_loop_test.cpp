// SPDX-License-Identifier: BSL-1.0
#include "support/loops.hpp"

#include <coda/postgres.hpp>
#include <coda/runtime.hpp>

#include <gtest/gtest.h>

namespace {

using coda::as_result;
using coda::task;

// Awaits `op` on a loop that is not its object's.
template <class Operation>
void refused(Operation op) {
    coda::asio_loop elsewhere;
    auto const asks = [](Operation o) -> task<> {
        auto const r = co_await as_result(std::move(o));
        EXPECT_TRUE(r.has_error());
        if (r.has_value()) co_return;
        EXPECT_EQ(r.error().code(), coda::errc::invalid_argument);
        EXPECT_EQ(r.error().outcome(), coda::outcome::not_sent);
        EXPECT_NE(r.error().message().find("another loop than its own"), std::string::npos) << r.error().message();
    };
    elsewhere.run(asks(std::move(op)));
}

TEST(postgres_client, refuses_to_be_used_from_another_loop) {
    coda::asio_loop loop;
    coda::pg::client db(loop, "host=/nowhere");
    refused(db.connect());
    refused(db.execute("select 1"));
    refused(db.query("select 1"));
    refused(db.close());
    EXPECT_EQ(db.open_connections(), 0U);
}

TEST(postgres_connection, refuses_to_be_used_from_another_loop) {
    coda::asio_loop loop;
    coda::pg::connection db(loop, "host=/nowhere");
    refused(db.connect());
    refused(db.execute("select 1"));
    refused(db.close());
    EXPECT_FALSE(db.needs_reset());
}

} // namespace
