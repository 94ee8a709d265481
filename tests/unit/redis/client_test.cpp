// SPDX-License-Identifier: BSL-1.0
#include "support/manual_loop.hpp"

#include <coda/redis.hpp>
#include <coda/runtime/event.hpp>
#include <coda/runtime/when_all.hpp>

#include <gtest/gtest.h>

#include <optional>

namespace {

using coda::as_result;
using coda::task;
using coda::test::manual_loop;

// A task that has spent its budget has its operation begin when others had their turn, and with them the client may go.
TEST(redis_client, destroyed_ends_what_was_asked_of_it_and_has_not_begun) {
    manual_loop loop;
    int asked = 0;
    auto const asks = [&](std::optional<coda::redis::client>& db, int awaits) -> task<> {
        coda::event ready(true);
        co_await coda::yield();
        for (int i = 0; i < awaits; ++i) co_await ready.wait();
        if (!db) co_return; // spent already
        ++asked;
        auto const r = co_await as_result(db->get("k"));
        EXPECT_EQ(r.error().code(), coda::errc::closed);
    };
    auto const destroys = [](std::optional<coda::redis::client>& db) -> task<> {
        co_await coda::yield();
        db.reset();
    };
    auto const body = [&]() -> task<> {
        for (int awaits = 240; awaits < 260; ++awaits) {
            std::optional<coda::redis::client> db(std::in_place, loop, "redis://127.0.0.1:1");
            co_await coda::when_all(asks(db, awaits), destroys(db));
        }
    };
    loop.run(body());
    EXPECT_GE(asked, 1);
}

TEST(redis_client, is_not_needed_by_operations_that_were_made_and_never_awaited) {
    manual_loop loop;
    std::optional<coda::redis::client> db(std::in_place, loop, "redis://127.0.0.1:1");
    auto asked = db->get("k");
    auto connecting = db->connect();
    auto closing = db->close();
    auto dropped = db->get("k");
    db.reset();
    auto const body = [&]() -> task<> {
        auto const r = co_await as_result(std::move(asked));
        EXPECT_EQ(r.error().code(), coda::errc::closed);
        auto const c = co_await as_result(std::move(connecting));
        EXPECT_EQ(c.error().code(), coda::errc::closed);
        co_await std::move(closing);
    };
    loop.run(body());
}

TEST(redis_connection, is_not_needed_by_what_was_asked_of_it_and_has_not_begun) {
    manual_loop loop;
    std::optional<coda::redis::connection> db(std::in_place, loop, "redis://127.0.0.1:1");
    auto asked = db->get("k");
    db.reset();
    auto const body = [&]() -> task<> {
        auto const r = co_await as_result(std::move(asked));
        EXPECT_EQ(r.error().code(), coda::errc::not_connected);
    };
    loop.run(body());
}

} // namespace
